//! Display of an error with its causes.

use std::{error::Error as StdError, fmt};

/// Displays an error and its causes in one line, separated by `: `. A cause is omitted if the message before it contains it.
#[derive(Clone, Copy)]
pub struct ErrorChain<'e>(pub &'e (dyn StdError + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !last.contains(&text) {
                write!(f, ": {text}")?;
                last = text;
            }
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    #[test]
    fn causes_follow_the_error_and_are_not_repeated() {
        let errors = ["store did not answer", "connection refused: os error 111", "os error 111", "network"];

        let chained =
            errors.into_iter().rev().fold(None, |source, text| Some(Box::new(Layer { text, source })));

        let text = ErrorChain(&*chained.unwrap()).to_string();
        assert_eq!(text, "store did not answer: connection refused: os error 111: network");
    }
}
