//! Text in the form in which names are compared.

/// Lower case, `ё` as `е`, one space for whatever is neither letter nor digit.
pub(crate) fn normalised(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut gap = false;
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            // A combining mark belongs to the letter before it: the dots of a decomposed `ё`.
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
}
