//! Regular expressions of queries: matched in a time that grows with the text only, and bounded in size.

use regex::{Regex, RegexBuilder};

use super::{error::Problem, limits};

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles `source`.
    pub(super) fn compile(source: &str) -> Result<Self, Problem> {
        if source.len() > limits::PATTERN {
            return Err(Problem::Pattern { reason: format!("is longer than {} bytes", limits::PATTERN) });
        }
        let compiled = RegexBuilder::new(source)
            .size_limit(limits::PATTERN_SIZE)
            .dfa_size_limit(limits::PATTERN_MEMORY)
            .nest_limit(limits::PATTERN_DEPTH)
            .build();
        compiled.map(Self).map_err(|error| Problem::Pattern { reason: reason(&error) })
    }

    /// Whether it matches somewhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The text it was compiled from.
    pub(super) fn source(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

/// What is wrong with a regular expression, in one line.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "is too large once compiled".to_owned(),
        // The message draws the place with lines of its own; the last one tells the reason.
        error => {
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default();
            format!("is wrong: {}", last.trim().trim_start_matches("error: "))
        }
    }
}
