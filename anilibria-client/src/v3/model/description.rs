//! What a title is about.

use serde::{Deserialize, Deserializer, Serialize};

use crate::v3::wire;

/// What a title is about: one text in answers, all forms of it in notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Description {
    /// The form that was asked for.
    Text(String),
    /// All forms.
    Forms(DescriptionForms),
}

/// The forms of a description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DescriptionForms {
    /// With HTML, as on the site.
    #[serde(deserialize_with = "wire::optional_string")]
    pub html: Option<String>,
    /// Without markup.
    #[serde(deserialize_with = "wire::optional_string")]
    pub plain: Option<String>,
    /// Without markup, and without the order in which to watch its parts.
    #[serde(deserialize_with = "wire::optional_string")]
    pub no_view_order: Option<String>,
}

impl Description {
    /// The text; the one without markup where there are several.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Forms(forms) => forms.plain.as_deref(),
        }
    }
}

impl From<String> for Description {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A description in any form; none for what is none.
pub(super) fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Description>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(Description::deserialize(value).ok())
}
