//! Tests of the meaning of queries.

use serde_json::json;

use super::{super::Query, matches, matches_title, title};

/// Asserts for each query that it matches the title exactly if `expected` is true.
#[track_caller]
fn assert_all<const N: usize>(expected: bool, queries: [&str; N]) {
    let wrong: Vec<_> = queries.into_iter().filter(|query| matches_title(query) != expected).collect();

    assert!(wrong.is_empty(), "not {expected}: {wrong:#?}");
}

#[test]
fn truth_follows_javascript() {
    assert_all(
        true,
        ["{id}", "1", "-1", "\"a\"", "\"0\"", "true", "{names}", "{genres}", "{franchises}", "1/0"],
    );
    assert_all(
        false,
        [
            "0",
            "-0",
            "\"\"",
            "null",
            "false",
            "{announce}",
            "{type.code}",
            "{nothing}",
            "0/0",
            "{blocked.blocked}",
        ],
    );
}

#[test]
fn values_of_the_title_are_compared() {
    assert_all(
        true,
        [
            "{season.year} == 2021",
            "{season.year} != 2020",
            "{season.year} >= 2021",
            "{season.year} <= 2021",
            "{season.year} > 2020.5",
            "{season.year} < 2022",
            "{code} == \"sample\"",
            "{code} < \"sampler\"",
            "{names.en} == \"Sword \\\"Masters\\\"\"",
            "{names.alternative} == null",
            "{status.code} != null",
            "{blocked.bakanim} == true",
            "{blocked.bakanim} == 1",
            "{player.episodes.last} == 12.5",
            "{ season.year } == 2021",
            "{genres} == (\"Драма\", \"Школа\")",
            "{genres[1]} == \"Школа\"",
            "{player.list.1.hls.fhd} == \"/1.m3u8\"",
            "{player.list.12.5.hls.fhd} == null",
            "{names} == {names}",
        ],
    );
    assert_all(
        false,
        [
            "{season.year} == \"2021\"",
            "{code} == \"Sample\"",
            "{code} == 5",
            "{names.alternative} == \"\"",
            "{genres} == (\"Школа\", \"Драма\")",
            "{genres} == \"Драма\"",
            "{names.alternative} < 1",
            "{names} == {season}",
            "0/0 == 0/0",
        ],
    );
}

#[test]
fn missing_values_are_neither_equal_nor_unequal() {
    assert_all(
        false,
        [
            "{nothing} == null",
            "{nothing} != null",
            "{nothing} == {nothing}",
            "{nothing} != 1",
            "{nothing} < 1",
            "{nothing} >= 0",
            "{nothing} ~= \"\"",
            "{nothing} in (null, 1)",
            "1 in {nothing}",
            "exists({nothing})",
            "{nothing} + 1",
            "{names.ru.x}",
        ],
    );
    assert_all(
        true,
        ["not {nothing}", "empty({nothing})", "{nothing} not in (1, 2)", "not ({nothing} == 1)"],
    );
}

#[test]
fn values_of_different_types_do_not_match() {
    assert_all(
        false,
        [
            "{code} < 1",
            "{code} > 1",
            "{genres} < 5",
            "{id} ~= \"9\"",
            "{code} ~= 1",
            "{code} - 1",
            "{code} + 1",
            "-{code}",
            "{genres} * 2",
            "abs({code})",
            "max(1, {code})",
            "max({franchises})",
            "len({id})",
            "sqrt({names})",
        ],
    );
    assert_all(true, ["{code} != 1", "{code} != null", "not ({code} < 1)"]);
}

#[test]
fn in_finds_values_in_a_list() {
    assert_all(
        true,
        [
            "{season.year} in (2020, 2021)",
            "{season.year} not in (2019, 2020)",
            "\"Драма\" in {genres}",
            "{genres} in (\"Школа\", \"Драма\", \"Экшен\")",
            "(\"Драма\", \"Школа\") in {genres}",
            "{genres} not in (\"Драма\", \"Экшен\")",
            "{code} in (\"sample\")",
            "{type.code} in (null, 1)",
            "{blocked.bakanim} in (1, 2)",
            "{team.timing} in (\"A\", \"B\")",
            "\"h265\" in {torrents.list[*].quality.encoder}",
            "-1 in (-1, -2)",
            "{season.year} in (2000 + 21, {id})",
            "0 in (-0, 5)",
        ],
    );
    assert_all(
        false,
        [
            "\"Экшен\" in {genres}",
            "2021 in {season.string}",
            "\"2021\" in (2020, 2021)",
            "{season.year} in (2019, {id})",
            "0 in (null, \"\")",
        ],
    );
}

