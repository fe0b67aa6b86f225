//! The syntax tree of a query.

use std::{
    fmt::{self, Display},
    iter,
};

use super::{
    function::Function,
    list::List,
    operator::{Level, Operator},
    pattern::PatternText,
};
use crate::path::Path;

/// An expression: a constant, a path, or an operation on other expressions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// The value of the title at this path.
    Path(Path),
    List(List),
    /// A text to the right of `~=`.
    Pattern(PatternText),
    /// Operators of one level, from left to right. A binary tree would be as deep as the chain is long.
    Chain {
        first: Box<Expression>,
        rest: Vec<(Operator, Expression)>,
    },
    Not(Box<Expression>),
    Negative(Box<Expression>),
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
    pub(super) fn then(self, operator: Operator, right: Self) -> Self {
        match self {
            Self::Chain { first, mut rest } if Self::level_of(&rest) == operator.level() => {
                rest.push((operator, right));
                Self::Chain { first, rest }
            }
            first => Self::Chain { first: Box::new(first), rest: vec![(operator, right)] },
        }
    }

    /// Returns `-self`. A constant number takes the sign itself, so that lists can contain negative numbers.
    pub(super) fn negative(self) -> Self {
        match self {
            Self::Number(number) => Self::Number(-number),
            other => Self::Negative(Box::new(other)),
        }
    }

    /// Calls `visit` with this expression and every expression in it.
    pub(super) fn visit(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        for part in self.parts() {
            part.visit(visit);
        }
    }

    /// Returns the depth of the tree, this expression included.
    pub(super) fn height(&self) -> usize {
        1 + self.parts().into_iter().map(Self::height).max().unwrap_or_default()
    }

    /// Returns the direct subexpressions.
    fn parts(&self) -> Vec<&Self> {
        match self {
            Self::List(list) => list.items().iter().collect(),
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::Not(part) | Self::Negative(part) | Self::Of { object: part, .. } => vec![part],
            Self::Chain { first, rest } => {
                let rest = rest.iter().map(|(_, right)| right);
                iter::once(first.as_ref()).chain(rest).collect()
            }
            Self::If { condition, then, otherwise } => vec![condition, then, otherwise],
            _ => Vec::new(),
        }
    }

    /// Returns the level of a chain with these links.
    fn level_of(rest: &[(Operator, Self)]) -> Level {
        rest.first().map_or(Level::Operand, |(operator, _)| operator.level())
    }

    fn level(&self) -> Level {
        match self {
            Self::If { .. } => Level::Condition,
            Self::Chain { rest, .. } => Self::level_of(rest),
            _ => Level::Operand,
        }
    }

    /// Writes the expression, in parentheses if it binds less tightly than `loosest`.
    fn write(&self, f: &mut fmt::Formatter<'_>, loosest: Level) -> fmt::Result {
        if self.level() < loosest {
            return write!(f, "({self})");
        }
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write_text(f, text),
            Self::Pattern(pattern) => write_text(f, pattern.text()),
            Self::Path(path) => write!(f, "{{{path}}}"),
            Self::List(list) => write_list(f, list.items()),
            Self::Chain { first, rest } => {
                let level = self.level();
                first.write(f, level)?;
                rest.iter().try_for_each(|(operator, right)| {
                    write!(f, " {operator} ")?;
                    right.write(f, level.tighter())
                })
            }
            Self::Not(operand) => {
                f.write_str("not ")?;
                operand.write(f, Level::Operand)
            }
            Self::Negative(operand) => {
                f.write_str("-")?;
                operand.write(f, Level::Operand)
            }
            Self::If { condition, then, otherwise } => {
                write!(f, "if {condition} then {then} else {otherwise}")
            }
            Self::Of { property, object } => {
                write!(f, "{{{property}}} of ")?;
                object.write(f, Level::Operand)
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
        self.write(f, Level::Condition)
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
