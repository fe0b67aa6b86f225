//! Franchises.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Call, Limited};
use crate::{
    Error, Result,
    call::{Paged, Projected},
    model::{ReleaseId, wire::IntoOutput},
    request::Arg,
    v3::{
        Client,
        model::{Franchise, Page},
    },
};

endpoint! {
    /// Returns all franchises with their titles.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let franchises = client.franchises().limit(2).await?;
    ///
    /// assert!(franchises.list.iter().all(|franchise| !franchise.releases.is_empty()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/franchise/list" => Client::franchises() -> Page<Franchise>;
    pub struct ListFranchises: Projected, Limited, Paged<Franchise> {}
}

endpoint! {
    /// Returns the franchises of a title.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let id = client.franchises().limit(1).await?.list[0].releases[0].id;
    ///
    /// assert_eq!(client.title_franchises(id).await?.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    GET "/title/franchises" => Client::title_franchises(id: Arg<ReleaseId>) -> Vec<Franchise> as AnyFranchises;
    pub struct TitleFranchises: Projected {}
}

/// A list of franchises, a single franchise, or any value that stands for none.
#[derive(Debug)]
pub(crate) struct AnyFranchises(Result<Vec<Franchise>, serde_json::Error>);

impl<'de> Deserialize<'de> for AnyFranchises {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let some = |value: &Value| value.as_object().is_some_and(|object| !object.is_empty());
        let list = match Value::deserialize(deserializer)? {
            Value::Array(list) => list,
            one => vec![one],
        };
        let list = list.into_iter().filter(some).map(serde_json::from_value);
        Ok(Self(list.collect()))
    }
}

impl IntoOutput<Vec<Franchise>> for AnyFranchises {
    fn into_output(self) -> Result<Vec<Franchise>> {
        self.0.map_err(|error| Error::Decode { path: ".".to_owned(), source: error.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_answer_is_read() {
        let count =
            |text: &str| serde_json::from_str::<AnyFranchises>(text).unwrap().into_output().unwrap().len();
        let one = r#"{"franchise":{"id":"9b5e26ee-598f-4b8b-b77e-188d3e456301","name":"A"},"releases":[]}"#;

        assert_eq!((count(one), count(&format!("[{one},{one}]"))), (1, 2));
        for none in ["[]", "{}", "null", "false", "0", "\"\"", "[null]"] {
            assert_eq!(count(none), 0, "{none}");
        }
    }
}
