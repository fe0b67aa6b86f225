//! Evaluation of a query for a title.

use std::{borrow::Cow, cmp::Ordering, collections::HashMap};

use serde_json::Value;

use super::{
    allowance::{Allowance, Exhausted, Purse},
    error::SyntaxError,
    expression::Expression,
    limits,
    operand::Operand,
    operator::Operator,
    pattern::{Pattern, PatternText},
};

/// Cost of compiling a regular expression, in steps.
const COMPILE: usize = 10_000;

/// Bytes of a text that a regular expression scans per step.
const SCANNED: usize = 4;

/// A search through titles by one query, with its remaining budget.
#[derive(Debug)]
pub struct Evaluation<'q> {
    expression: &'q Expression,
    state: State<'q>,
}

/// State that changes during a search.
#[derive(Debug)]
struct State<'q> {
    purse: Purse,
    /// Compiled patterns of the query, by source.
    written: HashMap<&'q str, Pattern>,
    /// Compiled patterns whose source comes from a title or is concatenated; `None` if the source is invalid.
    made: HashMap<String, Option<Pattern>>,
}

impl<'q> Evaluation<'q> {
    /// Compiles `patterns`, which are those of `expression`.
    pub(super) fn new(
        expression: &'q Expression,
        patterns: &'q [PatternText],
        allowance: Allowance,
    ) -> Result<Self, SyntaxError> {
        let max_bytes = limits::PATTERN_SIZE.min(limits::PATTERNS_SIZE / patterns.len().max(1));
        let written = patterns.iter().map(|pattern| Ok((pattern.text(), pattern.compile(max_bytes)?)));
        let written = written.collect::<Result<_, _>>()?;
        let state = State { purse: Purse::new(allowance), written, made: HashMap::new() };
        Ok(Self { expression, state })
    }

    /// True if the query matches `title`. A value other than an object is treated as an empty object.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] if a limit is exceeded. After [`Exhausted::Title`] the search can continue with the next title; all
    /// other errors are permanent.
    pub fn matches(&mut self, title: &Value) -> Result<bool, Exhausted> {
        self.state.purse.begin_title()?;
        Ok(self.state.value(self.expression, title)?.is_true())
    }
}

