//! The parser of queries.

use super::{
    error::{Problem, SyntaxError},
    expression::Expression,
    function::Function,
    lexer::{Kind, Token, tokens},
    limits,
    list::List,
    operator::{Level, Operator},
    pattern::PatternText,
};
use crate::path::Path;

/// The key that published clients write without braces: `released == false`.
const RELEASED: &str = "released";

/// Parses a whole query.
pub(super) fn parse(text: &str) -> Result<Expression, SyntaxError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, depth: 0, patterns: 0 };
    let expression = parser.expression(Level::Condition)?;
    match parser.kind() {
        // Chains of different levels nest to the left without recursion of the parser, so the height is checked here.
        None | Some(Kind::End) if expression.height() > limits::DEPTH => Err(Problem::Depth.at(1)),
        None | Some(Kind::End) => Ok(expression),
        Some(_) => Err(parser.instead_of("an operator or the end")),
    }
}

/// Returns the right side of an operator, which begins at the character `position`. To the right of `~=`, a text is a
/// regular expression. It is compiled when the query is evaluated, because compiling may be costly.
pub(super) fn right_side(operator: Operator, right: Expression, position: usize) -> Expression {
    match (operator, right) {
        (Operator::Matches, Expression::Text(text)) => Expression::Pattern(PatternText::new(text, position)),
        (_, right) => right,
    }
}

/// The remaining tokens. The last one is the end.
struct Parser<'t> {
    tokens: &'t [Token<'t>],
    depth: usize,
    /// Number of regular expressions so far.
    patterns: usize,
}

impl<'t> Parser<'t> {
    /// Parses an expression whose operators have at least the precedence `loosest`.
    fn expression(&mut self, loosest: Level) -> Result<Expression, SyntaxError> {
        let mut left = self.operand()?;
        loop {
            if let Some((operator, length)) = self.operator()
                && operator.level() >= loosest
            {
                self.skip(length);
                let position = self.position();
                let right = self.deeper(|parser| parser.expression(operator.level().tighter()))?;
                if operator == Operator::Matches {
                    self.patterns += 1;
                }
                if self.patterns > limits::PATTERNS {
                    return Err(Problem::Patterns.at(position));
                }
                left = left.then(operator, right_side(operator, right, position));
            } else if loosest == Level::Condition && self.eat("?") {
                left = self.deeper(|parser| parser.branches(left, ":", "`:`"))?;
            } else {
                return Ok(left);
            }
        }
    }

    /// Parses an operand.
    fn operand(&mut self) -> Result<Expression, SyntaxError> {
        const VALUE: &str = "a value (keys of the title stand in braces: `{id}`)";

        let Some((token, left)) = self.tokens.split_first() else { return Err(Problem::Tokens.at(1)) };
        if token.kind == Kind::End {
            return Err(token.instead_of("a value"));
        }
        self.tokens = left;
        match &token.kind {
            Kind::Number(number) => Ok(Expression::Number(*number)),
            Kind::Path(path) if self.eat("of") => self.property(path.clone()),
            Kind::Path(path) => Ok(Expression::Path(path.clone())),
            Kind::Text(name) | Kind::Name(name) if self.eat("of") => {
                let path =
                    Path::parse_modern(name).map_err(|error| Problem::from(error).at(token.position))?;
                self.property(path)
            }
            Kind::Text(text) => Ok(Expression::Text(text.clone())),
            Kind::Name(name) if self.eat("(") => self.deeper(|parser| parser.call(name, token)),
            Kind::Fixed("null") => Ok(Expression::Null),
            Kind::Fixed("true") => Ok(Expression::Bool(true)),
            Kind::Fixed("false") => Ok(Expression::Bool(false)),
            Kind::Fixed("-") => self.deeper(Self::operand).map(Expression::negative),
            Kind::Fixed("not") => {
                self.deeper(Self::operand).map(|operand| Expression::Not(Box::new(operand)))
            }
            Kind::Fixed("(") => self.deeper(Self::parentheses),
            Kind::Fixed("if") => self.deeper(|parser| {
                let condition = parser.expression(Level::Condition)?;
                parser.expect("then", "`then`")?;
                parser.branches(condition, "else", "`else`")
            }),
            Kind::Name(name) if name == RELEASED => {
                let path = Path::parse(name).map_err(|error| Problem::from(error).at(token.position))?;
                Ok(Expression::Path(path))
            }
            Kind::Name(_) => Err(token.instead_of(VALUE)),
            Kind::Fixed(_) | Kind::End => Err(token.instead_of("a value")),
        }
    }

