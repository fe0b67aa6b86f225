//! Tests of invalid queries and their error messages.

use super::{
    super::{Budget, Query, limits},
    error, error_of,
};

#[test]
fn syntax_errors_have_a_position() {
    for (query, expected) in [
        ("", "column 1: expected a value, found the end of the query"),
        ("   ", "column 4: expected a value, found the end of the query"),
        ("{id} ==", "column 8: expected a value, found the end of the query"),
        ("{id} == )", "column 9: expected a value, found `)`"),
        ("(1, 2", "column 6: expected `,` or `)`, found the end of the query"),
        ("(1, )", "column 5: expected a value, found `)`"),
        ("()", "column 2: expected a value, found `)`"),
        ("1 2", "column 3: expected an operator or the end of the query, found `2`"),
        ("\"имя\" 2", "column 7: expected an operator or the end of the query, found `2`"),
        ("{id", "column 1: expected a path that ends with `}`, found `{id`"),
        ("{}", "column 1: the path has an empty key"),
        ("{a..b}", "column 1: the path has an empty key"),
        ("1 + {a[x}", "column 5: brackets in a path must contain a number, `*` or a key, and end with `]`"),
        ("\"abc", "column 1: expected a string that ends with a double quote, found `\"abc`"),
        ("{id} = 1", "column 6: expected `==`, found `=`"),
        ("{id} && 1", "column 6: expected `and`, found `&&`"),
        ("{id} || 1", "column 6: expected `or`, found `||`"),
        ("!{id}", "column 1: expected `not` or `!=`, found `!{id}`"),
        ("{code} == 'a'", "column 11: expected a string in double quotes, found `'a'`"),
        ("12abc", "column 1: expected a number, found `12abc`"),
        ("1.2.3", "column 1: expected a number, found `1.2.3`"),
        ("if 1 then 2", "column 12: expected `else`, found the end of the query"),
        ("if 1 else 2", "column 6: expected `then`, found `else`"),
        ("1 ? 2", "column 6: expected `:`, found the end of the query"),
        ("1 not 2", "column 3: expected an operator or the end of the query, found `not`"),
        (
            "season == 1",
            "column 1: expected a value (write keys of the title in braces: `{id}`), found `season`",
        ),
        ("len(1, 2)", "column 1: `len` takes one argument, found 2"),
        ("1 + randomInt(1)", "column 5: `randomInt` takes two arguments, found 1"),
        ("max()", "column 1: `max` takes one argument or more, found 0"),
        ("{code} ~= \"a(\"", "column 11: the regular expression is invalid: unclosed group"),
        (
            "{code} ~= \"(?=a)\"",
            "column 11: the regular expression is invalid: look-around, including look-ahead and look-behind, is not supported",
        ),
        ("1 \u{1b}[31m", "column 3: expected a value or an operator, found `\\u{1b}[31m`"),
    ] {
        assert_eq!(error(query), expected, "{query}");
    }
    assert!(error("size(1)").starts_with("column 1: unknown function `size`; the functions are abs, ceil,"));
}

#[test]
fn syntax_errors_of_a_simple_query_have_a_position() {
    for (query, expected) in [
        (
            "season.year",
            "column 12: expected one of `==`, `!=`, `~=`, `<`, `<=`, `>`, `>=`, found the end of the query",
        ),
        ("season.year=1", "column 12: expected one of `==`, `!=`, `~=`, `<`, `<=`, `>`, `>=`, found `=1`"),
        ("==1", "column 1: the path has an empty key"),
        ("season year==1", "column 1: a key of the path has a character that is not allowed"),
        ("season.year== ", "column 15: expected a value, found the end of the query"),
        ("code==\"a\"b\"", "column 7: expected a string that ends with a double quote, found `\"a\"b\"`"),
        ("code~=a(", "column 7: the regular expression is invalid: unclosed group"),
    ] {
        let error = error_of(Query::parse_simple(query), query);

        assert_eq!(error, expected, "{query}");
    }
}

#[test]
fn query_above_a_limit_is_refused() {
    let long_list = |values: usize| format!("{{id}} in ({})", vec!["1"; values].join(","));
    let length = "1".repeat(limits::LENGTH + 1);
    let tokens = "1+".repeat(limits::TOKENS);

    assert_eq!(error(&length), "column 1: the query is longer than 65536 bytes");
    assert_eq!(error(&tokens), "column 24001: the query has more than 24000 tokens");
    assert_eq!(error(&long_list(limits::LIST + 1)), "column 20010: the list has more than 10000 values");
    assert!(Query::parse(&long_list(limits::LIST)).is_ok());
    assert_eq!(error(&"1".repeat(400)), "column 1: the number is too large");
    assert_eq!(
        error(&format!("{{code}} ~= \"{}\"", "a".repeat(limits::PATTERN_LENGTH + 1))),
        "column 11: the regular expression is longer than 1024 bytes"
    );
    assert_eq!(
        error("{code} ~= \"((a{100}){100}){100}\""),
        "column 11: the regular expression is too large after compilation"
    );
    // A single pattern of this size is accepted; several share the total size.
    let wide = |patterns: usize| vec![r#"{code} ~= "\w{12}""#; patterns].join(" or ");
    assert!(Query::parse(&wide(1)).unwrap().evaluation(Budget::default()).is_ok());
    assert_eq!(
        error(&wide(limits::PATTERNS)),
        "column 11: the regular expression is too large after compilation"
    );
    assert!(
        error(&format!("{{code}} ~= \"{}\"", "(".repeat(500))).contains("the regular expression is invalid")
    );
}

/// Nests every construct that can contain itself, far deeper than the stack would allow.
#[test]
fn query_that_is_nested_too_deep_is_refused() {
    for (open, close) in [
        ("(", ")"),
        ("not ", ""),
        ("- ", ""),
        ("if 1 then ", " else 0"),
        ("if ", " then 1 else 0"),
        ("if 0 then 0 else ", ""),
        ("1 ? ", " : 0"),
        ("0 ? 0 : ", ""),
        ("x of ", ""),
        ("abs(", ")"),
        ("1 in (1, ", ")"),
        ("1 + (", ")"),
    ] {
        for (levels, deep) in [(limits::DEPTH / 3, false), (limits::DEPTH + 1, true), (2_000, true)] {
            let query = format!("{}{{id}}{}", open.repeat(levels), close.repeat(levels));

            let refused =
                Query::parse(&query).is_err_and(|error| error.to_string().contains("nested deeper"));

            assert_eq!(refused, deep, "{levels} of {open}");
        }
    }
}
