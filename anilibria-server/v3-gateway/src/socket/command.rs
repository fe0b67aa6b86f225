//! Messages from clients of v3.

use serde_json::{Map, Value};

use super::{invalid::Invalid, pattern::Pattern};
use crate::projection::Projection;

/// A subscription: a pattern of events, and the fields to send.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Command {
    pub(super) pattern: Pattern,
    pub(super) projection: Projection,
    /// Bytes of the message.
    pub(super) length: usize,
}

impl Command {
    /// Parses a message.
    pub(super) fn read(message: &[u8]) -> Result<Self, Invalid> {
        let object: Map<String, Value> =
            serde_json::from_slice(message).map_err(|error| Invalid::NoObject(error.to_string()))?;
        let pattern = object.get("subscribe").ok_or(Invalid::NoSubscription)?;
        let pattern = Pattern::read(pattern)?;
        let projection = Projection::parse(&paths(&object, "filter")?, &paths(&object, "remove")?)?;
        Ok(Self { pattern, projection, length: message.len() })
    }
}

/// Returns the paths under `name`: a text, or a list of texts.
fn paths(object: &Map<String, Value>, name: &'static str) -> Result<String, Invalid> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(paths)) => Ok(paths.clone()),
        Some(Value::Array(paths)) => {
            let texts: Option<Vec<_>> = paths.iter().map(Value::as_str).collect();
            Ok(texts.ok_or(Invalid::NoPaths(name))?.join(","))
        }
        Some(_) => Err(Invalid::NoPaths(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> Result<Command, Invalid> {
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
        assert_eq!(read(&deep), Err(Invalid::TooDeep));
        let deeper = format!(r#"{{"subscribe":{}1{}}}"#, r#"{"a":"#.repeat(4000), "}".repeat(4000));
        assert!(matches!(read(&deeper), Err(Invalid::NoObject(_))));
    }
}
