//! The distinct words of all names, to find those that are like the words of a question.

use std::collections::BTreeMap;

use super::{
    Rank,
    distance::{MAX_WORD, distance},
    offset,
};

/// More words than this are not compared.
const MAX_WORDS: usize = 12;

/// The cost of one typing error, in terms of words of the name that were not asked for.
const ERROR: Rank = 8;

/// The most that the words not asked for cost.
const MAX_SPARE: Rank = ERROR - 1;

/// The distinct words of all names, and which names have each.
#[derive(Debug, Default)]
pub(super) struct Words {
    text: Box<str>,
    list: Box<[Word]>,
    /// Names, word by word.
    names: Box<[u32]>,
    /// How many words each name has.
    lengths: Box<[u8]>,
}

/// A word, by where its text and its names end; they begin where those of the word before end.
#[derive(Clone, Copy, Debug)]
struct Word {
    text_end: u32,
    names_end: u32,
    length: u8,
    letters: Letters,
}

/// Which letters a word has, some of them under one bit.
#[derive(Clone, Copy, Debug, Default)]
struct Letters(u64);

/// A word of the index with what it is asked for by.
struct Hit {
    word: usize,
    cost: Rank,
}

impl Words {
    /// The words of `names`, which are normalised.
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

    /// The names that have, for each word of `asked`, one like it, and how unlike they are. `names` is their number.
    pub(super) fn similar(&self, asked: &str, names: usize) -> Vec<(usize, Rank)> {
        let words: Vec<&str> = asked.split(' ').filter(|word| !word.is_empty()).collect();
        if words.is_empty() || words.len() > MAX_WORDS {
            return Vec::new();
        }
        // For each name how many words of the question it has had, and at what cost.
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
            Rank::from(length).saturating_sub(u16::try_from(words.len()).unwrap_or_default()).min(MAX_SPARE)
        };
        all.map(|(name, (_, cost))| (name, cost + spare(name))).collect()
    }

    /// The words like `asked`, the most alike first.
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
            // Each error takes one letter away at most; most words end here, before their letters are looked at.
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

    /// How many of these letters the other word lacks, at least.
    fn missing_in(self, other: Self) -> usize {
        (self.0 & !other.0).count_ones() as usize
    }
}

/// How many typing errors a word of that many letters may have. Short words are too much alike.
fn tolerance(length: usize) -> usize {
    match length {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    }
}

/// What `word` costs for `asked`: its errors, and a little for being the beginning only.
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
