//! Binary operators and their precedence.

use std::fmt;

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    In,
    NotIn,
    Equal,
    NotEqual,
    Matches,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

/// Precedence of an expression. An expression needs no parentheses as an operand of one with a lower precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precedence {
    /// `if` and `?`.
    Condition,
    Or,
    And,
    In,
    Equality,
    Order,
    Sum,
    Product,
    Power,
    /// `not`, the sign, and everything that binds more tightly. None of them has a binary operator outside parentheses.
    Operand,
}

impl Operator {
    /// Returns the precedence of the operator.
    pub(super) fn precedence(self) -> Precedence {
        match self {
            Self::Or => Precedence::Or,
            Self::And => Precedence::And,
            Self::In | Self::NotIn => Precedence::In,
            Self::Equal | Self::NotEqual | Self::Matches => Precedence::Equality,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => Precedence::Order,
            Self::Add | Self::Subtract => Precedence::Sum,
            Self::Multiply | Self::Divide | Self::Remainder => Precedence::Product,
            Self::Power => Precedence::Power,
        }
    }
}

impl Precedence {
    /// Returns the next higher precedence. The right side of an operator has it, because operators of equal precedence are
    /// left-associative.
    pub(super) fn higher(self) -> Self {
        match self {
            Self::Condition => Self::Or,
            Self::Or => Self::And,
            Self::And => Self::In,
            Self::In => Self::Equality,
            Self::Equality => Self::Order,
            Self::Order => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Power,
            Self::Power | Self::Operand => Self::Operand,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Or => "or",
            Self::And => "and",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Matches => "~=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "^",
        })
    }
}
