//! Lists that are written in a query.

use std::collections::HashSet;

use super::{expression::Expression, operand::Operand};

/// Values in parentheses: `(1, 2, 3)`.
#[derive(Clone, Debug)]
pub(super) struct ListLiteral {
    items: Vec<Expression>,
    /// The values as sets, if none of them depends on the title.
    constants: Option<ConstantSet>,
}

/// Constant values as sets, for lookups in constant time.
#[derive(Clone, Debug, Default)]
pub(super) struct ConstantSet {
    null: bool,
    /// Bit patterns of the numbers. Both zeros have the same one.
    numbers: HashSet<u64>,
    strings: HashSet<String>,
}

impl ListLiteral {
    /// Creates a list of `items`.
    pub(super) fn new(items: Vec<Expression>) -> Self {
        let mut constants = ConstantSet::default();
        let complete = items.iter().all(|item| constants.insert(item));
        Self { constants: complete.then_some(constants), items }
    }

    /// Returns the values in the order of the query.
    pub(super) fn items(&self) -> &[Expression] {
        &self.items
    }

    /// Returns the values as sets; `None` if they depend on the title.
    pub(super) fn constants(&self) -> Option<&ConstantSet> {
        self.constants.as_ref()
    }
}

/// Lists are equal if their values are.
impl PartialEq for ListLiteral {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl ConstantSet {
    /// Adds a value; returns `false` if the value depends on the title.
    fn insert(&mut self, item: &Expression) -> bool {
        match item {
            Expression::Null => self.null = true,
            Expression::Bool(value) => _ = self.numbers.insert(bits(f64::from(*value))),
            Expression::Number(value) => _ = self.numbers.insert(bits(*value)),
            Expression::String(value) => _ = self.strings.insert(value.clone()),
            _ => return false,
        }
        true
    }

    /// True if `value` is in the list.
    pub(super) fn contains(&self, value: &Operand<'_>) -> bool {
        match value {
            Operand::Null => self.null,
            Operand::String(text) => self.strings.contains(text.as_ref()),
            value => value.number().is_some_and(|number| self.numbers.contains(&bits(number))),
        }
    }
}

/// Returns the bit pattern of a number, which is the same for equal numbers. Numbers in a query are never NaN.
fn bits(number: f64) -> u64 {
    // Adding zero turns -0 into 0.
    (number + 0.0).to_bits()
}
