//! From the bytes of an answer to a value.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// Decodes a whole answer as the client does, for answers that were recorded or came another way.
///
/// Fails with [`Error::Decode`], which names the place in the JSON.
///
/// ```
/// use anilibria_client::{Error, decode, model::Genre};
///
/// let genres: Vec<Genre> = decode(r#"[{"id": 8, "name": "Драма"}]"#.as_bytes())?;
/// assert_eq!(genres[0].name, "Драма");
///
/// let Err(Error::Decode { path, .. }) = decode::<Vec<Genre>>(br#"[{"id": "eight"}]"#) else { panic!() };
/// assert_eq!(path, "[0].id");
/// # Ok::<_, Error>(())
/// ```
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    // The path to what is wrong is looked for in a second pass: keeping track of it costs time that a good answer, and
    // that is nearly all of them, should not pay.
    serde_json::from_slice(body).map_err(|error| {
        let mut json = serde_json::Deserializer::from_slice(body);
        match serde_path_to_error::deserialize::<_, T>(&mut json) {
            Ok(_) => Error::Decode { path: ".".to_owned(), source: Arc::new(error) },
            Err(error) => {
                Error::Decode { path: error.path().to_string(), source: Arc::new(error.into_inner()) }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Release;

    fn path(body: &str) -> String {
        match decode::<Vec<Release>>(body.as_bytes()) {
            Err(Error::Decode { path, .. }) => path,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn error_names_the_place_in_the_answer() {
        assert_eq!(path(r#"[{"id":1},{"id":2,"name":{"main":7}}]"#), "[1].name.main");
        assert_eq!(path(r#"[{"id":1}"#), ".");
        assert_eq!(path("<html>"), ".");
        assert_eq!(path("[] trailing"), ".");
    }
}
