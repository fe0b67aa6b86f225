//! What a playlist must look like, line by line, before the parser sees it.
//!
//! The parser is made for good playlists: where a tag is broken it goes on in the middle of the line, takes the rest for
//! the address of a segment, or reads on over the end of the line. So only lines that matter get through, and of these
//! only ones that are whole.

/// How the rest of a line has to be.
type Check = fn(&str) -> bool;

/// The tags that a download depends on, and how the rest of the line has to be.
const TAGS: [(&str, Check); 9] = [
    ("#EXTINF:", is_duration),
    ("#EXT-X-BYTERANGE:", is_byte_range),
    ("#EXT-X-KEY:", is_attribute_list),
    ("#EXT-X-MAP:", is_attribute_list),
    ("#EXT-X-MEDIA-SEQUENCE:", is_number),
    ("#EXT-X-STREAM-INF:", is_attribute_list),
    ("#EXT-X-MEDIA:", is_attribute_list),
    ("#EXT-X-ENDLIST", str::is_empty),
    ("#EXT-X-I-FRAMES-ONLY", str::is_empty),
];

/// A playlist that the parser reads as it is meant.
#[derive(Debug)]
pub(super) struct Screened {
    /// The lines that matter.
    pub(super) text: String,
    /// How many of them are addresses.
    pub(super) addresses: usize,
}

/// Reads the lines of `body`; fails with the reason when one cannot be right.
pub(super) fn screen(body: &[u8], max_addresses: usize) -> Result<Screened, String> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not text in UTF-8".to_owned())?;
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    if lines.next() != Some("#EXTM3U") {
        return Err("it does not begin with #EXTM3U".to_owned());
    }
    let mut screened = Screened { text: "#EXTM3U\n".to_owned(), addresses: 0 };
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        if line.starts_with('#') {
            let Some(whole) = TAGS.iter().find_map(|(tag, is_whole)| line.strip_prefix(tag).map(is_whole))
            else {
                continue;
            };
            if !whole {
                let tag = line.split(':').next().unwrap_or_default();
                return Err(format!("{tag} in line {} cannot be read", number + 2));
            }
        } else {
            screened.addresses += 1;
            if screened.addresses > max_addresses {
                return Err(format!("it has more than {max_addresses} segments"));
            }
        }
        // A second comma in a title would end the line for the parser, and nobody needs titles.
        let line = if line.starts_with("#EXTINF:") { line.split(',').next().unwrap_or(line) } else { line };
        screened.text.push_str(line);
        screened.text.push('\n');
    }
    Ok(screened)
}

/// Seconds, from nothing to a day, and a title after a comma.
fn is_duration(rest: &str) -> bool {
    const DAY: f64 = 86_400.0;
    let seconds = rest.split(',').next().unwrap_or_default();
    seconds.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && seconds.parse::<f64>().is_ok_and(|seconds| (0.0..=DAY).contains(&seconds))
}

fn is_number(rest: &str) -> bool {
    rest.bytes().all(|byte| byte.is_ascii_digit()) && rest.parse::<u64>().is_ok()
}

/// A length, and where it begins after an at sign.
fn is_byte_range(rest: &str) -> bool {
    let (length, offset) = rest.split_once('@').unwrap_or((rest, "0"));
    is_number(length) && is_number(offset)
}

/// `NAME=value` or `NAME="value"`, with commas between.
fn is_attribute_list(rest: &str) -> bool {
    let mut quoted = false;
    let mut outside_quotes = |symbol: char| {
        quoted ^= symbol == '"';
        symbol == ',' && !quoted
    };
    rest.split(&mut outside_quotes).all(is_attribute)
        && rest.bytes().filter(|&byte| byte == b'"').count() % 2 == 0
}

fn is_attribute(text: &str) -> bool {
    let Some((name, value)) = text.trim_start().split_once('=') else {
        return false;
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    is_name(name) && !bare.is_empty() && !bare.contains('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> bool {
        screen(format!("#EXTM3U\n{line}\na.ts\n").as_bytes(), 5).is_err()
    }

    #[test]
    fn broken_tags_are_refused() {
        for line in [
            "#EXTINF:-4,",
            "#EXTINF:NaN,",
            "#EXTINF:1e300,",
            "#EXTINF:99999999,",
            "#EXTINF:",
            "#EXT-X-BYTERANGE:10@",
            "#EXT-X-BYTERANGE:99999999999999999999",
            "#EXT-X-MEDIA-SEQUENCE:1.5",
            "#EXT-X-KEY:METHOD",
            "#EXT-X-KEY:METHOD=AES-128,URI=\"key",
            "#EXT-X-KEY:METHOD=AES-128,junk",
            "#EXT-X-MAP:URI=\"\"",
            "#EXT-X-ENDLISTED",
        ] {
            assert!(refused(line), "{line}");
        }
    }

    #[test]
    fn lines_that_do_not_matter_are_left_out() {
        let body = b"\xef\xbb\xbf#EXTM3U\r\n#EXT-X-TARGETDURATION:9.5\r\n# note\r\n\r\n#EXTINF:9.5,a, \"b\r\n x.ts \r\n";

        let screened = screen(body, 1).unwrap();

        assert_eq!((screened.text.as_str(), screened.addresses), ("#EXTM3U\n#EXTINF:9.5\nx.ts\n", 1));
    }

    #[test]
    fn commas_inside_quotes_do_not_separate() {
        assert!(!refused(r#"#EXT-X-KEY:METHOD=AES-128, URI="a,b=c",IV=0x1"#));
    }
}
