//! Comparison and order of names.

use unicode_normalization::UnicodeNormalization as _;

/// Returns text in the form in which names are compared: composed, in lower case, and with `е` for `ё`, because most people
/// write `е`.
///
/// ```
/// use anilibria_client::support::fold;
///
/// assert_eq!(fold(" СЁНЕН "), "сенен");
/// assert_eq!(fold("и\u{306}од"), "йод");
/// ```
pub fn fold(text: &str) -> String {
    lower(text.trim()).replace('ё', "е")
}

/// Sorts names in Russian alphabetical order, in which `ё` comes right after `е`.
pub fn sort_russian(names: &mut [String]) {
    names.sort_by_cached_key(|name| (fold(name), lower(name)));
}

fn lower(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_yo_make_no_difference() {
        assert_eq!(fold(" СЁНЕН "), fold("сенен"));
    }

    #[test]
    fn decomposed_letters_equal_composed_ones() {
        assert_eq!(fold("С\u{415}\u{308}неи\u{306}"), "сеней");
        let mut names = ["Иод", "И\u{306}од", "Йога", "Е\u{308}ж", "Еж"].map(str::to_owned);

        sort_russian(&mut names);

        assert_eq!(names, ["Еж", "Е\u{308}ж", "Иод", "Йога", "И\u{306}од"]);
    }

    #[test]
    fn yo_stands_behind_ye_and_not_behind_the_alphabet() {
        let mut names = ["Яой", "Сёнен", "Сейнен", "Драма"].map(str::to_owned);

        sort_russian(&mut names);

        assert_eq!(names, ["Драма", "Сейнен", "Сёнен", "Яой"]);
    }
}
