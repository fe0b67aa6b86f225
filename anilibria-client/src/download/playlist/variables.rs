//! Variables of a playlist (`#EXT-X-DEFINE`, `{$name}`).

use std::{borrow::Cow, collections::HashMap};

use url::Url;

use super::tags::Attributes;

/// Maximum total length of all texts with variables after replacement, in bytes. Without it, a small playlist could
/// expand to gigabytes.
const MAX_EXPANDED: usize = 4 << 20;

/// The variables that are defined so far.
#[derive(Clone, Debug, Default)]
pub(in crate::download) struct Variables {
    values: HashMap<String, String>,
    expanded: usize,
}

impl Variables {
    /// Adds the variable of a `#EXT-X-DEFINE` tag in the playlist at `url`. `master` holds the variables that can be
    /// imported.
    ///
    /// # Errors
    ///
    /// The reason, which contains names and no values: values may come from the query of `url`.
    pub(super) fn define(
        &mut self,
        attributes: &Attributes<'_>,
        url: &Url,
        master: Option<&Self>,
    ) -> Result<(), String> {
        let (name, value) = if let Some(name) = attributes.get("NAME") {
            let value = attributes.get("VALUE");
            (name, value.map(|value| self.expand(value).map(Cow::into_owned)).transpose()?)
        } else if let Some(name) = attributes.get("QUERYPARAM") {
            let mut parameters = url.query_pairs();
            (name, parameters.find(|(known, _)| known == name).map(|(_, value)| value.into_owned()))
        } else if let Some(name) = attributes.get("IMPORT") {
            (name, master.and_then(|master| master.values.get(name).cloned()))
        } else {
            return Err("#EXT-X-DEFINE has no name".to_owned());
        };
        let value = value.ok_or_else(|| format!("#EXT-X-DEFINE has no value for {}", shown(name)))?;
        match self.values.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(format!("#EXT-X-DEFINE defines {} twice", shown(name))),
        }
    }

    /// Replaces each `{$name}` in `text` by the value of the variable.
    ///
    /// # Errors
    ///
    /// The reason, if a variable is not defined or the texts of the playlist get too long.
    pub(super) fn expand<'t>(&mut self, text: &'t str) -> Result<Cow<'t, str>, String> {
        let mut parts = text.split("{$");
        let start = parts.next().unwrap_or_default();
        if start.len() == text.len() {
            return Ok(Cow::Borrowed(text));
        }
        let mut result = start.to_owned();
        for part in parts {
            let (name, after) = part.split_once('}').ok_or("a variable reference has no end")?;
            let value = self.values.get(name);
            let value = value.ok_or_else(|| format!("no #EXT-X-DEFINE for the variable {}", shown(name)))?;
            result.push_str(value);
            result.push_str(after);
            if self.expanded + result.len() > MAX_EXPANDED {
                return Err(format!("#EXT-X-DEFINE makes it longer than {MAX_EXPANDED} bytes"));
            }
        }
        self.expanded += result.len();
        Ok(Cow::Owned(result))
    }
}

/// Returns a text of the playlist as an error may show it: escaped and short.
pub(super) fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    format!("{:?}", text.chars().take(MAX_CHARS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_definitions_cannot_grow_without_bound() {
        let url = Url::parse("https://cdn.example/list.m3u8").unwrap();
        let mut variables = Variables::default();
        let mut define = |tag: &str| variables.define(&Attributes::parse(tag).unwrap(), &url, None);
        define(r#"NAME="v0",VALUE="0123456789""#).unwrap();

        let results = (1..40).map(|level| {
            let below = level - 1;
            define(&format!(r#"NAME="v{level}",VALUE="{{$v{below}}}{{$v{below}}}""#))
        });

        assert!(results.last().unwrap().is_err());
        assert!(variables.expanded <= MAX_EXPANDED);
    }
}
