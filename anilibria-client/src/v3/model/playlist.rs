//! Lists of episodes, sorted by number.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::SerializeMap as _};

use super::{Episode, RutubeEpisode};
use crate::{model::Ordinal, v3::wire};

/// A type with the number of an episode.
pub trait Numbered {
    /// Returns the number of the episode.
    fn number(&self) -> Ordinal;
}

impl Numbered for Episode {
    fn number(&self) -> Ordinal {
        self.episode
    }
}

impl Numbered for RutubeEpisode {
    fn number(&self) -> Ordinal {
        self.episode
    }
}

/// Episodes sorted by number, each number once. In JSON, an object with the numbers as keys (`"7"`, `"7.5"`); a list is read as
/// well.
#[derive(Clone, Debug, PartialEq)]
pub struct Playlist<T>(Vec<T>);

impl<T: Numbered> Playlist<T> {
    /// Creates a playlist of `episodes`. The first episode of each number is kept.
    pub fn new(episodes: impl IntoIterator<Item = T>) -> Self {
        let mut episodes: Vec<_> = episodes.into_iter().collect();
        episodes.sort_by(|one, other| one.number().total_cmp(&other.number()));
        episodes.dedup_by(|later, first| later.number() == first.number());
        Self(episodes)
    }

    /// Returns the episodes, sorted by number.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T> Default for Playlist<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Numbered + DeserializeOwned> Deserialize<'de> for Playlist<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(wire::list::<D, T>(deserializer)?))
    }
}

impl<T: Numbered + Serialize> Serialize for Playlist<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for episode in &self.0 {
            map.serialize_entry(&episode.number().to_string(), episode)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(number: f64, rutube_id: &str) -> RutubeEpisode {
        RutubeEpisode {
            episode: Ordinal(number),
            rutube_id: rutube_id.to_owned(),
            ..RutubeEpisode::default()
        }
    }

    #[test]
    fn episodes_are_sorted_and_the_first_of_each_number_is_kept() {
        let playlist =
            Playlist::new([episode(10.0, "c"), episode(1.5, "b"), episode(1.0, "a"), episode(10.0, "d")]);

        let json = serde_json::to_string(&playlist).unwrap();

        let ids: Vec<_> = playlist.as_slice().iter().map(|episode| episode.rutube_id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert!(
            json.starts_with(r#"{"1":{"episode":1,"#) && json.contains(r#""1.5":{"episode":1.5,"#),
            "{json}"
        );
    }

    #[test]
    fn empty_playlist_is_an_empty_object() {
        assert_eq!(serde_json::to_string(&Playlist::<Episode>::new([])).unwrap(), "{}");
    }
}
