//! Normal form of names and queries.

use unicode_normalization::UnicodeNormalization as _;

/// Returns the text in lower case, composed, with `е` for `ё` and one space for everything between letters and digits.
pub(crate) fn normalised(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut gap = false;
    for letter in text.nfc().flat_map(char::to_lowercase) {
        match letter {
            // A combining mark without a composed form belongs to the letter before it: a stress mark.
            '\u{300}'..='\u{36f}' => {}
            letter if letter.is_alphanumeric() => {
                if gap && !normal.is_empty() {
                    normal.push(' ');
                }
                gap = false;
                normal.push(if letter == 'ё' { 'е' } else { letter });
            }
            _ => gap = true,
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_yo_and_punctuation_do_not_matter() {
        assert_eq!(normalised("  Ёлки — ПАЛКИ!! (2-й сезон)"), "елки палки 2 й сезон");
        assert_eq!(normalised("Re:Zero"), "re zero");
        assert_eq!(normalised("—!?"), "");
    }

    #[test]
    fn decomposed_letters_equal_composed_ones() {
        assert_eq!(normalised("геро\u{438}\u{306}"), "герой");
        assert_eq!(normalised("\u{415}\u{308}ж, \u{418}\u{306}од"), "еж йод");
        assert_eq!(normalised("Poke\u{301}mon"), normalised("Pok\u{e9}mon"));
        assert_eq!(normalised("за\u{301}мок"), "замок");
    }
}
