//! Parser of `simple_query`: a single comparison without braces, `season.year==2021`.

use super::{
    error::{SyntaxError, SyntaxErrorKind, excerpt},
    expression::Expression,
    lexer, limits,
    operator::Operator,
    parser::right_side,
};
use crate::path::Path;

/// Operators. An operator precedes every operator that is a prefix of it.
const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("~=", Operator::Matches),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// Parses `text`, which must be one comparison.
pub(super) fn parse(text: &str) -> Result<Expression, SyntaxError> {
    const EXPECTED: &str = "one of `==`, `!=`, `~=`, `<`, `<=`, `>`, `>=`";

    if text.len() > limits::LENGTH {
        return Err(SyntaxErrorKind::Length.at(1));
    }
    let Some(start) = text.find(['=', '!', '~', '<', '>']) else {
        return Err(
            SyntaxErrorKind::unexpected(EXPECTED, "the end of the query").at(column(text, text.len()))
        );
    };
    let (path, rest) = text.split_at(start);
    let written =
        OPERATORS.into_iter().find_map(|(sign, operator)| Some((operator, rest.strip_prefix(sign)?)));
    let Some((operator, value)) = written else {
        return Err(SyntaxErrorKind::unexpected(EXPECTED, excerpt(rest)).at(column(text, start)));
    };
    let position = column(text, text.len() - value.trim_start().len());
    let value = constant(value.trim()).map_err(|kind| kind.at(position))?;
    let right = right_side(operator, value, position);
    // Braces, which the full language requires, are accepted here as well.
    let path = path.trim();
    let bare = path.strip_prefix('{').and_then(|path| path.strip_suffix('}')).unwrap_or(path);
    let path = Path::parse_with_v2_names(bare).map_err(|error| SyntaxErrorKind::from(error).at(1))?;
    Ok(Expression::Path(path).with_operator(operator, right))
}

/// Parses the right side of the comparison.
fn constant(text: &str) -> Result<Expression, SyntaxErrorKind> {
    match text {
        "" => Err(SyntaxErrorKind::unexpected("a value", "the end of the query")),
        "null" => Ok(Expression::Null),
        "true" => Ok(Expression::Bool(true)),
        "false" => Ok(Expression::Bool(false)),
        text if text.starts_with('"') => quoted(text),
        text => Ok(number(text).map_or_else(|| Expression::String(text.to_owned()), Expression::Number)),
    }
}

fn quoted(text: &str) -> Result<Expression, SyntaxErrorKind> {
    let ends = lexer::quoted_len(text) == Some(text.len());
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|_| ends);
    inside
        .map(|inside| Expression::String(lexer::unescape(inside)))
        .ok_or_else(|| SyntaxErrorKind::unexpected("a string that ends with a double quote", excerpt(text)))
}

/// Parses a number in the syntax of the full language, with a sign.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| text.parse().ok()).flatten().filter(|number: &f64| number.is_finite())
}

/// Returns the position in characters, counted from 1, of the byte `offset`.
fn column(text: &str, offset: usize) -> usize {
    text.char_indices().take_while(|(index, _)| *index < offset).count() + 1
}
