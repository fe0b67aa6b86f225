//! Descriptions of titles.

use serde::{Deserialize, Deserializer, Serialize};

use crate::v3::wire;

/// Description of a title: one text in responses, all forms in notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Description {
    /// The requested form.
    Text(String),
    /// All forms.
    Forms(DescriptionForms),
}

/// The forms of a description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DescriptionForms {
    /// The text with HTML, as on the site.
    #[serde(deserialize_with = "wire::optional_string")]
    pub html: Option<String>,
    /// The text without markup.
    #[serde(deserialize_with = "wire::optional_string")]
    pub plain: Option<String>,
    /// The text without markup and without the viewing order of a franchise.
    #[serde(deserialize_with = "wire::optional_string")]
    pub no_view_order: Option<String>,
}

impl Description {
    /// Returns the text; the form without markup if there are several.
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

/// Reads a description in any form; `None` for other values.
pub(super) fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Description>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(Description::deserialize(value).ok())
}