impl State<'_> {
    /// Returns the value of `expression` for `title`.
    fn value<'a>(&mut self, expression: &'a Expression, title: &'a Value) -> Result<Operand<'a>, Exhausted> {
        self.purse.spend(1)?;
        Ok(match expression {
            Expression::Null => Operand::Null,
            Expression::Bool(value) => Operand::Bool(*value),
            Expression::Number(number) => Operand::Number(*number),
            Expression::Text(text) => Operand::Text(Cow::Borrowed(text)),
            Expression::Pattern(pattern) => Operand::Text(Cow::Borrowed(pattern.text())),
            Expression::Path(path) => {
                let value = Operand::found(title.as_object().and_then(|title| path.find(title)));
                self.purse.spend(value.weight())?;
                value
            }
            Expression::List(list) => Operand::List(self.values(list.items(), title)?),
            Expression::Chain { first, rest } => self.chain(first, rest, title)?,
            Expression::Not(operand) => Operand::Bool(!self.value(operand, title)?.is_true()),
            Expression::Negative(operand) => self
                .value(operand, title)?
                .number()
                .map_or(Operand::Missing, |number| Operand::Number(-number)),
            Expression::If { condition, then, otherwise } => {
                let branch = if self.value(condition, title)?.is_true() { then } else { otherwise };
                self.value(branch, title)?
            }
            Expression::Of { property, object } => match self.value(object, title)? {
                Operand::Object(object) => {
                    let value = Operand::found(property.find(object));
                    self.purse.spend(value.weight())?;
                    value
                }
                _ => Operand::Missing,
            },
            Expression::Call { function, arguments } => {
                let arguments = self.values(arguments, title)?;
                self.purse.spend(arguments.iter().map(Operand::weight).sum())?;
                function.call(&arguments)
            }
        })
    }

    /// Returns the value of each of `expressions`.
    fn values<'a>(
        &mut self,
        expressions: &'a [Expression],
        title: &'a Value,
    ) -> Result<Vec<Operand<'a>>, Exhausted> {
        expressions.iter().map(|expression| self.value(expression, title)).collect()
    }

    /// Returns the value of a chain of operators of one level.
    fn chain<'a>(
        &mut self,
        first: &'a Expression,
        rest: &'a [(Operator, Expression)],
        title: &'a Value,
    ) -> Result<Operand<'a>, Exhausted> {
        let mut left = self.value(first, title)?;
        for (operator, right) in rest {
            left = match operator {
                // The right side is not evaluated if it cannot change the result.
                Operator::Or if left.is_true() => Operand::Bool(true),
                Operator::And if !left.is_true() => Operand::Bool(false),
                Operator::Or | Operator::And => Operand::Bool(self.value(right, title)?.is_true()),
                Operator::In => Operand::Bool(self.is_in(&left, right, title)?),
                Operator::NotIn => Operand::Bool(!self.is_in(&left, right, title)?),
                Operator::Matches => Operand::Bool(self.is_match(&left, right, title)?),
                operator => {
                    let right = self.value(right, title)?;
                    self.purse.spend(left.weight().min(right.weight()))?;
                    combined(*operator, left, &right)
                }
            };
        }
        Ok(left)
    }

    /// True if `left`, or each of its elements, is among the elements of `right`.
    fn is_in(&mut self, left: &Operand<'_>, right: &Expression, title: &Value) -> Result<bool, Exhausted> {
        if matches!(left, Operand::Missing) {
            return Ok(false);
        }
        if let Expression::List(list) = right
            && let Some(known) = list.known()
        {
            self.purse.spend(left.weight())?;
            return Ok(left.elements().iter().all(|element| known.holds(element)));
        }
        let right = self.value(right, title)?;
        if matches!(right, Operand::Missing) {
            return Ok(false);
        }
        for element in left.elements() {
            let mut found = false;
            for other in right.elements() {
                self.purse.spend(element.weight().min(other.weight()))?;
                found = element.equals(other);
                if found {
                    break;
                }
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// True if the regular expression `right` matches in the text `left`.
    fn is_match(&mut self, left: &Operand<'_>, right: &Expression, title: &Value) -> Result<bool, Exhausted> {
        let Operand::Text(text) = left else { return Ok(false) };
        self.purse.spend(1 + text.len() / SCANNED)?;
        if let Expression::Pattern(pattern) = right {
            return Ok(self.written.get(pattern.text()).is_some_and(|pattern| pattern.is_match(text)));
        }
        let Operand::Text(source) = self.value(right, title)? else { return Ok(false) };
        if !self.made.contains_key(source.as_ref()) {
            self.purse.spend(COMPILE)?;
            if self.made.len() >= limits::KEPT_PATTERNS {
                self.made.clear();
            }
            let max_bytes = limits::PATTERNS_SIZE / limits::KEPT_PATTERNS;
            self.made.insert(source.clone().into_owned(), Pattern::compile(&source, max_bytes).ok());
        }
        let pattern = self.made.get(source.as_ref()).and_then(Option::as_ref);
        Ok(pattern.is_some_and(|pattern| pattern.is_match(text)))
    }
}

/// Returns `left operator right`, for the operators that need both values only.
fn combined<'a>(operator: Operator, left: Operand<'a>, right: &Operand<'a>) -> Operand<'a> {
    match operator {
        Operator::Equal => Operand::Bool(left.equals(right)),
        Operator::NotEqual => {
            let missing = matches!(left, Operand::Missing) || matches!(right, Operand::Missing);
            Operand::Bool(!missing && !left.equals(right))
        }
        Operator::Less => Operand::Bool(order(&left, right).is_some_and(Ordering::is_lt)),
        Operator::LessOrEqual => Operand::Bool(order(&left, right).is_some_and(Ordering::is_le)),
        Operator::Greater => Operand::Bool(order(&left, right).is_some_and(Ordering::is_gt)),
        Operator::GreaterOrEqual => Operand::Bool(order(&left, right).is_some_and(Ordering::is_ge)),
        Operator::Add => match (left, right) {
            (Operand::Text(left), Operand::Text(right)) => joined(left, right),
            (left, right) => reckoned(operator, &left, right),
        },
        operator => reckoned(operator, &left, right),
    }
}

/// Compares two numbers or two texts; `None` for other values.
fn order(left: &Operand<'_>, right: &Operand<'_>) -> Option<Ordering> {
    match (left, right) {
        (Operand::Text(left), Operand::Text(right)) => Some(left.cmp(right)),
        (left, right) => left.number()?.partial_cmp(&right.number()?),
    }
}

/// Joins two texts. The result is missing if it is longer than [`limits::TEXT`].
fn joined<'a>(left: Cow<'a, str>, right: &str) -> Operand<'a> {
    if left.len() + right.len() > limits::TEXT {
        return Operand::Missing;
    }
    let mut text = left.into_owned();
    text.push_str(right);
    Operand::Text(Cow::Owned(text))
}

/// Calculates with two numbers. The result is missing if one of the values is not a number.
fn reckoned<'a>(operator: Operator, left: &Operand<'_>, right: &Operand<'_>) -> Operand<'a> {
    let (Some(left), Some(right)) = (left.number(), right.number()) else { return Operand::Missing };
    Operand::Number(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
        Operator::Power => left.powf(right),
        _ => return Operand::Missing,
    })
}
