//! File names that are valid on every file system.

/// Maximum size of a file name in bytes: 255, the limit of most file systems, less the suffix of the state of an
/// unfinished download.
const MAX_SIZE: usize = 255 - ".part.state".len();

/// Maximum size of the detail in bytes.
const MAX_DETAIL: usize = 64;

/// Maximum number of characters of an extension.
const MAX_EXTENSION: usize = 16;

/// Returns `TITLE DETAIL.EXTENSION` as a valid file name. The title is the first one of `titles` that has valid characters;
/// it is shortened if the name gets too long.
pub(super) fn file_name(titles: &[&str], detail: &str, extension: &str) -> String {
    let extension: String =
        extension.chars().filter(char::is_ascii_alphanumeric).take(MAX_EXTENSION).collect();
    let mut end = String::new();
    let detail = clean(detail);
    for (separator, part) in [(' ', shorten(&detail, MAX_DETAIL)), ('.', &*extension)] {
        if !part.is_empty() {
            end.push(separator);
            end.push_str(part);
        }
    }
    let title = titles.iter().map(|title| clean(title)).find(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| "file".to_owned());
    // One byte is for the underscore.
    let name = format!("{}{end}", shorten(&title, MAX_SIZE - 1 - end.len()));
    if is_reserved(&name) { format!("_{name}") } else { name }
}

/// Replaces separators and white space by single spaces, and removes invisible characters and those that a name may not
/// begin or end with.
fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for symbol in text.chars() {
        let is_space = symbol.is_whitespace() || r#"/\:*?"<>|"#.contains(symbol);
        if is_space {
            if !clean.ends_with(' ') {
                clean.push(' ');
            }
        } else if !(symbol.is_control() || is_invisible(symbol)) {
            clean.push(symbol);
        }
    }
    trim(&clean).to_owned()
}

/// Returns the beginning of `text` with at most `size` bytes.
fn shorten(text: &str, size: usize) -> &str {
    trim(&text[..text.floor_char_boundary(size)])
}

/// Removes dots and spaces: at the beginning a dot hides the file, at the end Windows drops both.
fn trim(text: &str) -> &str {
    text.trim_matches(['.', ' '])
}

/// Returns true for marks that change the direction of text, and for others that are not displayed.
fn is_invisible(symbol: char) -> bool {
    matches!(
        symbol,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

/// Returns true for the names of devices on Windows, which are reserved with every extension.
fn is_reserved(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let port = base.strip_prefix("COM").or_else(|| base.strip_prefix("LPT"));
    let is_port = port.is_some_and(|number| {
        let mut symbols = number.chars();
        let is_number = symbols.next().is_some_and(|symbol| "0123456789¹²³".contains(symbol));
        is_number && symbols.next().is_none()
    });
    is_port || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&base.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_readable_and_safe() {
        let cases = [
            (
                ("Провожающая в последний путь Фрирен", "- 07 [1080p]", "ts"),
                "Провожающая в последний путь Фрирен - 07 [1080p].ts",
            ),
            (("Re:Zero / Жизнь с нуля?", "", "torrent"), "Re Zero Жизнь с нуля.torrent"),
            (("../../etc/passwd", "", "ts"), "etc passwd.ts"),
            (("C:\\Windows\\system32", "", "ts"), "C Windows system32.ts"),
            (("con", "", "torrent"), "_con.torrent"),
            (("NUL", "", ""), "_NUL"),
            (("Aux .part", "", "ts"), "_Aux .part.ts"),
            (("com¹", "", "ts"), "_com¹.ts"),
            (("LPT9.a.b", "", "ts"), "_LPT9.a.b.ts"),
            (("COM", "", "ts"), "COM.ts"),
            (("COM10", "", "ts"), "COM10.ts"),
            (("CON", "- 01 [480p]", "ts"), "CON - 01 [480p].ts"),
            (("a\u{202e}txt.exe\u{202c}", "", "ts"), "atxt.exe.ts"),
            (("a\u{0}b\u{7f}\r\nc\u{85}d\u{2028}e", "", "ts"), "ab c d e.ts"),
            ((" . hidden . ", "", "ts"), "hidden.ts"),
            (("name", "", ".ts"), "name.ts"),
            (("name", "", "../../x"), "name.x"),
            (("name", "", ""), "name"),
            (("👩‍👩‍👧", "", "ts"), "👩‍👩‍👧.ts"),
            (("", "", "ts"), "file.ts"),
            (("?*\u{200f}...", "", ""), "file"),
        ];
        for ((title, detail, extension), expected) in cases {
            assert_eq!(file_name(&[title], detail, extension), expected, "{title:?}");
        }
    }

    #[test]
    fn first_title_with_valid_characters_is_used() {
        assert_eq!(file_name(&["", " /.. ", "alias", "other"], "- 1", "ts"), "alias - 1.ts");
    }

    #[test]
    fn long_title_is_shortened_and_detail_and_extension_are_kept() {
        for title in ["я".repeat(300), "a".repeat(300), format!("{}.", "ab. ".repeat(100)), "👩".repeat(100)]
        {
            let name = file_name(&[&title], "- 07 [1080p]", "ts");

            assert!(name.ends_with(" - 07 [1080p].ts") && !name.contains(". -"), "{name}");
            assert!((MAX_SIZE - 8..=MAX_SIZE).contains(&name.len()), "{} bytes", name.len());
        }
    }

    /// Text with many characters that are invalid in file names.
    fn trouble() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<String>(),
            "[./\\\\: ]{1,8}",
            "(CON|con|NUL|COM1|lpt³|CONIN\\$|AUX)[ .]{0,3}",
            "[\u{202e}\u{2066}\u{200f}\u{0}\u{1b}\u{feff}]{1,4}",
            "[яё🎬]{0,150}",
        ];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn every_name_is_valid(title in trouble(), other in trouble(), detail in trouble(), extension in trouble()) {
            let name = file_name(&[&title, &other], &detail, &extension);

            prop_assert!(!name.is_empty() && name.len() <= MAX_SIZE, "{} bytes", name.len());
            prop_assert_eq!(trim(&name), &name);
            let is_invalid = |symbol: char| {
                symbol.is_control() || is_invisible(symbol) || r#"/\:*?"<>|"#.contains(symbol)
            };
            prop_assert!(!name.contains(is_invalid), "{name:?}");
            prop_assert!(!is_reserved(&name));
            let path = std::path::Path::new("folder").join(&name);
            prop_assert_eq!(path.components().count(), 2);
        }
    }
}
