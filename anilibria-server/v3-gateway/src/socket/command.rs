//! What clients of v3 say.

use serde_json::{Map, Value};

use super::pattern::Pattern;
use crate::projection::{Projection, ProjectionError};

/// What a client asks for: to hear of what fits a pattern, and of so much of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Command {
    pub(super) pattern: Pattern,
    pub(super) projection: Projection,
    /// Bytes of the message.
    pub(super) length: usize,
}

/// Why a message of a client is not heeded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("a message must be a JSON object: {0}")]
    NoObject(String),
    #[error("`subscribe` is missing: it is all that can be asked for")]
    NoSubscription,
    #[error("`subscribe` must not be nested deeper than {} levels", super::pattern::MAX_DEPTH)]
    TooDeep,
    #[error("`{0}` must be a text: paths with commas in between")]
    NoPaths(&'static str),
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    #[error("at most {0} subscriptions can be had over one connection")]
    TooMany(usize),
    #[error(
        "all subscriptions of a connection must not be longer than {} bytes",
        super::subscriptions::MAX_BYTES
    )]
    TooLong,
}

impl Command {
    /// Reads a message, or says what is wrong with it.
    pub(super) fn read(message: &[u8]) -> Result<Self, Unfit> {
        let object: Map<String, Value> =
            serde_json::from_slice(message).map_err(|error| Unfit::NoObject(error.to_string()))?;
        let pattern = object.get("subscribe").ok_or(Unfit::NoSubscription)?;
        let pattern = Pattern::read(pattern)?;
        let projection = Projection::parse(&paths(&object, "filter")?, &paths(&object, "remove")?)?;
        Ok(Self { pattern, projection, length: message.len() })
    }
}

/// The paths under `name`: a text, or a list of some.
fn paths(object: &Map<String, Value>, name: &'static str) -> Result<String, Unfit> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(paths)) => Ok(paths.clone()),
        Some(Value::Array(paths)) => {
            let texts: Option<Vec<_>> = paths.iter().map(Value::as_str).collect();
            Ok(texts.ok_or(Unfit::NoPaths(name))?.join(","))
        }
        Some(_) => Err(Unfit::NoPaths(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> Result<Command, Unfit> {
        Command::read(message.as_bytes())
    }

    #[test]
    fn subscription_has_a_pattern_and_a_projection() {
        let command =
            read(r#"{"subscribe":{"type":"title_update"},"filter":"id, names","remove":["names.en"]}"#);

        assert_eq!(command.unwrap().projection, Projection::parse("id,names", "names.en").unwrap());
        assert!(read(r#"{"subscribe":{},"filter":null}"#).unwrap().projection.keeps_all());
    }

    #[test]
    fn nonsense_is_told_what_it_is() {
        for (message, told) in [
            ("", "JSON object"),
            ("[]", "JSON object"),
            ("\u{0}", "JSON object"),
            (r#"{"subscribe":"#, "JSON object"),
            (r#"{"unsubscribe":1}"#, "`subscribe` is missing"),
            (r#"{"subscribe":{},"filter":1}"#, "`filter` must be"),
            (r#"{"subscribe":{},"remove":[1]}"#, "`remove` must be"),
            (r#"{"subscribe":{},"filter":"a..b"}"#, "filter"),
        ] {
            let unfit = read(message).unwrap_err().to_string();
            assert!(unfit.contains(told), "{message}: {unfit}");
        }
        let deep = format!(r#"{{"subscribe":{}1{}}}"#, r#"{"a":"#.repeat(40), "}".repeat(40));
        assert_eq!(read(&deep), Err(Unfit::TooDeep));
        let deeper = format!(r#"{{"subscribe":{}1{}}}"#, r#"{"a":"#.repeat(4000), "}".repeat(4000));
        assert!(matches!(read(&deeper), Err(Unfit::NoObject(_))));
    }
}
