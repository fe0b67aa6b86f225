//! The functions of queries.

use std::fmt;

use super::operand::Operand;

/// A function of queries. Numbers may also be given as a list: `max({torrents.list[*].seeders})`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `abs(number)`: the absolute value.
    Abs,
    /// `ceil(number)`: the number rounded up.
    Ceil,
    /// `floor(number)`: the number rounded down.
    Floor,
    /// `round(number)`: the nearest integer; a half is rounded up.
    Round,
    /// `sqrt(number)`: the square root.
    Sqrt,
    /// `log(number)`: the natural logarithm.
    Log,
    /// `log2(number)`: the logarithm to the base 2.
    Log2,
    /// `log10(number)`: the logarithm to the base 10.
    Log10,
    /// `max(number, …)`: the maximum.
    Max,
    /// `min(number, …)`: the minimum.
    Min,
    /// `len(value)`: the number of elements of a list, entries of an object, or characters of a string.
    Len,
    /// `randomInt(from, to)`: a random integer, both ends included.
    RandomInt,
    /// `empty(value)`: true if the value is missing, `null`, `""`, or a list or object without elements.
    Empty,
    /// `exists(value)`: true if the value is neither missing nor `null`.
    Exists,
}

impl Function {
    /// All functions, in the order of error messages.
    const ALL: [Self; 14] = [
        Self::Abs,
        Self::Ceil,
        Self::Floor,
        Self::Round,
        Self::Sqrt,
        Self::Log,
        Self::Log2,
        Self::Log10,
        Self::Max,
        Self::Min,
        Self::Len,
        Self::RandomInt,
        Self::Empty,
        Self::Exists,
    ];

    /// Returns the function with this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    /// Returns all names, for an error message.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::Ceil => "ceil",
            Self::Floor => "floor",
            Self::Round => "round",
            Self::Sqrt => "sqrt",
            Self::Log => "log",
            Self::Log2 => "log2",
            Self::Log10 => "log10",
            Self::Max => "max",
            Self::Min => "min",
            Self::Len => "len",
            Self::RandomInt => "randomInt",
            Self::Empty => "empty",
            Self::Exists => "exists",
        }
    }

    /// Returns the valid numbers of arguments, in words, unless `count` is one of them.
    pub(super) fn wrong_arity(self, count: usize) -> Option<&'static str> {
        let (is_valid, expected) = match self {
            Self::Max | Self::Min => (count > 0, "one argument or more"),
            Self::RandomInt => (count == 2, "two arguments"),
            _ => (count == 1, "one argument"),
        };
        (!is_valid).then_some(expected)
    }

    /// Returns the value of the function. If a number is required and the argument is not one, the value is missing.
    pub(super) fn call<'a>(self, arguments: &[Operand<'_>]) -> Operand<'a> {
        match (self, arguments) {
            (Self::Max, numbers) => min_or_max(numbers, f64::max),
            (Self::Min, numbers) => min_or_max(numbers, f64::min),
            (Self::RandomInt, [from, to]) => random(from, to),
            (Self::Len, [value]) => value.len().map_or(Operand::Missing, Operand::count),
            (Self::Empty, [value]) => Operand::Bool(value.is_empty()),
            (Self::Exists, [value]) => Operand::Bool(!matches!(value, Operand::Missing | Operand::Null)),
            (function, [value]) => {
                value.number().map_or(Operand::Missing, |number| Operand::Number(function.of_number(number)))
            }
            _ => Operand::Missing,
        }
    }

    /// Returns the value of a function of one number.
    fn of_number(self, number: f64) -> f64 {
        match self {
            Self::Abs => number.abs(),
            Self::Ceil => number.ceil(),
            Self::Floor => number.floor(),
            Self::Round => {
                let floor = number.floor();
                if number - floor < 0.5 { floor } else { number.ceil() }
            }
            Self::Sqrt => number.sqrt(),
            Self::Log => number.ln(),
            Self::Log2 => number.log2(),
            Self::Log10 => number.log10(),
            Self::Max | Self::Min | Self::Len | Self::RandomInt | Self::Empty | Self::Exists => number,
        }
    }
}

/// Returns the maximum or minimum of numbers and lists of numbers. Missing if there are none, or if a value is not a number.
fn min_or_max<'a>(arguments: &[Operand<'_>], pick: fn(f64, f64) -> f64) -> Operand<'a> {
    let mut numbers = arguments.iter().flat_map(Operand::elements).map(Operand::number);
    let first = numbers.next().flatten();
    let found = first.and_then(|first| numbers.try_fold(first, |found, next| Some(pick(found, next?))));
    found.map_or(Operand::Missing, Operand::Number)
}

/// Returns a random integer. Missing if there is none between `from` and `to`.
fn random<'a>(from: &Operand<'_>, to: &Operand<'_>) -> Operand<'a> {
    /// The greatest integer up to which `f64` represents every integer exactly.
    const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

    let (Some(from), Some(to)) = (from.number(), to.number()) else { return Operand::Missing };
    let (from, to) = (from.ceil(), to.floor());
    if from > to || from < -MAX_SAFE_INTEGER || to > MAX_SAFE_INTEGER || from.is_nan() || to.is_nan() {
        return Operand::Missing;
    }
    let chance = (fastrand::f64() * (to - from + 1.0)).floor();
    // For large numbers, rounding may exceed the end of the range.
    Operand::Number((from + chance).min(to))
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
