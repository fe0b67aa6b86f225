//! The syntax tree of a query.

use std::{
    fmt::{self, Display},
    iter,
};

use super::{
    function::Function,
    list::ListLiteral,
    operator::{Operator, Precedence},
    pattern::PatternSource,
};
use crate::path::Path;

/// An expression: a constant, a path, or an operation on other expressions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    /// The value of the title at this path.
    Path(Path),
    List(ListLiteral),
    /// A string to the right of `~=`.
    Pattern(PatternSource),
    /// Operators of one precedence, from left to right. A binary tree would be as deep as the chain is long.
    Chain {
        first: Box<Expression>,
        rest: Vec<(Operator, Expression)>,
    },
    Not(Box<Expression>),
    Negate(Box<Expression>),
    If {
        condition: Box<Expression>,
        then: Box<Expression>,
        otherwise: Box<Expression>,
    },
    Of {
        property: Path,
        object: Box<Expression>,
    },
    Call {
        function: Function,
        arguments: Vec<Expression>,
    },
}

impl Expression {
    /// Returns `self operator right`.
    pub(super) fn with_operator(self, operator: Operator, right: Self) -> Self {
        match self {
            Self::Chain { first, mut rest } if Self::precedence_of(&rest) == operator.precedence() => {
                rest.push((operator, right));
                Self::Chain { first, rest }
            }
            first => Self::Chain { first: Box::new(first), rest: vec![(operator, right)] },
        }
    }

    /// Returns `-self`. A constant number takes the sign itself, so that lists can contain negative numbers.
    pub(super) fn negate(self) -> Self {
        match self {
            Self::Number(number) => Self::Number(-number),
            other => Self::Negate(Box::new(other)),
        }
    }

    /// Calls `visit` with this expression and all its subexpressions.
    pub(super) fn walk(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// Returns the depth of the tree, this expression included.
    pub(super) fn height(&self) -> usize {
        1 + self.children().into_iter().map(Self::height).max().unwrap_or_default()
    }

    /// Returns the direct subexpressions.
    fn children(&self) -> Vec<&Self> {
        match self {
            Self::List(list) => list.items().iter().collect(),
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::Not(part) | Self::Negate(part) | Self::Of { object: part, .. } => vec![part],
            Self::Chain { first, rest } => {
                let rest = rest.iter().map(|(_, right)| right);
                iter::once(first.as_ref()).chain(rest).collect()
            }
            Self::If { condition, then, otherwise } => vec![condition, then, otherwise],
            _ => Vec::new(),
        }
    }

    /// Returns the precedence of a chain with these operators.
    fn precedence_of(rest: &[(Operator, Self)]) -> Precedence {
        rest.first().map_or(Precedence::Operand, |(operator, _)| operator.precedence())
    }

    fn precedence(&self) -> Precedence {
        match self {
            Self::If { .. } => Precedence::Condition,
            Self::Chain { rest, .. } => Self::precedence_of(rest),
            _ => Precedence::Operand,
        }
    }

    /// Writes the expression, in parentheses if its precedence is lower than `min_precedence`.
    fn write(&self, f: &mut fmt::Formatter<'_>, min_precedence: Precedence) -> fmt::Result {
        if self.precedence() < min_precedence {
            return write!(f, "({self})");
        }
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::String(text) => write_text(f, text),
            Self::Pattern(pattern) => write_text(f, pattern.text()),
            Self::Path(path) => write!(f, "{{{path}}}"),
            Self::List(list) => write_list(f, list.items()),
            Self::Chain { first, rest } => {
                let precedence = self.precedence();
                first.write(f, precedence)?;
                rest.iter().try_for_each(|(operator, right)| {
                    write!(f, " {operator} ")?;
                    right.write(f, precedence.higher())
                })
            }
            Self::Not(operand) => {
                f.write_str("not ")?;
                operand.write(f, Precedence::Operand)
            }
            Self::Negate(operand) => {
                f.write_str("-")?;
                operand.write(f, Precedence::Operand)
            }
            Self::If { condition, then, otherwise } => {
                write!(f, "if {condition} then {then} else {otherwise}")
            }
            Self::Of { property, object } => {
                write!(f, "{{{property}}} of ")?;
                object.write(f, Precedence::Operand)
            }
            Self::Call { function, arguments } => {
                function.fmt(f)?;
                write_list(f, arguments)
            }
        }
    }
}

/// Formats the expression as a query.
impl Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Precedence::Condition)
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn write_list(f: &mut fmt::Formatter<'_>, items: &[Expression]) -> fmt::Result {
    f.write_str("(")?;
    for (position, item) in items.iter().enumerate() {
        let comma = if position > 0 { ", " } else { "" };
        write!(f, "{comma}{item}")?;
    }
    f.write_str(")")
}
