//! Lexer: splits a query into tokens.

use super::{
    error::{SyntaxError, SyntaxErrorKind, excerpt},
    limits,
};
use crate::path::Path;

/// Operators and punctuation. An entry precedes every entry that is a prefix of it.
const PUNCTUATION: [&str; 18] =
    ["==", "!=", "~=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "^", "(", ")", ",", "?", ":"];

/// Reserved words.
const KEYWORDS: [&str; 11] = ["and", "or", "not", "in", "of", "if", "then", "else", "null", "true", "false"];

/// A token and its position.
#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind,
    /// Source of the token.
    text: &'t str,
    /// Position of the first character, counted from 1.
    pub(super) position: usize,
}

/// Kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    String(String),
    Path(Path),
    /// Name of a function or a property.
    Name(String),
    /// An operator, a punctuation character or a reserved word.
    Symbol(&'static str),
    /// End of the query.
    End,
}

impl Token<'_> {
    /// Returns the error for this token where `expected` is required.
    pub(super) fn unexpected(&self, expected: &'static str) -> SyntaxError {
        let found =
            if self.kind == TokenKind::End { "the end of the query".to_owned() } else { excerpt(self.text) };
        SyntaxErrorKind::unexpected(expected, found).at(self.position)
    }
}

/// Splits `text` into tokens. The last token is the [end](TokenKind::End).
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, SyntaxError> {
    if text.len() > limits::LENGTH {
        return Err(SyntaxErrorKind::Length.at(1));
    }
    let mut lexer = Lexer { rest: text, position: 1 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let done = token.kind == TokenKind::End;
        if tokens.len() >= limits::TOKENS && !done {
            return Err(SyntaxErrorKind::Tokens.at(token.position));
        }
        tokens.push(token);
        if done {
            return Ok(tokens);
        }
    }
}

/// Replaces the escapes `\"` and `\\` in the contents of a string in double quotes.
pub(super) fn unescape(inside: &str) -> String {
    let mut text = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some(escaped @ ('"' | '\\'))) => {
                text.push(escaped);
                characters.next();
            }
            // Any other backslash is part of a regular expression.
            (character, _) => text.push(character),
        }
    }
    text
}

/// Returns the length of the quoted string at the beginning of `text`, including its quotes; `None` if it is not closed.
pub(super) fn quoted_len(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// The rest of the source, and its position.
struct Lexer<'t> {
    rest: &'t str,
    position: usize,
}

impl<'t> Lexer<'t> {
    fn next(&mut self) -> Result<Token<'t>, SyntaxError> {
        let blank = self.rest.find(|character: char| !character.is_whitespace()).unwrap_or(self.rest.len());
        self.take(blank);
        let position = self.position;
        let Some(first) = self.rest.chars().next() else {
            return Ok(Token { kind: TokenKind::End, text: "", position });
        };
        let (kind, text) = match first {
            '"' => self.text()?,
            '{' => self.path()?,
            '0'..='9' => self.number()?,
            first if is_name_character(first) => self.name(),
            _ => self.punctuation()?,
        };
        Ok(Token { kind, text, position })
    }

    /// Consumes and returns `length` bytes.
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.position += taken.chars().count();
        taken
    }

    /// Returns the error for the text at the current position where `expected` is required.
    fn unexpected(&self, expected: &'static str) -> SyntaxError {
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        SyntaxErrorKind::unexpected(expected, excerpt(self.rest.split_at(end).0)).at(self.position)
    }

    fn text(&mut self) -> Result<(TokenKind, &'t str), SyntaxError> {
        let length =
            quoted_len(self.rest).ok_or_else(|| self.unexpected("a string that ends with a double quote"))?;
        let text = self.take(length);
        let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
        Ok((TokenKind::String(unescape(inside)), text))
    }

    fn path(&mut self) -> Result<(TokenKind, &'t str), SyntaxError> {
        let close = self.rest.find('}').ok_or_else(|| self.unexpected("a path that ends with `}`"))?;
        let position = self.position;
        let text = self.take(close + 1);
        let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
        let path =
            Path::parse_with_v2_names(inside).map_err(|error| SyntaxErrorKind::from(error).at(position))?;
        Ok((TokenKind::Path(path), text))
    }

    fn number(&mut self) -> Result<(TokenKind, &'t str), SyntaxError> {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let integer = digits(self.rest);
        let decimals = self.rest.split_at(integer).1.strip_prefix('.').map_or(0, digits);
        let length = if decimals > 0 { integer + 1 + decimals } else { integer };
        if self.rest.split_at(length).1.starts_with(|next| is_name_character(next) || next == '.') {
            return Err(self.unexpected("a number"));
        }
        let position = self.position;
        let text = self.take(length);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok((TokenKind::Number(number), text)),
            _ => Err(SyntaxErrorKind::Number.at(position)),
        }
    }

    fn name(&mut self) -> (TokenKind, &'t str) {
        let end = self.rest.find(|next: char| !is_name_character(next) && !next.is_ascii_digit());
        let text = self.take(end.unwrap_or(self.rest.len()));
        let word = KEYWORDS.into_iter().find(|word| *word == text);
        (word.map_or_else(|| TokenKind::Name(text.to_owned()), TokenKind::Symbol), text)
    }

    fn punctuation(&mut self) -> Result<(TokenKind, &'t str), SyntaxError> {
        match PUNCTUATION.into_iter().find(|sign| self.rest.starts_with(sign)) {
            Some(sign) => Ok((TokenKind::Symbol(sign), self.take(sign.len()))),
            None => Err(self.unexpected(match self.rest.chars().next() {
                Some('=') => "`==`",
                Some('!') => "`not` or `!=`",
                Some('&') => "`and`",
                Some('|') => "`or`",
                Some('\'') => "a string in double quotes",
                _ => "a value or an operator",
            })),
        }
    }
}

/// True if a name may contain `character` at any position.
fn is_name_character(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}