#[test]
fn regular_expression_matches_anywhere_in_a_string() {
    assert_all(
        true,
        [
            r#"{code} ~= "amp""#,
            r#"{code} ~= "^s\w+e$""#,
            r#"{code} ~= "^s\\w+e$""#,
            r#"{names.ru} ~= "(?i)МЕЧА""#,
            r#"{code} ~= "^" + {code} + "$""#,
            "{code} ~= {code}",
            r#"{announce} ~= """#,
        ],
    );
    assert_all(false, [r#"{code} ~= "^amp""#, r#"{names.ru} ~= "МЕЧА""#, r#"{code} ~= "(" + "s""#]);
}

#[test]
fn operators_calculate_and_concatenate() {
    assert_all(
        true,
        [
            "{id} + 1 == 9001",
            "{id} - 1 == 8999",
            "{id} * 2 == 18000",
            "{id} / 4 == 2250",
            "{id} % 7 == 5",
            "-7 % 3 == -1",
            "2 ^ 10 == 1024",
            "-{id} == 0 - 9000",
            "{code} + \"-1\" == \"sample-1\"",
            "true + true == 2",
            "1 - -1 == 2",
        ],
    );
}

#[test]
fn functions_return_their_values() {
    assert_all(
        true,
        [
            "abs(-2) == 2",
            "ceil(1.2) == 2",
            "floor(-1.2) == -2",
            "round(2.5) == 3",
            "round(-2.5) == -2",
            "round(0.49999999999999994) == 0",
            "sqrt(16) == 4",
            "log(1) == 0",
            "log2(8) == 3",
            "log10(1000) == 3",
            "max(1, 3, 2) == 3",
            "min(1, -3, 2) == -3",
            "max({torrents.list[*].seeders}) == 7",
            "min({torrents.list[*].seeders}, 1) == 1",
            "len({genres}) == 2",
            "len({names.ru}) == 12",
            "len({player.list}) == 2",
            "len(({id}, 1, 2)) == 3",
            "empty({franchises})",
            "empty({announce})",
            "empty({type.code})",
            "exists({announce})",
            "exists({blocked.blocked})",
            "not empty({genres})",
            "not empty(0)",
            "not exists({type.code})",
            "randomInt(3, 3) == 3",
            "randomInt(1, 6) in (1, 2, 3, 4, 5, 6)",
            "empty(randomInt(2, 1))",
        ],
    );
}

#[test]
fn random_int_includes_both_ends() {
    let query = Query::parse("randomInt(1, 2) == 1").unwrap();
    let title = title();

    let ones = (0..200).filter(|_| matches(&query, &title).unwrap()).count();

    assert!((1..200).contains(&ones), "{ones} of 200");
}

#[test]
fn condition_selects_a_branch() {
    assert_all(
        true,
        [
            "if {id} then 1 else 0",
            "if {nothing} then 0 else 1",
            "{id} ? 1 : 0",
            "{nothing} ? 0 : 1",
            "if 0 then 0 else if 0 then 0 else 1",
            "0 ? 0 : 0 ? 0 : 1",
            "1 ? 0 ? 0 : 1 : 0",
            "(if {id} then 2 else 3) == 2",
        ],
    );
}

#[test]
fn of_reads_a_property_of_an_object() {
    assert_all(
        true,
        [
            "year of {season} == 2021",
            "\"year\" of {season} == 2021",
            "{year} of {season} == 2021",
            "{quality.encoder} of {torrents.list[1]} == \"h265\"",
            "fhd of hls of {player.list.1} == \"/1.m3u8\"",
            "-year of {season} == -2021",
            "year of if 1 then {season} else {names}",
            "empty(nothing of {season})",
            "empty(year of {code})",
        ],
    );
}

#[test]
fn names_of_api_v2_are_replaced() {
    assert_all(true, ["{player.series.last} == 12.5", "{player.playlist.1.hls.fhd} == \"/1.m3u8\""]);
}

#[test]
fn keys_of_a_path_may_be_in_brackets() {
    assert_all(
        true,
        [
            "{season[year]} == 2021",
            "{player.list[\"12.5\"].hls} == {player.list.12.5.hls}",
            "\"/1.m3u8\" == {player.list['1'].hls[fhd]}",
        ],
    );
    let simple = Query::parse_simple("player.list[\"1\"].hls[fhd]==/1.m3u8").unwrap();
    assert!(matches(&simple, &title()).unwrap());
}

#[test]
fn released_may_be_written_without_braces() {
    let holds = |query: Query, is_released: bool| matches(&query, &json!({"released": is_released})).unwrap();

    for query in
        ["released==false", "{released} == false", "released == 0", "not released", "released != true"]
    {
        let query = Query::parse(query).unwrap();
        assert!(holds(query.clone(), false) && !holds(query.clone(), true), "{query}");
    }
    for query in ["released==false", "{released}==false", "released==0", "released!=true"] {
        let query = Query::parse_simple(query).unwrap();
        assert!(holds(query.clone(), false) && !holds(query.clone(), true), "{query}");
    }
    assert!(Query::parse("released == true").unwrap().reads("released"));
}

/// Compares each precedence with the next higher one: the query without parentheses equals the first one with parentheses.
#[test]
fn precedence_of_operators_follows_the_table() {
    for (plain, same, other) in [
        ("1 ? 0 : 0 or 1", "1 ? 0 : (0 or 1)", "(1 ? 0 : 0) or 1"),
        ("if 1 then 0 else 0 or 1", "if 1 then 0 else (0 or 1)", "(if 1 then 0 else 0) or 1"),
        ("1 or 0 and 0", "1 or (0 and 0)", "(1 or 0) and 0"),
        ("0 and 1 in (0, 2)", "0 and (1 in (0, 2))", "(0 and 1) in (0, 2)"),
        ("2 not in (1, 3) == 0", "2 not in ((1, 3) == 0)", "(2 not in (1, 3)) == 0"),
        ("1 == 2 > 1", "1 == (2 > 1)", "(1 == 2) > 1"),
        ("3 < 1 + 2.5", "3 < (1 + 2.5)", "(3 < 1) + 2.5"),
        ("1 + 2 * 3 == 7", "(1 + (2 * 3)) == 7", "((1 + 2) * 3) == 7"),
        ("2 * 3 ^ 2 == 18", "(2 * (3 ^ 2)) == 18", "((2 * 3) ^ 2) == 18"),
        ("not 2 ^ 0 == 1", "((not 2) ^ 0) == 1", "(not (2 ^ 0)) == 1"),
        ("not -1 == 0", "(not (-1)) == 0", "not ((-1) == 0)"),
        ("-x of {season} < 0", "(-(x of {season})) < 0", "(x of -{season}) < 0"),
        ("not 5 == 1", "(not 5) == 1", "not (5 == 1)"),
        ("-2 ^ 2 == 4", "((-2) ^ 2) == 4", "(-(2 ^ 2)) == 4"),
    ] {
        let [plain, same] = [plain, same].map(|query| Query::parse(query).unwrap());

        assert_eq!(plain, same);
        assert_ne!(plain, Query::parse(other).unwrap());
    }
}

#[test]
fn operators_of_one_precedence_are_left_associative() {
    assert_all(
        true,
        [
            "10 - 4 - 3 == 3",
            "2 ^ 3 ^ 2 == 64",
            "100 / 10 / 2 == 5",
            "100 / 10 * 2 == 20",
            "20 % 7 * 2 == 12",
            "(3 > 2 > 1) == false",
            "(1 == 1 == 1) == true",
            "(2 != 3 == 1) == true",
            "1 in (1, 2) in (1, 3)",
            "10 - (4 - 3) == 9",
            "2 ^ (3 ^ 2) == 512",
        ],
    );
}

#[test]
fn simple_query_is_one_comparison() {
    for (text, expected) in [
        ("season.year==2021", true),
        (" season.year == 2021 ", true),
        ("season.year!=2021", false),
        ("season.year>=2021", true),
        ("season.year<2021", false),
        ("{season.year}==2021", true),
        ("player.series.last==12.5", true),
        ("type.code==null", true),
        ("status.code==null", false),
        ("code==sample", true),
        ("code==\"sample\"", true),
        ("code~=^sam", true),
        ("names.ru==Мастера меча", true),
        ("names.en==\"Sword \\\"Masters\\\"\"", true),
        ("blocked.bakanim==true", true),
        ("season.year==\"2021\"", false),
        ("id>-5", true),
        ("nothing==null", false),
        ("genres[0]==Драма", true),
        ("announce==\"\"", true),
    ] {
        let query = Query::parse_simple(text).unwrap_or_else(|error| panic!("{text}: {error}"));

        assert_eq!(matches(&query, &title()).unwrap(), expected, "{text}");
    }
}

#[test]
fn query_reports_the_paths_that_it_reads() {
    let query = Query::parse(
        "{season.year} == 2021 and (year of {season} or {torrents.list[*].seeders}) and {season.year}",
    );
    let query = query.unwrap();

    let paths: Vec<_> = query.paths().iter().map(ToString::to_string).collect();

    assert_eq!(paths, ["season", "season.year", "torrents.list[*].seeders"]);
    assert!(query.reads("torrents") && query.reads("season") && !query.reads("franchises"));
}

#[test]
fn value_other_than_an_object_has_no_fields() {
    let query = Query::parse("empty({id})").unwrap();

    assert!(matches(&query, &serde_json::json!([1])).unwrap());
}