    /// Parses both branches of a condition, separated by `divider`.
    fn branches(
        &mut self,
        condition: Expression,
        divider: &'static str,
        expected: &'static str,
    ) -> Result<Expression, SyntaxError> {
        let then = self.expression(Level::Condition)?;
        self.expect(divider, expected)?;
        let otherwise = self.expression(Level::Condition)?;
        Ok(Expression::If {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        })
    }

    /// Parses the object whose `property` is read.
    fn property(&mut self, property: Path) -> Result<Expression, SyntaxError> {
        let object = self.deeper(Self::operand)?;
        Ok(Expression::Of { property, object: Box::new(object) })
    }

    /// Parses an expression or a list, after `(`.
    fn parentheses(&mut self) -> Result<Expression, SyntaxError> {
        let mut items = self.items()?;
        match (items.len(), items.pop()) {
            (1, Some(only)) => Ok(only),
            (_, last) => {
                items.extend(last);
                Ok(Expression::List(List::new(items)))
            }
        }
    }

    /// Parses the arguments of a function, after its name and `(`.
    fn call(&mut self, name: &str, token: &Token<'_>) -> Result<Expression, SyntaxError> {
        let function = Function::named(name).ok_or_else(|| {
            Problem::UnknownFunction { name: name.chars().take(32).collect() }.at(token.position)
        })?;
        let arguments = if self.eat(")") { Vec::new() } else { self.items()? };
        match function.refuses(arguments.len()) {
            Some(wanted) => {
                let problem = Problem::Arguments { function, wanted, found: arguments.len() };
                Err(problem.at(token.position))
            }
            None => Ok(Expression::Call { function, arguments }),
        }
    }

    /// Parses one or more expressions separated by commas, and the `)`.
    fn items(&mut self) -> Result<Vec<Expression>, SyntaxError> {
        let mut items = vec![self.expression(Level::Condition)?];
        while self.eat(",") {
            if items.len() >= limits::LIST {
                return Err(Problem::List.at(self.position()));
            }
            items.push(self.expression(Level::Condition)?);
        }
        self.expect(")", "`,` or `)`")?;
        Ok(items)
    }

    /// Calls `read` one level deeper.
    fn deeper(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Expression, SyntaxError>,
    ) -> Result<Expression, SyntaxError> {
        if self.depth >= limits::DEPTH {
            return Err(Problem::Depth.at(self.position()));
        }
        self.depth += 1;
        let expression = read(self)?;
        self.depth -= 1;
        Ok(expression)
    }

    /// Returns the next operator and the number of its tokens.
    fn operator(&self) -> Option<(Operator, usize)> {
        let Kind::Fixed(sign) = self.kind()? else { return None };
        let operator = match *sign {
            "not" => {
                let next = &self.tokens.get(1)?.kind;
                return (*next == Kind::Fixed("in")).then_some((Operator::NotIn, 2));
            }
            "or" => Operator::Or,
            "and" => Operator::And,
            "in" => Operator::In,
            "==" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "~=" => Operator::Matches,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            "%" => Operator::Remainder,
            "^" => Operator::Power,
            _ => return None,
        };
        Some((operator, 1))
    }

    fn kind(&self) -> Option<&'t Kind> {
        self.tokens.first().map(|token| &token.kind)
    }

    /// Returns the position of the next token.
    fn position(&self) -> usize {
        self.tokens.first().map_or(1, |token| token.position)
    }

    fn skip(&mut self, count: usize) {
        self.tokens = self.tokens.get(count..).unwrap_or_default();
    }

    /// Consumes `fixed` if it is the next token.
    fn eat(&mut self, fixed: &'static str) -> bool {
        let next = self.kind() == Some(&Kind::Fixed(fixed));
        self.skip(usize::from(next));
        next
    }

    /// Consumes `fixed`, which must be the next token.
    fn expect(&mut self, fixed: &'static str, expected: &'static str) -> Result<(), SyntaxError> {
        if self.eat(fixed) { Ok(()) } else { Err(self.instead_of(expected)) }
    }

    /// Returns the error that `expected` should be in the place of the next token.
    fn instead_of(&self, expected: &'static str) -> SyntaxError {
        self.tokens.first().map_or_else(|| Problem::Tokens.at(1), |token| token.instead_of(expected))
    }
}
