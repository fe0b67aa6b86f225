//! Valid paths of titles and videos.

use std::{collections::BTreeMap, sync::LazyLock};

use super::ObjectKind;
use crate::path::{Path, Step};

/// Maximum number of an episode, or index of a list, in a valid path.
const MAX_ELEMENT: usize = 9_999;

/// Paths of all values of a title. `*` is any element of a list, or any episode in an object keyed by number.
const TITLE: &str = "\
id code announce updated last_change in_favorites genres.* description
names.ru names.en names.alternative
status.string status.code
type.full_string type.code type.string type.episodes type.length
team.voice.* team.translator.* team.editing.* team.decor.* team.timing.*
season.string season.code season.year season.week_day
blocked.copyrights blocked.geoip blocked.blocked blocked.bakanim
posters.small.url posters.small.raw_base64_file posters.medium.url posters.medium.raw_base64_file
posters.original.url posters.original.raw_base64_file
franchises.*.franchise.id franchises.*.franchise.name
franchises.*.releases.*.id franchises.*.releases.*.code franchises.*.releases.*.ordinal
franchises.*.releases.*.names.ru franchises.*.releases.*.names.en franchises.*.releases.*.names.alternative
player.alternative_player player.host player.is_rutube
player.episodes.first player.episodes.last player.episodes.string
player.list.*.episode player.list.*.name player.list.*.uuid player.list.*.created_timestamp player.list.*.preview
player.list.*.skips.opening.* player.list.*.skips.ending.*
player.list.*.hls.fhd player.list.*.hls.hd player.list.*.hls.sd
player.rutube.*.episode player.rutube.*.created_timestamp player.rutube.*.rutube_id
torrents.episodes.first torrents.episodes.last torrents.episodes.string
torrents.list.*.torrent_id torrents.list.*.hash torrents.list.*.leechers torrents.list.*.seeders
torrents.list.*.downloads torrents.list.*.total_size torrents.list.*.size_string torrents.list.*.url
torrents.list.*.magnet torrents.list.*.uploaded_timestamp torrents.list.*.raw_base64_file
torrents.list.*.episodes.first torrents.list.*.episodes.last torrents.list.*.episodes.string
torrents.list.*.quality.string torrents.list.*.quality.type torrents.list.*.quality.resolution
torrents.list.*.quality.encoder torrents.list.*.quality.lq_audio
torrents.list.*.metadata.hash torrents.list.*.metadata.name torrents.list.*.metadata.announce.*
torrents.list.*.metadata.created_timestamp torrents.list.*.metadata.files_list.*.file
torrents.list.*.metadata.files_list.*.size torrents.list.*.metadata.files_list.*.size_string
torrents.list.*.metadata.files_list.*.offset
";

/// Paths of all values of a video.
const VIDEO: &str = "id title image preview.src preview.thumbnail youtube_id comments views timestamp";

/// Node of the schema: the valid paths below one value of an object.
#[derive(Debug, Default)]
pub(super) struct Schema {
    keys: BTreeMap<&'static str, Schema>,
    /// The elements of a list, or the values of an object whose keys are numbers.
    elements: Option<Box<Schema>>,
}

impl Schema {
    /// Returns the schema of objects of this kind.
    pub(super) fn of(kind: ObjectKind) -> &'static Self {
        static TITLES: LazyLock<Schema> = LazyLock::new(|| Schema::parse(&[TITLE]));
        static VIDEOS: LazyLock<Schema> = LazyLock::new(|| Schema::parse(&[VIDEO]));
        static FEED: LazyLock<Schema> = LazyLock::new(|| Schema::parse(&[TITLE, VIDEO]));
        match kind {
            ObjectKind::Title => &TITLES,
            ObjectKind::Video => &VIDEOS,
            ObjectKind::FeedItem => &FEED,
        }
    }

    fn parse(lists: &[&'static str]) -> Self {
        let mut schema = Self::default();
        lists.iter().flat_map(|list| list.split_whitespace()).for_each(|path| schema.insert(path));
        schema
    }

    fn insert(&mut self, path: &'static str) {
        let mut node = self;
        for step in path.split('.') {
            node = match step {
                "*" => node.elements.get_or_insert_default(),
                key => node.keys.entry(key).or_default(),
            };
        }
    }

    /// True if `path` is valid.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.contains_steps(path.steps())
    }

    fn contains_steps(&self, steps: &[Step]) -> bool {
        let Some((step, rest)) = steps.split_first() else { return true };
        let elements = self.elements.as_deref();
        match step {
            Step::Key(key) => {
                let of_key = self.keys.get(&**key).is_some_and(|node| node.contains_steps(rest));
                // The number of an episode may be a fraction, whose decimal point looks like the separator of two keys.
                let behind_fraction = match rest.split_first() {
                    Some((Step::Key(digits), rest)) if is_number(digits) => Some(rest),
                    _ => None,
                };
                let of_number = |node: &Self| {
                    is_number(key)
                        && (node.contains_steps(rest)
                            || behind_fraction.is_some_and(|rest| node.contains_steps(rest)))
                };
                of_key || elements.is_some_and(of_number)
            }
            Step::Index(index) => {
                *index <= MAX_ELEMENT && elements.is_some_and(|node| node.contains_steps(rest))
            }
            Step::All => self.keys.values().chain(elements).any(|node| node.contains_steps(rest)),
        }
    }
}

fn is_number(key: &str) -> bool {
    key.parse().is_ok_and(|number: usize| number <= MAX_ELEMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(path: &str) -> bool {
        Schema::of(ObjectKind::Title).contains(&Path::parse(path).unwrap())
    }

    #[test]
    fn path_is_valid_if_a_title_can_have_a_value_there() {
        for path in [
            "id",
            "names",
            "names.ru",
            "[*].ru",
            "player.list.1",
            "player.list.12.5.hls.fhd",
            "player.list[0]",
            "player.list[*].skips.opening[1]",
            "torrents.list[*].quality",
            "team.voice[0]",
            "franchises[*].releases[0].names.en",
        ] {
            assert!(is_valid(path), "{path}");
        }
    }

    #[test]
    fn other_paths_are_invalid() {
        for path in [
            "zz1",
            "names.fr",
            "id.x",
            "player.list.x",
            "player.list.99999",
            "names[0]",
            "genres[0].x",
            "[*].zz",
        ] {
            assert!(!is_valid(path), "{path}");
        }
    }
}
