//! Values of an evaluation.

use std::{borrow::Cow, slice};

use serde_json::{Map, Value};

use crate::path::Found;

/// A value from the query or the title, or calculated from such values.
#[derive(Clone, Debug)]
pub(super) enum Operand<'a> {
    /// No value: the title has no value at the path, or a calculation had an operand other than a number.
    Missing,
    Null,
    Bool(bool),
    Number(f64),
    String(Cow<'a, str>),
    List(Vec<Operand<'a>>),
    Object(&'a Map<String, Value>),
}

impl<'a> Operand<'a> {
    /// Converts a value of the title.
    pub(super) fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => number.as_f64().map_or(Self::Missing, Self::Number),
            Value::String(text) => Self::String(Cow::Borrowed(text)),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(object) => Self::Object(object),
        }
    }

    /// Converts the result of a path.
    pub(super) fn from_found(found: Option<Found<'a>>) -> Self {
        match found {
            None => Self::Missing,
            Some(Found::One(value)) => Self::of(value),
            Some(Found::Many(values)) => Self::List(values.into_iter().map(Self::of).collect()),
        }
    }

    /// Converts a count to a number.
    #[expect(clippy::cast_precision_loss, reason = "nothing in memory has 2^53 elements")]
    pub(super) fn count(count: usize) -> Self {
        Self::Number(count as f64)
    }

    /// True if the value counts as true in a condition.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Missing | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::List(_) | Self::Object(_) => true,
        }
    }

    /// Returns the value as a number: numbers, and 1 or 0 for `true` and `false`.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(f64::from(*value)),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns the number of elements, entries or characters.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::String(text) => Some(text.chars().count()),
            Self::List(items) => Some(items.len()),
            Self::Object(object) => Some(object.len()),
            _ => None,
        }
    }

    /// True if the value is missing, `null`, or empty.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Missing | Self::Null => true,
            Self::String(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(object) => object.is_empty(),
            Self::Bool(_) | Self::Number(_) => false,
        }
    }

    /// Returns the elements of a list; any other value is its own only element.
    pub(super) fn elements(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            value => slice::from_ref(value),
        }
    }

    /// True if the values are equal. A missing value equals nothing.
    pub(super) fn equals(&self, other: &Operand<'_>) -> bool {
        match (self, other) {
            (Self::Null, Operand::Null) => true,
            (Self::String(one), Operand::String(other)) => one == other,
            (Self::List(one), Operand::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.equals(other))
            }
            (Self::Object(one), Operand::Object(other)) => one == other,
            // Numbers with the same spelling are equal, so no tolerance is needed.
            (one, other) => one.number().is_some_and(|number| other.number() == Some(number)),
        }
    }

    /// Returns the cost of reading the value, in steps.
    pub(super) fn cost(&self) -> usize {
        /// Bytes of a string that cost one step.
        const BYTES: usize = 32;

        match self {
            Self::String(text) => 1 + text.len() / BYTES,
            Self::List(items) => 1 + items.iter().map(Self::cost).sum::<usize>(),
            Self::Object(object) => 1 + object.len(),
            _ => 1,
        }
    }
}
