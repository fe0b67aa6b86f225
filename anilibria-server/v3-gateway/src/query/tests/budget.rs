//! Tests of the budget of a search.

use std::time::Duration;

use serde_json::json;

use super::{
    super::{Budget, BudgetExceeded, Query, limits},
    matches, title,
};

/// Returns a budget without a time limit, so that the tests do not depend on the speed of the machine.
fn without_time_limit() -> Budget {
    Budget { time: Duration::MAX, ..Budget::default() }
}

/// Evaluates the deepest valid trees, nested to the left and to the right.
#[test]
fn deepest_query_is_evaluated_and_dropped() {
    let levels = "0 or 0 and 1 in 1 == 0 < 1 + 1 * 1 ^ (";
    let right = |depth| format!("{}{{id}}{}", levels.repeat(depth), ")".repeat(depth));
    let left = |depth| {
        format!("{}{{id}}{}", "(".repeat(depth), ") ^ 1 * 1 + 1 > 0 == 1 in 1 and 1 or 1".repeat(depth))
    };
    let sign = |depth| format!("{}{{id}}", "not -".repeat(depth));

    for shape in [&right as &dyn Fn(usize) -> String, &left, &sign] {
        let queries = (1..).map_while(|depth| Query::parse(&shape(depth)).ok());
        let deepest = queries.last().unwrap();

        assert!(deepest.to_string().len() > 100);
        assert!(matches(&deepest, &title()).is_ok());
    }
}

#[test]
fn long_chain_is_evaluated_and_dropped() {
    let sum = format!("{} == {}", vec!["1"; 10_000].join(" + "), 10_000);
    let none = format!("not ({})", vec!["0"; 10_000].join(" or "));

    for query in [sum, none] {
        assert!(matches(&Query::parse(&query).unwrap(), &title()).unwrap());
    }
}

#[test]
fn cost_of_a_lookup_does_not_depend_on_the_length_of_the_list() {
    let numbers: Vec<_> = (0..10_000).map(|number| number.to_string()).collect();
    let query = Query::parse(&format!("{{id}} in ({})", numbers.join(","))).unwrap();
    let mut evaluation = query.evaluation(Budget { steps: 100_000, ..without_time_limit() }).unwrap();

    let found = (0..10_000).filter(|id| evaluation.matches(&json!({"id": id * 2})).unwrap()).count();

    assert_eq!(found, 5_000);
}

#[test]
fn regular_expressions_do_not_backtrack() {
    let title = json!({"code": format!("{}b", "a".repeat(50_000))});

    for pattern in ["(a+)+$", "^(a|a)*$", "(a*)*c", "(.*)(.*)(.*)(.*)c"] {
        let query = Query::parse(&format!("{{code}} ~= \"{pattern}\"")).unwrap();

        assert_eq!(query.evaluation(without_time_limit()).unwrap().matches(&title), Ok(false), "{pattern}");
    }
}

#[test]
fn title_that_takes_too_many_steps_ends_the_search() {
    let title = json!({"many": vec![1; 2_000], "other": vec![2; 2_000]});
    let query = Query::parse("{many} in ({other}, 1) or {many} in {other} or 1 in {many}").unwrap();
    let quadratic =
        json!({"many": (0..2_000).collect::<Vec<_>>(), "other": (0..2_000).rev().collect::<Vec<_>>()});

    assert_eq!(matches(&query, &title), Ok(true));
    assert_eq!(matches(&query, &quadratic), Err(BudgetExceeded::Title));
}

#[test]
fn patterns_compiled_for_each_title_exhaust_the_budget() {
    let query = Query::parse("{code} ~= {code} + \"x\"").unwrap();
    let mut evaluation = query.evaluation(Budget { steps: 1_000_000, ..without_time_limit() }).unwrap();

    let results = (0..1_000).map(|number| evaluation.matches(&json!({"code": format!("code-{number}")})));

    assert_eq!(results.collect::<Result<Vec<_>, _>>(), Err(BudgetExceeded::Search));
    assert_eq!(evaluation.matches(&json!({})), Err(BudgetExceeded::Search));
}

#[test]
fn search_ends_at_its_time_limit() {
    let query = Query::parse("{id} + 1").unwrap();
    let mut evaluation =
        query.evaluation(Budget { time: Duration::from_micros(1), ..Budget::default() }).unwrap();

    let results = (0..10_000).map(|_| evaluation.matches(&title()));

    assert_eq!(results.collect::<Result<Vec<_>, _>>(), Err(BudgetExceeded::Time));
}

#[test]
fn common_query_is_evaluated_for_all_titles() {
    let query = "{season.year} in (2020, 2021) and \"Драма\" in {genres} and {names.ru} ~= \"меча\" \
                 and max({torrents.list[*].seeders}) > 5 and not empty({player.list})";
    let query = Query::parse(query).unwrap();
    let mut evaluation = query.evaluation(without_time_limit()).unwrap();
    let title = title();

    let found = (0..10_000).filter(|_| evaluation.matches(&title).unwrap()).count();

    assert_eq!(found, 10_000);
}

#[test]
fn size_of_concatenated_texts_is_limited() {
    let query = format!("empty({})", vec!["{text}"; 20].join(" + "));
    let title = json!({"text": "a".repeat(limits::CONCATENATED_STRING / 16)});

    assert!(matches(&Query::parse(&query).unwrap(), &title).unwrap());
}

#[test]
fn query_is_send_and_sync() {
    fn assert_shareable<T: Clone + Send + Sync + 'static>() {}

    assert_shareable::<Query>();
}
