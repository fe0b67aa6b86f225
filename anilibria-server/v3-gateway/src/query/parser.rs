//! Parser: builds the expression of a query from its tokens.

use super::{
    error::{SyntaxError, SyntaxErrorKind},
    expression::Expression,
    function::Function,
    lexer::{Token, TokenKind, tokens},
    limits,
    list::ListLiteral,
    operator::{Operator, Precedence},
    pattern::PatternSource,
};
use crate::path::Path;

/// Key that published clients write without braces: `released == false`.
const RELEASED: &str = "released";

/// Parses `text`, which must be one query.
pub(super) fn parse(text: &str) -> Result<Expression, SyntaxError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, depth: 0, patterns: 0 };
    let expression = parser.expression(Precedence::Condition)?;
    match parser.peek() {
        // Chains of different levels nest to the left without recursion of the parser, so the height is checked here.
        None | Some(TokenKind::End) if expression.height() > limits::DEPTH => {
            Err(SyntaxErrorKind::Depth.at(1))
        }
        None | Some(TokenKind::End) => Ok(expression),
        Some(_) => Err(parser.unexpected("an operator or the end of the query")),
    }
}

/// Returns the right side of an operator, which begins at the character `position`. To the right of `~=`, a string is a
/// regular expression. It is compiled when the query is evaluated, because compiling may be costly.
pub(super) fn right_side(operator: Operator, right: Expression, position: usize) -> Expression {
    match (operator, right) {
        (Operator::Matches, Expression::String(text)) => {
            Expression::Pattern(PatternSource::new(text, position))
        }
        (_, right) => right,
    }
}

/// The remaining tokens. The last one is [`TokenKind::End`].
struct Parser<'t> {
    tokens: &'t [Token<'t>],
    depth: usize,
    /// Number of regular expressions so far.
    patterns: usize,
}

impl<'t> Parser<'t> {
    /// Parses an expression whose operators have at least the precedence `min_precedence`.
    fn expression(&mut self, min_precedence: Precedence) -> Result<Expression, SyntaxError> {
        let mut left = self.operand()?;
        loop {
            if let Some((operator, length)) = self.operator()
                && operator.precedence() >= min_precedence
            {
                self.advance(length);
                let position = self.position();
                let right = self.nested(|parser| parser.expression(operator.precedence().higher()))?;
                if operator == Operator::Matches {
                    self.patterns += 1;
                }
                if self.patterns > limits::PATTERNS {
                    return Err(SyntaxErrorKind::Patterns.at(position));
                }
                left = left.with_operator(operator, right_side(operator, right, position));
            } else if min_precedence == Precedence::Condition && self.accept("?") {
                left = self.nested(|parser| parser.branches(left, ":", "`:`"))?;
            } else {
                return Ok(left);
            }
        }
    }

    /// Parses an operand.
    fn operand(&mut self) -> Result<Expression, SyntaxError> {
        const VALUE: &str = "a value (write keys of the title in braces: `{id}`)";

        let Some((token, rest)) = self.tokens.split_first() else {
            return Err(SyntaxErrorKind::Tokens.at(1));
        };
        if token.kind == TokenKind::End {
            return Err(token.unexpected("a value"));
        }
        self.tokens = rest;
        match &token.kind {
            TokenKind::Number(number) => Ok(Expression::Number(*number)),
            TokenKind::Path(path) if self.accept("of") => self.property(path.clone()),
            TokenKind::Path(path) => Ok(Expression::Path(path.clone())),
            TokenKind::String(name) | TokenKind::Name(name) if self.accept("of") => {
                let path = Path::parse_with_v2_names(name)
                    .map_err(|error| SyntaxErrorKind::from(error).at(token.position))?;
                self.property(path)
            }
            TokenKind::String(text) => Ok(Expression::String(text.clone())),
            TokenKind::Name(name) if self.accept("(") => self.nested(|parser| parser.call(name, token)),
            TokenKind::Symbol("null") => Ok(Expression::Null),
            TokenKind::Symbol("true") => Ok(Expression::Bool(true)),
            TokenKind::Symbol("false") => Ok(Expression::Bool(false)),
            TokenKind::Symbol("-") => self.nested(Self::operand).map(Expression::negate),
            TokenKind::Symbol("not") => {
                self.nested(Self::operand).map(|operand| Expression::Not(Box::new(operand)))
            }
            TokenKind::Symbol("(") => self.nested(Self::parentheses),
            TokenKind::Symbol("if") => self.nested(|parser| {
                let condition = parser.expression(Precedence::Condition)?;
                parser.expect("then", "`then`")?;
                parser.branches(condition, "else", "`else`")
            }),
            TokenKind::Name(name) if name == RELEASED => {
                let path =
                    Path::parse(name).map_err(|error| SyntaxErrorKind::from(error).at(token.position))?;
                Ok(Expression::Path(path))
            }
            TokenKind::Name(_) => Err(token.unexpected(VALUE)),
            TokenKind::Symbol(_) | TokenKind::End => Err(token.unexpected("a value")),
        }
    }

