//! Evaluator: computes the value of a query for a title.

use std::{borrow::Cow, cmp::Ordering, collections::HashMap};

use serde_json::Value;

use super::{
    budget::{Budget, BudgetExceeded, RemainingBudget},
    error::SyntaxError,
    expression::Expression,
    limits,
    operand::Operand,
    operator::Operator,
    pattern::{Pattern, PatternSource},
};

/// Cost of compiling a regular expression, in steps.
const COMPILE_STEPS: usize = 10_000;

/// Bytes of a string that a regular expression scans per step.
const SCANNED_BYTES_PER_STEP: usize = 4;

/// A search through titles by one query, with its remaining budget.
#[derive(Debug)]
pub struct Evaluation<'q> {
    expression: &'q Expression,
    state: State<'q>,
}

/// State that changes during a search.
#[derive(Debug)]
struct State<'q> {
    budget: RemainingBudget,
    /// Compiled patterns of the query, by source.
    query_patterns: HashMap<&'q str, Pattern>,
    /// Compiled patterns whose source comes from a title or is concatenated; `None` if the source is invalid.
    dynamic_patterns: HashMap<String, Option<Pattern>>,
}

impl<'q> Evaluation<'q> {
    /// Compiles `patterns`, which are those of `expression`.
    pub(super) fn new(
        expression: &'q Expression,
        patterns: &'q [PatternSource],
        budget: Budget,
    ) -> Result<Self, SyntaxError> {
        let max_bytes = limits::PATTERN_SIZE.min(limits::PATTERNS_SIZE / patterns.len().max(1));
        let query_patterns = patterns.iter().map(|pattern| Ok((pattern.text(), pattern.compile(max_bytes)?)));
        let query_patterns = query_patterns.collect::<Result<_, _>>()?;
        let state =
            State { budget: RemainingBudget::new(budget), query_patterns, dynamic_patterns: HashMap::new() };
        Ok(Self { expression, state })
    }

    /// True if the query matches `title`. A value other than an object is treated as an empty object.
    ///
    /// # Errors
    ///
    /// [`BudgetExceeded`] if a limit is exceeded. After [`BudgetExceeded::Title`] the search can continue with the next title;
    /// all other errors are permanent.
    pub fn matches(&mut self, title: &Value) -> Result<bool, BudgetExceeded> {
        self.state.budget.begin_title()?;
        Ok(self.state.value(self.expression, title)?.is_true())
    }
}

