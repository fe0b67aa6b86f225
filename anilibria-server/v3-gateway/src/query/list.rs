//! Lists that are written in a query.

use std::collections::HashSet;

use super::{expression::Expression, operand::Operand};

/// Values in parentheses: `(1, 2, 3)`.
#[derive(Clone, Debug)]
pub(super) struct List {
    items: Vec<Expression>,
    /// The same values to look up in, if none of them depends on the title.
    known: Option<Known>,
}

/// Values among which one is found at once, however many they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    null: bool,
    /// By their bits, with a single zero.
    numbers: HashSet<u64>,
    texts: HashSet<String>,
}

impl List {
    /// A list of `items`.
    pub(super) fn new(items: Vec<Expression>) -> Self {
        let mut known = Known::default();
        let complete = items.iter().all(|item| known.insert(item));
        Self { known: complete.then_some(known), items }
    }

    /// Its values, as they are written.
    pub(super) fn items(&self) -> &[Expression] {
        &self.items
    }

    /// The values to look up in; `None` when they depend on the title.
    pub(super) fn known(&self) -> Option<&Known> {
        self.known.as_ref()
    }
}

/// A list is what is written in it.
impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl Known {
    /// Takes a value in, unless it is not known before the title is.
    fn insert(&mut self, item: &Expression) -> bool {
        match item {
            Expression::Null => self.null = true,
            Expression::Bool(value) => _ = self.numbers.insert(bits(f64::from(*value))),
            Expression::Number(value) => _ = self.numbers.insert(bits(*value)),
            Expression::Text(value) => _ = self.texts.insert(value.clone()),
            _ => return false,
        }
        true
    }

    /// Whether `value` is among them.
    pub(super) fn holds(&self, value: &Operand<'_>) -> bool {
        match value {
            Operand::Null => self.null,
            Operand::Text(text) => self.texts.contains(text.as_ref()),
            value => value.number().is_some_and(|number| self.numbers.contains(&bits(number))),
        }
    }
}

/// The bits of a number, the same for numbers that are equal. No number written in a query is not-a-number.
fn bits(number: f64) -> u64 {
    // Adding a zero takes the sign off of a negative one.
    (number + 0.0).to_bits()
}
