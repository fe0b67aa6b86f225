//! Correction of text that was typed in the wrong keyboard layout.

/// Keys of a keyboard, row by row, in the Latin layout.
const LATIN: &str = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.";
const CYRILLIC: &str = "ёйцукенгшщзхъфывапролджэячсмитьбю";

/// Returns the text of the same keys in the other layout. Keys that are the same in both are kept.
pub(super) fn retyped(text: &str) -> String {
    let pairs = || LATIN.chars().zip(CYRILLIC.chars());
    // A comma or a dot is a letter only among Latin ones; a text with Cyrillic letters goes the other way.
    let is_cyrillic =
        text.chars().any(|letter| ('а'..='ё').contains(&letter.to_lowercase().next().unwrap_or(letter)));
    let retype = |letter: char| {
        let found = if is_cyrillic {
            pairs().find(|(_, cyrillic)| *cyrillic == letter).map(|(latin, _)| latin)
        } else {
            pairs().find(|(latin, _)| *latin == letter).map(|(_, cyrillic)| cyrillic)
        };
        found.unwrap_or(letter)
    };
    text.chars().flat_map(char::to_lowercase).map(retype).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_give_what_they_would_in_the_other_layout() {
        assert_eq!(retyped("Yfhenj"), "наруто");
        assert_eq!(retyped("тфкгещ"), "naruto");
        assert_eq!(retyped(",jtw 2"), "боец 2");
    }
}