impl State<'_> {
    /// Returns the value of `expression` for `title`.
    fn value<'a>(
        &mut self,
        expression: &'a Expression,
        title: &'a Value,
    ) -> Result<Operand<'a>, BudgetExceeded> {
        self.budget.spend(1)?;
        Ok(match expression {
            Expression::Null => Operand::Null,
            Expression::Bool(value) => Operand::Bool(*value),
            Expression::Number(number) => Operand::Number(*number),
            Expression::String(text) => Operand::String(Cow::Borrowed(text)),
            Expression::Pattern(pattern) => Operand::String(Cow::Borrowed(pattern.text())),
            Expression::Path(path) => {
                let value = Operand::from_found(title.as_object().and_then(|title| path.find(title)));
                self.budget.spend(value.cost())?;
                value
            }
            Expression::List(list) => Operand::List(self.values(list.items(), title)?),
            Expression::Chain { first, rest } => self.chain(first, rest, title)?,
            Expression::Not(operand) => Operand::Bool(!self.value(operand, title)?.is_true()),
            Expression::Negate(operand) => self
                .value(operand, title)?
                .number()
                .map_or(Operand::Missing, |number| Operand::Number(-number)),
            Expression::If { condition, then, otherwise } => {
                let branch = if self.value(condition, title)?.is_true() { then } else { otherwise };
                self.value(branch, title)?
            }
            Expression::Of { property, object } => match self.value(object, title)? {
                Operand::Object(object) => {
                    let value = Operand::from_found(property.find(object));
                    self.budget.spend(value.cost())?;
                    value
                }
                _ => Operand::Missing,
            },
            Expression::Call { function, arguments } => {
                let arguments = self.values(arguments, title)?;
                self.budget.spend(arguments.iter().map(Operand::cost).sum())?;
                function.call(&arguments)
            }
        })
    }

    /// Returns the value of each of `expressions`.
    fn values<'a>(
        &mut self,
        expressions: &'a [Expression],
        title: &'a Value,
    ) -> Result<Vec<Operand<'a>>, BudgetExceeded> {
        expressions.iter().map(|expression| self.value(expression, title)).collect()
    }

    /// Returns the value of a chain of operators of one level.
    fn chain<'a>(
        &mut self,
        first: &'a Expression,
        rest: &'a [(Operator, Expression)],
        title: &'a Value,
    ) -> Result<Operand<'a>, BudgetExceeded> {
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
                    self.budget.spend(left.cost().min(right.cost()))?;
                    binary_operation(*operator, left, &right)
                }
            };
        }
        Ok(left)
    }

    /// True if `left`, or each of its elements, is among the elements of `right`.
    fn is_in(
        &mut self,
        left: &Operand<'_>,
        right: &Expression,
        title: &Value,
    ) -> Result<bool, BudgetExceeded> {
        if matches!(left, Operand::Missing) {
            return Ok(false);
        }
        if let Expression::List(list) = right
            && let Some(constants) = list.constants()
        {
            self.budget.spend(left.cost())?;
            return Ok(left.elements().iter().all(|element| constants.contains(element)));
        }
        let right = self.value(right, title)?;
        if matches!(right, Operand::Missing) {
            return Ok(false);
        }
        for element in left.elements() {
            let mut found = false;
            for other in right.elements() {
                self.budget.spend(element.cost().min(other.cost()))?;
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

    /// True if the regular expression `right` matches in the string `left`.
    fn is_match(
        &mut self,
        left: &Operand<'_>,
        right: &Expression,
        title: &Value,
    ) -> Result<bool, BudgetExceeded> {
        let Operand::String(text) = left else { return Ok(false) };
        self.budget.spend(1 + text.len() / SCANNED_BYTES_PER_STEP)?;
        if let Expression::Pattern(pattern) = right {
            return Ok(self.query_patterns.get(pattern.text()).is_some_and(|pattern| pattern.is_match(text)));
        }
        let Operand::String(source) = self.value(right, title)? else { return Ok(false) };
        if !self.dynamic_patterns.contains_key(source.as_ref()) {
            self.budget.spend(COMPILE_STEPS)?;
            if self.dynamic_patterns.len() >= limits::CACHED_PATTERNS {
                self.dynamic_patterns.clear();
            }
            let max_bytes = limits::PATTERNS_SIZE / limits::CACHED_PATTERNS;
            self.dynamic_patterns
                .insert(source.clone().into_owned(), Pattern::compile(&source, max_bytes).ok());
        }
        let pattern = self.dynamic_patterns.get(source.as_ref()).and_then(Option::as_ref);
        Ok(pattern.is_some_and(|pattern| pattern.is_match(text)))
    }
}

/// Returns `left operator right`, for the operators that need both values only.
fn binary_operation<'a>(operator: Operator, left: Operand<'a>, right: &Operand<'a>) -> Operand<'a> {
    match operator {
        Operator::Equal => Operand::Bool(left.equals(right)),
        Operator::NotEqual => {
            let missing = matches!(left, Operand::Missing) || matches!(right, Operand::Missing);
            Operand::Bool(!missing && !left.equals(right))
        }
        Operator::Less => Operand::Bool(compare(&left, right).is_some_and(Ordering::is_lt)),
        Operator::LessOrEqual => Operand::Bool(compare(&left, right).is_some_and(Ordering::is_le)),
        Operator::Greater => Operand::Bool(compare(&left, right).is_some_and(Ordering::is_gt)),
        Operator::GreaterOrEqual => Operand::Bool(compare(&left, right).is_some_and(Ordering::is_ge)),
        Operator::Add => match (left, right) {
            (Operand::String(left), Operand::String(right)) => concatenated(left, right),
            (left, right) => arithmetic(operator, &left, right),
        },
        operator => arithmetic(operator, &left, right),
    }
}

/// Compares two numbers or two strings; `None` for other values.
fn compare(left: &Operand<'_>, right: &Operand<'_>) -> Option<Ordering> {
    match (left, right) {
        (Operand::String(left), Operand::String(right)) => Some(left.cmp(right)),
        (left, right) => left.number()?.partial_cmp(&right.number()?),
    }
}

/// Joins two strings. The result is missing if it is longer than [`limits::CONCATENATED_STRING`].
fn concatenated<'a>(left: Cow<'a, str>, right: &str) -> Operand<'a> {
    if left.len() + right.len() > limits::CONCATENATED_STRING {
        return Operand::Missing;
    }
    let mut text = left.into_owned();
    text.push_str(right);
    Operand::String(Cow::Owned(text))
}

/// Calculates with two numbers. The result is missing if one of the values is not a number.
fn arithmetic<'a>(operator: Operator, left: &Operand<'_>, right: &Operand<'_>) -> Operand<'a> {
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
