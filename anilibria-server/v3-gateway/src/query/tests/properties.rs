//! Properties of every query.

use proptest::{collection::vec, prelude::*};

use super::{
    super::{
        Budget, Function, Query, expression::Expression, limits, list::ListLiteral, operator::Operator,
        parser, pattern::Pattern,
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
        r#"[a-zа-я"\\ (){},]{0,6}"#.prop_map(Expression::String),
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
                if let (Operator::Matches, Expression::String(source)) = (operator, &right) {
                    Pattern::compile(source, limits::PATTERN_SIZE).ok()?;
                }
                Some(left.with_operator(operator, parser::right_side(operator, right, 1)))
            }),
            1 => inner.clone().prop_map(|operand| Expression::Not(Box::new(operand))),
            1 => inner.clone().prop_map(Expression::negate),
            1 => three.prop_map(|(condition, then, otherwise)| Expression::If {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            }),
            1 => (path.clone(), inner.clone())
                .prop_map(|(property, object)| Expression::Of { property, object: Box::new(object) }),
            1 => vec(inner.clone(), 1..4).prop_map(|arguments| Expression::Call { function: Function::Max, arguments }),
            1 => vec(inner, 2..4).prop_map(|items| Expression::List(ListLiteral::new(items))),
        ]
    })
}

proptest! {
    #[test]
    fn parsing_any_text_does_not_panic(text in any::<String>()) {
        let _ = Query::parse(&text);
        let _ = Query::parse_simple(&text);
    }

    #[test]
    fn evaluating_any_parsed_query_ends(pieces in vec(piece(), 0..40)) {
        let text = pieces.concat();

        for query in [Query::parse(&text), Query::parse_simple(&text)] {
            match query {
                Ok(query) => match query.evaluation(Budget::default()) {
                    Ok(mut evaluation) => _ = evaluation.matches(&title()),
                    Err(error) => prop_assert!(error.position <= text.chars().count() + 1),
                },
                Err(error) => prop_assert!(error.position <= text.chars().count() + 1),
            }
        }
    }

    #[test]
    fn printed_query_parses_to_the_same_expression(expression in expression()) {
        let text = expression.to_string();

        prop_assert_eq!(parser::parse(&text), Ok(expression), "{}", text);
    }

    #[test]
    fn every_expression_can_be_evaluated(expression in expression()) {
        prop_assert!(matches(&Query::of(expression), &title()).is_ok());
    }
}
