//! Properties of every query.

use proptest::{collection::vec, prelude::*};

use super::{
    super::{
        Allowance, Function, Query, expression::Expression, limits, list::List, operator::Operator, parser,
        pattern::Pattern,
    },
    matches, title,
};
use crate::path::Path;

/// Generates a part of a query. Concatenated parts are close to valid queries.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "1",
        "2.5",
        "{id}",
        "{genres[*]}",
        "\"a\"",
        "\"",
        "{",
        "}",
        "(",
        ")",
        ",",
        "and ",
        "or ",
        "not ",
        "in ",
        "of ",
        "if ",
        "then ",
        "else ",
        "?",
        ":",
        "==",
        "!=",
        "~=",
        "<",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "null",
        "true",
        "len(",
        "max(",
        "randomInt(",
        "x",
        " ",
        "\\",
        "é",
        "\u{0}",
    ])
}

/// Generates any tree that the parser can produce.
fn expression() -> impl Strategy<Value = Expression> {
    let path = prop::sample::select(vec!["id", "season.year", "torrents.list[*].seeders", "team.voice[0]"]);
    let path = path.prop_map(|path| Path::parse(path).unwrap());
    let leaf = prop_oneof![
        Just(Expression::Null),
        any::<bool>().prop_map(Expression::Bool),
        prop_oneof![(-1000..1000_i32).prop_map(f64::from), -1e6..1e6, -1e300..1e300]
            .prop_map(Expression::Number),
        r#"[a-zа-я"\\ (){},]{0,6}"#.prop_map(Expression::Text),
        path.clone().prop_map(Expression::Path),
    ];
    leaf.prop_recursive(5, 60, 4, move |inner| {
        let operator = prop::sample::select(vec![
            Operator::Or,
            Operator::And,
            Operator::In,
            Operator::NotIn,
            Operator::Equal,
            Operator::NotEqual,
            Operator::Matches,
            Operator::Less,
            Operator::LessOrEqual,
            Operator::Greater,
            Operator::GreaterOrEqual,
            Operator::Add,
            Operator::Subtract,
            Operator::Multiply,
            Operator::Divide,
            Operator::Remainder,
            Operator::Power,
        ]);
        let three = (inner.clone(), inner.clone(), inner.clone());
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_filter_map("a wrong pattern", |(left, operator, right)| {
                if let (Operator::Matches, Expression::Text(source)) = (operator, &right) {
                    Pattern::compile(source, limits::PATTERN_SIZE).ok()?;
                }
                Some(left.then(operator, parser::right_side(operator, right, 1)))
            }),
            1 => inner.clone().prop_map(|operand| Expression::Not(Box::new(operand))),
            1 => inner.clone().prop_map(Expression::negative),
            1 => three.prop_map(|(condition, then, otherwise)| Expression::If {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            }),
            1 => (path.clone(), inner.clone())
                .prop_map(|(property, object)| Expression::Of { property, object: Box::new(object) }),
            1 => vec(inner.clone(), 1..4).prop_map(|arguments| Expression::Call { function: Function::Max, arguments }),
            1 => vec(inner, 2..4).prop_map(|items| Expression::List(List::new(items))),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_a_query_or_refused(text in any::<String>()) {
        let _ = Query::parse(&text);
        let _ = Query::parse_simple(&text);
    }

    #[test]
    fn any_pieces_are_a_query_that_ends_or_are_refused(pieces in vec(piece(), 0..40)) {
        let text = pieces.concat();

        for query in [Query::parse(&text), Query::parse_simple(&text)] {
            match query {
                Ok(query) => match query.evaluation(Allowance::default()) {
                    Ok(mut evaluation) => _ = evaluation.matches(&title()),
                    Err(error) => prop_assert!(error.position <= text.chars().count() + 1),
                },
                Err(error) => prop_assert!(error.position <= text.chars().count() + 1),
            }
        }
    }

    #[test]
    fn a_printed_query_is_the_same_query(expression in expression()) {
        let text = expression.to_string();

        prop_assert_eq!(parser::parse(&text), Ok(expression), "{}", text);
    }

    #[test]
    fn every_query_has_a_value(expression in expression()) {
        prop_assert!(matches(&Query::of(expression), &title()).is_ok());
    }
}
