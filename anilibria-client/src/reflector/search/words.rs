//! Index of the distinct words of all names, to find words similar to those of a query.

use std::collections::BTreeMap;

use super::{
    Rank,
    distance::{MAX_WORD, distance},
    offset,
};

/// Maximum number of words of a query.
const MAX_WORDS: usize = 12;

/// Cost of one typing error; an additional word of the name costs 1.
const ERROR: Rank = 8;

/// Maximum cost of additional words.
const MAX_EXTRA_WORDS: Rank = ERROR - 1;

/// Distinct words of all names, with the names that contain each.
#[derive(Debug, Default)]
pub(super) struct Words {
    text: Box<str>,
    list: Box<[Word]>,
    /// Names, grouped by word.
    names: Box<[u32]>,
    /// Number of words of each name.
    lengths: Box<[u8]>,
}

/// Ends of the text and of the names of a word; they start at the ends of the word before.
#[derive(Clone, Copy, Debug)]
struct Word {
    text_end: u32,
    names_end: u32,
    length: u8,
    letters: Letters,
}

/// Set of the letters of a word; several letters share a bit.
#[derive(Clone, Copy, Debug, Default)]
struct Letters(u64);

/// A matching word of the index with its cost.
struct Hit {
    word: usize,
    cost: Rank,
}

impl Words {
    /// Creates the index of `names`, which are normalised.
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut index: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut lengths = Vec::new();
        for (number, name) in (0..).zip(names) {
            let mut length: u8 = 0;
            for word in name.split(' ') {
                length = length.saturating_add(1);
                let known = index.entry(word).or_default();
                if known.last() != Some(&number) {
                    known.push(number);
                }
            }
            lengths.push(length);
        }
        let (mut text, mut words, mut names) = (String::new(), Vec::new(), Vec::new());
        for (word, known) in index {
            text.push_str(word);
            names.extend(known);
            words.push(Word {
                text_end: offset(&text),
                names_end: u32::try_from(names.len()).unwrap_or(u32::MAX),
                length: u8::try_from(word.chars().count()).unwrap_or(u8::MAX),
                letters: Letters::of(word.chars()),
            });
        }
        Self { text: text.into(), list: words.into(), names: names.into(), lengths: lengths.into() }
    }

    /// Returns the names that have a similar word for each word of `asked`, with their costs. `names` is the number of all
    /// names.
    pub(super) fn similar(&self, asked: &str, names: usize) -> Vec<(usize, Rank)> {
        let words: Vec<&str> = asked.split(' ').filter(|word| !word.is_empty()).collect();
        if words.is_empty() || words.len() > MAX_WORDS {
            return Vec::new();
        }
        // Number of matched words of the query and their cost, for each name.
        let mut had: Vec<(u8, Rank)> = vec![(0, 0); names];
        for (count, word) in (0_u8..).zip(&words) {
            for Hit { word, cost } in self.hits(word) {
                for name in self.names_of(word) {
                    if let Some(had) = had.get_mut(*name as usize).filter(|(had, _)| *had == count) {
                        *had = (count + 1, had.1.saturating_add(cost));
                    }
                }
            }
        }
        let all = had.into_iter().enumerate().filter(|(_, (had, _))| usize::from(*had) == words.len());
        let spare = |name: usize| {
            let length = self.lengths.get(name).copied().unwrap_or_default();
            Rank::from(length)
                .saturating_sub(u16::try_from(words.len()).unwrap_or_default())
                .min(MAX_EXTRA_WORDS)
        };
        all.map(|(name, (_, cost))| (name, cost + spare(name))).collect()
    }

    /// Returns the words similar to `asked`, the most similar first.
    fn hits(&self, asked: &str) -> Vec<Hit> {
        let letters: Vec<char> = asked.chars().collect();
        if letters.len() > MAX_WORD {
            return Vec::new();
        }
        let most = tolerance(letters.len());
        let set = Letters::of(letters.iter().copied());
        let mut hits = Vec::new();
        let mut buffer = Vec::with_capacity(MAX_WORD);
        for (number, word) in self.list.iter().enumerate() {
            let length = usize::from(word.length);
            // Each error removes one letter at most. Most words are ruled out here, before their letters are compared.
            if length + most < letters.len() || set.missing_in(word.letters) > most {
                continue;
            }
            buffer.clear();
            buffer.extend(self.text_of(number).chars().take(MAX_WORD));
            if let Some(cost) = cost(&letters, &buffer, most) {
                hits.push(Hit { word: number, cost });
            }
        }
        hits.sort_by_key(|hit| hit.cost);
        hits
    }

    fn text_of(&self, word: usize) -> &str {
        let end = |word: usize| self.list.get(word).map_or(0, |word| word.text_end as usize);
        self.text.get(word.checked_sub(1).map_or(0, end)..end(word)).unwrap_or_default()
    }

    fn names_of(&self, word: usize) -> &[u32] {
        let end = |word: usize| self.list.get(word).map_or(0, |word| word.names_end as usize);
        self.names.get(word.checked_sub(1).map_or(0, end)..end(word)).unwrap_or_default()
    }
}

impl Letters {
    fn of(word: impl Iterator<Item = char>) -> Self {
        Self(word.fold(0, |bits, letter| bits | 1 << (u32::from(letter) % 64)))
    }

    /// Returns the minimum number of these letters that the other word lacks.
    fn missing_in(self, other: Self) -> usize {
        (self.0 & !other.0).count_ones() as usize
    }
}

/// Returns the maximum number of typing errors in a word of that length. Short words are too similar to each other.
fn tolerance(length: usize) -> usize {
    match length {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    }
}

/// Returns the cost of `word` for `asked`: its errors, and 1 if only its beginning matches.
fn cost(asked: &[char], word: &[char], most: usize) -> Option<Rank> {
    let beginning = word.get(..asked.len()).unwrap_or(word);
    let errors = |word: &[char]| distance(asked, word, most).and_then(|errors| Rank::try_from(errors).ok());
    let whole = errors(word).map(|errors| errors * ERROR);
    let begun = errors(beginning).map(|errors| errors * ERROR + 1);
    whole.into_iter().chain(begun).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similar(asked: &str) -> Vec<usize> {
        let names = ["атака титанов", "атакующий титан", "повар боец сома", "титаник"];
        let mut found = Words::new(names.into_iter()).similar(asked, names.len());
        found.sort_by_key(|(name, cost)| (*cost, *name));
        found.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn words_with_errors_and_in_another_order_are_found() {
        assert_eq!(similar("аткаа титанв"), [0]);
        assert_eq!(similar("сома пвоар"), [2]);
        assert_eq!(similar("титан"), [1, 3, 0]);
        assert_eq!(similar("сом крокодил"), Vec::<usize>::new());
    }
}
