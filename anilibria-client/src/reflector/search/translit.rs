//! Transliteration of Russian names to Latin letters and back.

/// Latin forms of Russian letters.
const TO_LATIN: [(&str, &str); 32] = [
    ("а", "a"),
    ("б", "b"),
    ("в", "v"),
    ("г", "g"),
    ("д", "d"),
    ("е", "e"),
    ("ж", "zh"),
    ("з", "z"),
    ("и", "i"),
    ("й", "y"),
    ("к", "k"),
    ("л", "l"),
    ("м", "m"),
    ("н", "n"),
    ("о", "o"),
    ("п", "p"),
    ("р", "r"),
    ("с", "s"),
    ("т", "t"),
    ("у", "u"),
    ("ф", "f"),
    ("х", "h"),
    ("ц", "ts"),
    ("ч", "ch"),
    ("ш", "sh"),
    ("щ", "sch"),
    ("ъ", ""),
    ("ы", "y"),
    ("ь", ""),
    ("э", "e"),
    ("ю", "yu"),
    ("я", "ya"),
];

/// Russian forms of Latin letters, the longest first.
const TO_RUSSIAN: [(&str, &str); 38] = [
    ("shch", "щ"),
    ("sch", "щ"),
    ("zh", "ж"),
    ("kh", "х"),
    ("ts", "ц"),
    ("ch", "ч"),
    ("sh", "ш"),
    ("yu", "ю"),
    ("ju", "ю"),
    ("ya", "я"),
    ("ja", "я"),
    ("yo", "е"),
    ("a", "а"),
    ("b", "б"),
    ("c", "к"),
    ("d", "д"),
    ("e", "е"),
    ("f", "ф"),
    ("g", "г"),
    ("h", "х"),
    ("i", "и"),
    ("j", "й"),
    ("k", "к"),
    ("l", "л"),
    ("m", "м"),
    ("n", "н"),
    ("o", "о"),
    ("p", "п"),
    ("q", "к"),
    ("r", "р"),
    ("s", "с"),
    ("t", "т"),
    ("u", "у"),
    ("v", "в"),
    ("w", "в"),
    ("x", "кс"),
    ("y", "й"),
    ("z", "з"),
];

/// Russian forms of Japanese syllables in Latin letters, where they do not follow letter by letter.
const SYLLABLES: [(&str, &str); 17] = [
    ("sha", "ся"),
    ("shu", "сю"),
    ("sho", "се"),
    ("shi", "си"),
    ("cha", "тя"),
    ("chu", "тю"),
    ("cho", "те"),
    ("chi", "ти"),
    ("tsu", "цу"),
    ("ja", "дзя"),
    ("ju", "дзю"),
    ("jo", "дзе"),
    ("ji", "дзи"),
    ("za", "дза"),
    ("zu", "дзу"),
    ("ze", "дзе"),
    ("zo", "дзо"),
];

/// Returns the transliterations of the normalised `text`, without those equal to it.
pub(super) fn variants(text: &str) -> Vec<String> {
    let mut variants = Vec::new();
    let mut add = |variant: String| {
        if variant != text && !variants.contains(&variant) {
            variants.push(variant);
        }
    };
    if text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        add(with_vowels(&replaced(text, &[&TO_RUSSIAN])));
        add(with_vowels(&replaced(text, &[&SYLLABLES, &TO_RUSSIAN])));
    } else {
        add(replaced(text, &[&TO_LATIN]));
        add(replaced(text, &[&SYLLABLES.map(|(latin, russian)| (russian, latin)), &TO_LATIN]));
    }
    variants
}

/// Replaces `й`, the form of `y`, by `ы` after a consonant.
fn with_vowels(text: &str) -> String {
    let mut before = ' ';
    let letters = text.chars().map(|letter| {
        let is_after_consonant = before.is_alphabetic() && !"аеиоуыэюя".contains(before);
        before = if letter == 'й' && is_after_consonant { 'ы' } else { letter };
        before
    });
    letters.collect()
}

/// Replaces each prefix that a table contains, from left to right; earlier rows and tables take precedence.
fn replaced(text: &str, tables: &[&[(&str, &str)]]) -> String {
    let mut replaced = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let rows = tables.iter().flat_map(|table| table.iter());
        let found = rows.clone().find_map(|(from, to)| Some((rest.strip_prefix(from)?, *to)));
        if let Some((after, to)) = found {
            replaced.push_str(to);
            rest = after;
        } else {
            replaced.push(letter);
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_other_letters() {
        assert_eq!(variants("наруто"), ["naruto"]);
        assert_eq!(variants("naruto"), ["наруто"]);
        assert_eq!(variants("shingeki 2"), ["шингеки 2", "сингеки 2"]);
        assert_eq!(variants("proklyatyy"), ["проклятый"]);
        assert_eq!(variants("сингеки"), ["singeki", "shingeki"]);
        assert_eq!(variants("2077"), Vec::<String>::new());
    }
}
