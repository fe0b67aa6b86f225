//! Pictures: posters, previews, avatars.

use serde::{Deserialize, Serialize};

use super::wire;

/// A picture in several sizes. The paths are relative to the site;
/// [`Client::media_url`](crate::Client::media_url) makes them absolute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Image {
    /// The full size; as of 2026 the same as `preview`.
    #[serde(deserialize_with = "wire::or_default")]
    pub src: Option<String>,
    /// Size for a page.
    #[serde(deserialize_with = "wire::or_default")]
    pub preview: Option<String>,
    /// Size for a list.
    #[serde(deserialize_with = "wire::or_default")]
    pub thumbnail: Option<String>,
    /// The same picture in WebP, which is much smaller.
    #[serde(deserialize_with = "wire::or_default")]
    pub optimized: Option<Box<Image>>,
}

impl Image {
    /// Returns the path of the small picture: WebP before JPEG, and the next larger size if the small one is missing.
    pub fn small(&self) -> Option<&str> {
        self.pick(&[|image| &image.thumbnail, |image| &image.preview, |image| &image.src])
    }

    /// Returns the path of the picture for a page: WebP before JPEG, and the next larger size if it is missing.
    pub fn medium(&self) -> Option<&str> {
        self.pick(&[|image| &image.preview, |image| &image.src])
    }

    /// Returns the path of the full picture: JPEG before WebP, which is a reduced copy.
    pub fn large(&self) -> Option<&str> {
        self.src.as_deref().or_else(|| self.optimized.as_ref()?.src.as_deref()).or_else(|| self.medium())
    }

    /// Returns the first available size of `sizes`, in WebP or in the original format.
    fn pick(&self, sizes: &[fn(&Image) -> &Option<String>]) -> Option<&str> {
        let optimized = self.optimized.as_deref();
        sizes
            .iter()
            .find_map(|size| optimized.and_then(|image| size(image).as_deref()).or(size(self).as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webp_comes_first_and_a_missing_size_is_replaced_by_the_next_larger() {
        let image: Image = serde_json::from_str(
            r#"{"src":"/full.jpg","preview":"/page.jpg","thumbnail":null,"optimized":{"preview":"/page.webp"}}"#,
        )
        .unwrap();

        assert_eq!(image.small(), Some("/page.webp"));
        assert_eq!(image.medium(), Some("/page.webp"));
        assert_eq!(image.large(), Some("/full.jpg"));
        assert_eq!(Image::default().large(), None);
    }
}
