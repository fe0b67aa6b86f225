//! Search over the names of all releases.

mod distance;
mod layout;
mod normal;
mod translit;
mod words;

use std::sync::Arc;

use memchr::memmem::Finder;
use unicode_normalization::UnicodeNormalization as _;

use self::words::Words;
use super::entry::CatalogEntry;

pub(super) use self::normal::normalised;

/// Maximum length of a query; longer ones are cut, because no name is longer.
const MAX_CHARS: usize = 200;

/// Minimum length of a query that is also tried in other letters; shorter ones would find everything.
const MIN_VARIANT: usize = 3;

/// End of a name. No normalised text contains it.
const END: u8 = b'\n';

/// Rank of a match, the best first. Corrections of the query come after the query itself.
type Rank = u16;

const NO_MATCH: Rank = Rank::MAX;
const AS_TYPED: Rank = 0;
const TRANSLITERATED: Rank = 4;
const OTHER_LAYOUT: Rank = 8;
const SIMILAR: Rank = 16;
const SIMILAR_TRANSLITERATED: Rank = 2048;
const SIMILAR_IN_OTHER_LAYOUT: Rank = 4096;

/// Normalised names of all releases.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// All names, each followed by [`END`].
    text: Box<str>,
    /// Start of each name.
    starts: Box<[u32]>,
    /// Place of the release of each name.
    owners: Box<[u32]>,
    words: Words,
    releases: usize,
}

impl Index {
    pub(super) fn new(entries: &[Arc<CatalogEntry>]) -> Self {
        let (mut text, mut starts, mut owners) = (String::new(), Vec::new(), Vec::new());
        for (place, entry) in (0..).zip(entries) {
            for name in entry.names().map(normalised).filter(|name| !name.is_empty()) {
                starts.push(offset(&text));
                owners.push(place);
                text.push_str(&name);
                text.push(char::from(END));
            }
        }
        let words = Words::new(text.split_terminator(char::from(END)));
        Self {
            text: text.into(),
            starts: starts.into(),
            owners: owners.into(),
            words,
            releases: entries.len(),
        }
    }

    /// Returns the places of the releases with a name similar to `question`, or containing it if the search `is_literal`. The
    /// best match comes first; of equal ones the higher id.
    pub(super) fn search(&self, question: &str, is_literal: bool) -> Vec<u32> {
        let question: String = question.nfc().take(MAX_CHARS).collect();
        let asked = normalised(&question);
        let mut ranks = vec![NO_MATCH; self.releases];
        if asked.is_empty() {
            return Vec::new();
        }
        let mut is_found = self.within(&asked, AS_TYPED, &mut ranks);
        if !is_literal && asked.chars().count() >= MIN_VARIANT {
            let other_letters = translit::variants(&asked);
            for variant in &other_letters {
                is_found |= self.within(variant, TRANSLITERATED, &mut ranks);
            }
            is_found |= self.similar(&asked, SIMILAR, &mut ranks);
            for variant in &other_letters {
                is_found |= self.similar(variant, SIMILAR_TRANSLITERATED, &mut ranks);
            }
            // A query that finds something was typed in the right layout.
            let retyped = normalised(&layout::retyped(&question));
            if !is_found && !self.within(&retyped, OTHER_LAYOUT, &mut ranks) {
                self.similar(&retyped, SIMILAR_IN_OTHER_LAYOUT, &mut ranks);
            }
        }
        let mut found: Vec<_> = (0..).zip(ranks).filter(|(_, rank)| *rank != NO_MATCH).collect();
        found.sort_by_key(|(_, rank)| *rank);
        found.into_iter().map(|(place, _): (u32, _)| place).collect()
    }

    /// Ranks every name that contains `needle`: the name itself, its beginning, the beginning of a word, any part.
    fn within(&self, needle: &str, base: Rank, ranks: &mut [Rank]) -> bool {
        if needle.is_empty() {
            return false;
        }
        let text = self.text.as_bytes();
        let byte = |at: usize| text.get(at).copied().unwrap_or(END);
        let mut name = 0;
        let mut is_found = false;
        for at in Finder::new(needle).find_iter(text) {
            while self.starts.get(name + 1).is_some_and(|start| *start as usize <= at) {
                name += 1;
            }
            let before = at.checked_sub(1).map_or(END, byte);
            let rank = match (before, byte(at + needle.len())) {
                (END, END) => 0,
                (END, _) => 1,
                (b' ', _) => 2,
                _ => 3,
            };
            self.rank(name, base + rank, ranks);
            is_found = true;
        }
        is_found
    }

    /// Ranks every name that has a word similar to each word of `asked`.
    fn similar(&self, asked: &str, base: Rank, ranks: &mut [Rank]) -> bool {
        let similar = self.words.similar(asked, self.starts.len());
        for (name, cost) in &similar {
            self.rank(*name, base + cost, ranks);
        }
        !similar.is_empty()
    }

    /// Sets the rank of the release of a name, unless it has a better one.
    fn rank(&self, name: usize, rank: Rank, ranks: &mut [Rank]) {
        let place = self.owners.get(name).map(|place| *place as usize);
        if let Some(known) = place.and_then(|place| ranks.get_mut(place)) {
            *known = rank.min(*known);
        }
    }
}

/// Returns the end of `text`. The names of all releases are far below 4 GiB.
fn offset(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}
