//! How names are compared, and in which order they stand.

/// Text as it is compared: without case, and with `ё` as `е`, which most people write instead.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase().replace('ё', "е")
}

/// Puts names into Russian alphabetical order, in which `ё` stands right behind `е`.
pub fn sort_russian(names: &mut [String]) {
    names.sort_by_cached_key(|name| (fold(name), name.to_lowercase()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_yo_make_no_difference() {
        assert_eq!(fold(" СЁНЕН "), fold("сенен"));
    }

    #[test]
    fn yo_stands_behind_ye_and_not_behind_the_alphabet() {
        let mut names = ["Яой", "Сёнен", "Сейнен", "Драма"].map(str::to_owned);

        sort_russian(&mut names);

        assert_eq!(names, ["Драма", "Сейнен", "Сёнен", "Яой"]);
    }
}
