//! Normal form of names and queries, and an index of the words of all names.

use std::collections::HashMap;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Returns the normal form of `text`: its words in lower case and without accents, separated by one space.
///
/// Apostrophes are removed and `&` becomes `and`, because clients send names in this form.
pub(crate) fn normalised(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut is_gap = false;
    for letter in text.nfkd().flat_map(char::to_lowercase) {
        match letter {
            '\'' | '’' | '‘' | 'ʼ' | '`' | '´' => {}
            mark if is_combining_mark(mark) => {}
            letter if letter.is_alphanumeric() || letter == '&' => {
                if (is_gap || letter == '&') && !normal.is_empty() {
                    normal.push(' ');
                }
                is_gap = letter == '&';
                if is_gap { normal.push_str("and") } else { normal.push(letter) }
            }
            _ => is_gap = true,
        }
    }
    normal
}

/// Index from each word to the releases that have the word in one of their names.
#[derive(Debug, Default)]
pub(crate) struct WordIndex(HashMap<Box<str>, Vec<u32>>);

impl WordIndex {
    /// Adds the words of `name` to those of `release`. Releases must be added in ascending order.
    pub(crate) fn add(&mut self, release: u32, name: &str) {
        for word in normalised(name).split(' ').filter(|word| !word.is_empty()) {
            let releases = match self.0.get_mut(word) {
                Some(releases) => releases,
                None => self.0.entry(word.into()).or_default(),
            };
            if releases.last() != Some(&release) {
                releases.push(release);
            }
        }
    }

    /// Returns the releases that have all of `words`, in ascending order. Without a word, none match.
    pub(crate) fn with_all(&self, words: &[&str]) -> Vec<u32> {
        let lists: Option<Vec<&Vec<u32>>> = words.iter().map(|word| self.0.get(*word)).collect();
        let mut lists = lists.unwrap_or_default();
        lists.sort_by_key(|list| list.len());
        let Some((shortest, others)) = lists.split_first() else { return Vec::new() };
        let has_all = |release: &&u32| others.iter().all(|list| list.binary_search(release).is_ok());
        shortest.iter().filter(has_all).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_punctuation_and_apostrophes_do_not_matter() {
        assert_eq!(normalised("Re:ZERO − Starting"), "re zero starting");
        assert_eq!(normalised("Pokémon & Frieren's Ёж"), "pokemon and frierens еж");
        assert_eq!(normalised("Rock&Roll &"), "rock and roll and");
        assert_eq!(normalised("22/7 ★"), "22 7");
        assert_eq!(normalised("!?"), "");
    }

    #[test]
    fn releases_have_all_words_in_any_order() {
        let mut index = WordIndex::default();
        index.add(0, "Mob Psycho 100");
        index.add(0, "Моб Психо 100");
        index.add(1, "Mob Psycho 100 II");
        index.add(2, "Zom 100");

        assert_eq!(index.with_all(&["100", "mob"]), [0, 1]);
        assert_eq!(index.with_all(&["100"]), [0, 1, 2]);
        assert_eq!(index.with_all(&["психо", "mob"]), [0]);
        assert_eq!(index.with_all(&["mob", "zombie"]), [0; 0]);
        assert_eq!(index.with_all(&[]), [0; 0]);
    }
}
