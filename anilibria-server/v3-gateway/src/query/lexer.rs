//! The tokens of a query: words, signs and values.

use super::{
    error::{Problem, SyntaxError, shown},
    limits,
};
use crate::path::Path;

/// Signs. A sign precedes every sign that is a prefix of it.
const SIGNS: [&str; 18] =
    ["==", "!=", "~=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "^", "(", ")", ",", "?", ":"];

/// Reserved words.
const WORDS: [&str; 11] = ["and", "or", "not", "in", "of", "if", "then", "else", "null", "true", "false"];

/// A token and its position.
#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    /// Source of the token.
    text: &'t str,
    /// Position of the first character, counted from 1.
    pub(super) position: usize,
}

/// Kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    Text(String),
    Path(Path),
    /// Name of a function or a property.
    Name(String),
    /// A sign or a reserved word.
    Fixed(&'static str),
    /// End of the query.
    End,
}

impl Token<'_> {
    /// Returns the error that `expected` should be in the place of this token.
    pub(super) fn instead_of(&self, expected: &'static str) -> SyntaxError {
        let found = if self.kind == Kind::End { "the end".to_owned() } else { shown(self.text) };
        Problem::unexpected(expected, found).at(self.position)
    }
}

/// Splits `text` into tokens. The last token is the [end](Kind::End).
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, SyntaxError> {
    if text.len() > limits::LENGTH {
        return Err(Problem::Length.at(1));
    }
    let mut lexer = Lexer { left: text, position: 1 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let done = token.kind == Kind::End;
        if tokens.len() >= limits::TOKENS && !done {
            return Err(Problem::Tokens.at(token.position));
        }
        tokens.push(token);
        if done {
            return Ok(tokens);
        }
    }
}

/// Replaces the escapes `\"` and `\\` in the contents of a text in double quotes.
pub(super) fn unescaped(inside: &str) -> String {
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

/// Returns the length of the quoted text at the beginning of `text`, including its quotes; `None` if it is not closed.
pub(super) fn quoted(text: &str) -> Option<usize> {
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
    left: &'t str,
    position: usize,
}

impl<'t> Lexer<'t> {
    fn next(&mut self) -> Result<Token<'t>, SyntaxError> {
        let blank = self.left.find(|character: char| !character.is_whitespace()).unwrap_or(self.left.len());
        self.take(blank);
        let position = self.position;
        let Some(first) = self.left.chars().next() else {
            return Ok(Token { kind: Kind::End, text: "", position });
        };
        let (kind, text) = match first {
            '"' => self.text()?,
            '{' => self.path()?,
            '0'..='9' => self.number()?,
            first if is_name(first) => self.name(),
            _ => self.sign()?,
        };
        Ok(Token { kind, text, position })
    }

    /// Consumes and returns `length` bytes.
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, left) = self.left.split_at(length);
        self.left = left;
        self.position += taken.chars().count();
        taken
    }

    /// Returns the error that `expected` should be at the current position.
    fn unexpected(&self, expected: &'static str) -> SyntaxError {
        let end = self.left.find(char::is_whitespace).unwrap_or(self.left.len());
        Problem::unexpected(expected, shown(self.left.split_at(end).0)).at(self.position)
    }

    fn text(&mut self) -> Result<(Kind, &'t str), SyntaxError> {
        let length =
            quoted(self.left).ok_or_else(|| self.unexpected("a text that ends with a double quote"))?;
        let text = self.take(length);
        let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
        Ok((Kind::Text(unescaped(inside)), text))
    }

    fn path(&mut self) -> Result<(Kind, &'t str), SyntaxError> {
        let close = self.left.find('}').ok_or_else(|| self.unexpected("a path that ends with `}`"))?;
        let position = self.position;
        let text = self.take(close + 1);
        let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
        let path = Path::parse_modern(inside).map_err(|error| Problem::from(error).at(position))?;
        Ok((Kind::Path(path), text))
    }

    fn number(&mut self) -> Result<(Kind, &'t str), SyntaxError> {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let whole = digits(self.left);
        let decimals = self.left.split_at(whole).1.strip_prefix('.').map_or(0, digits);
        let length = if decimals > 0 { whole + 1 + decimals } else { whole };
        if self.left.split_at(length).1.starts_with(|next| is_name(next) || next == '.') {
            return Err(self.unexpected("a number"));
        }
        let position = self.position;
        let text = self.take(length);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok((Kind::Number(number), text)),
            _ => Err(Problem::Number.at(position)),
        }
    }

    fn name(&mut self) -> (Kind, &'t str) {
        let end = self.left.find(|next: char| !is_name(next) && !next.is_ascii_digit());
        let text = self.take(end.unwrap_or(self.left.len()));
        let word = WORDS.into_iter().find(|word| *word == text);
        (word.map_or_else(|| Kind::Name(text.to_owned()), Kind::Fixed), text)
    }

    fn sign(&mut self) -> Result<(Kind, &'t str), SyntaxError> {
        match SIGNS.into_iter().find(|sign| self.left.starts_with(sign)) {
            Some(sign) => Ok((Kind::Fixed(sign), self.take(sign.len()))),
            None => Err(self.unexpected(match self.left.chars().next() {
                Some('=') => "`==`",
                Some('!') => "`not` or `!=`",
                Some('&') => "`and`",
                Some('|') => "`or`",
                Some('\'') => "a text in double quotes",
                _ => "a value or an operator",
            })),
        }
    }
}

/// True if a name may contain `character` at any position.
fn is_name(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}