    /// Parses both branches of a condition, separated by `divider`.
    fn branches(
        &mut self,
        condition: Expression,
        divider: &'static str,
        expected: &'static str,
    ) -> Result<Expression, SyntaxError> {
        let then = self.expression(Precedence::Condition)?;
        self.expect(divider, expected)?;
        let otherwise = self.expression(Precedence::Condition)?;
        Ok(Expression::If {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        })
    }

    /// Parses the object whose `property` is read.
    fn property(&mut self, property: Path) -> Result<Expression, SyntaxError> {
        let object = self.nested(Self::operand)?;
        Ok(Expression::Of { property, object: Box::new(object) })
    }

    /// Parses an expression or a list, after `(`.
    fn parentheses(&mut self) -> Result<Expression, SyntaxError> {
        let mut items = self.items()?;
        match (items.len(), items.pop()) {
            (1, Some(only)) => Ok(only),
            (_, last) => {
                items.extend(last);
                Ok(Expression::List(ListLiteral::new(items)))
            }
        }
    }

    /// Parses the arguments of a function, after its name and `(`.
    fn call(&mut self, name: &str, token: &Token<'_>) -> Result<Expression, SyntaxError> {
        let function = Function::from_name(name).ok_or_else(|| {
            SyntaxErrorKind::UnknownFunction { name: name.chars().take(32).collect() }.at(token.position)
        })?;
        let arguments = if self.accept(")") { Vec::new() } else { self.items()? };
        match function.wrong_arity(arguments.len()) {
            Some(expected) => {
                let kind = SyntaxErrorKind::Arguments { function, expected, found: arguments.len() };
                Err(kind.at(token.position))
            }
            None => Ok(Expression::Call { function, arguments }),
        }
    }

    /// Parses one or more expressions separated by commas, and the `)`.
    fn items(&mut self) -> Result<Vec<Expression>, SyntaxError> {
        let mut items = vec![self.expression(Precedence::Condition)?];
        while self.accept(",") {
            if items.len() >= limits::LIST {
                return Err(SyntaxErrorKind::List.at(self.position()));
            }
            items.push(self.expression(Precedence::Condition)?);
        }
        self.expect(")", "`,` or `)`")?;
        Ok(items)
    }

    /// Calls `read` for a nested expression, one level deeper.
    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Expression, SyntaxError>,
    ) -> Result<Expression, SyntaxError> {
        if self.depth >= limits::DEPTH {
            return Err(SyntaxErrorKind::Depth.at(self.position()));
        }
        self.depth += 1;
        let expression = read(self)?;
        self.depth -= 1;
        Ok(expression)
    }

    /// Returns the next operator and the number of its tokens.
    fn operator(&self) -> Option<(Operator, usize)> {
        let TokenKind::Symbol(sign) = self.peek()? else { return None };
        let operator = match *sign {
            "not" => {
                let next = &self.tokens.get(1)?.kind;
                return (*next == TokenKind::Symbol("in")).then_some((Operator::NotIn, 2));
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

    fn peek(&self) -> Option<&'t TokenKind> {
        self.tokens.first().map(|token| &token.kind)
    }

    /// Returns the position of the next token.
    fn position(&self) -> usize {
        self.tokens.first().map_or(1, |token| token.position)
    }

    fn advance(&mut self, count: usize) {
        self.tokens = self.tokens.get(count..).unwrap_or_default();
    }

    /// Consumes `symbol` if it is the next token.
    fn accept(&mut self, symbol: &'static str) -> bool {
        let next = self.peek() == Some(&TokenKind::Symbol(symbol));
        self.advance(usize::from(next));
        next
    }

    /// Consumes `symbol`, which must be the next token.
    fn expect(&mut self, symbol: &'static str, expected: &'static str) -> Result<(), SyntaxError> {
        if self.accept(symbol) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// Returns the error for the next token where `expected` is required.
    fn unexpected(&self, expected: &'static str) -> SyntaxError {
        self.tokens.first().map_or_else(|| SyntaxErrorKind::Tokens.at(1), |token| token.unexpected(expected))
    }
}
