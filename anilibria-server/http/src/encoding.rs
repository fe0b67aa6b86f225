//! Content codings, negotiated by `Accept-Encoding`.

use poem::http::{HeaderMap, HeaderValue, header};

/// A content coding that the service can apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Brotli, which compresses best.
    Brotli,
    /// Zstandard.
    Zstd,
    /// Gzip, which every client can decode.
    Gzip,
}

impl Coding {
    /// All codings, in order of the service's preference.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// Returns the coding that `Accept-Encoding` in `headers` of a request prefers; `None` for no coding.
    pub fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let mut accepted = AcceptEncoding::default();
        for list in headers.get_all(header::ACCEPT_ENCODING) {
            accepted.read(list.to_str().ok()?);
        }
        accepted.best()
    }

    /// Returns the value of `Content-Encoding`.
    pub fn to_header(self) -> HeaderValue {
        HeaderValue::from_static(self.as_str())
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("x-gzip") {
            return Some(Self::Gzip);
        }
        Self::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.as_str()))
    }
}

/// Quality values of an `Accept-Encoding`, in thousandths; `None` for a coding that is not listed.
#[derive(Default)]
struct AcceptEncoding {
    codings: [Option<u16>; Coding::ALL.len()],
    identity: Option<u16>,
    /// Quality value of `*`.
    others: Option<u16>,
}

impl AcceptEncoding {
    fn read(&mut self, list: &str) {
        for item in list.split(',') {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let Some(quality) = quality(parameters) else { continue };
            let name = name.trim();
            let value = match Coding::from_name(name) {
                Some(coding) => self.codings.get_mut(coding as usize),
                None if name == "*" => Some(&mut self.others),
                None if name.eq_ignore_ascii_case("identity") => Some(&mut self.identity),
                None => None,
            };
            if let Some(value) = value {
                *value = Some(quality);
            }
        }
    }

    /// Returns the coding with the highest value; of equal ones, the first of [`Coding::ALL`]. `identity` comes last
    /// unless it is listed.
    fn best(&self) -> Option<Coding> {
        let mut best = (self.identity.unwrap_or(0).max(1), None);
        for (coding, value) in Coding::ALL.into_iter().zip(self.codings) {
            let quality = value.or(self.others).unwrap_or(0);
            if quality > best.0 || (quality == best.0 && best.1.is_none()) {
                best = (quality, Some(coding));
            }
        }
        best.1
    }
}

/// Returns the `q` among the `parameters` of a list item, in thousandths: 1000 by default, `None` if it is malformed.
pub(super) fn quality(parameters: &str) -> Option<u16> {
    for parameter in parameters.split(';') {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        if name.trim().eq_ignore_ascii_case("q") {
            return thousandths(value.trim());
        }
    }
    Some(1000)
}

/// Parses a quality value such as `0`, `0.25` or `1.000`: at most 1, with at most three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let fraction = digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &str) -> Option<Coding> {
        let value = HeaderValue::from_str(accept).unwrap();
        Coding::negotiate(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)]))
    }

    #[test]
    fn browsers_get_brotli() {
        assert_eq!(negotiated("gzip, deflate, br, zstd"), Some(Coding::Brotli));
        assert_eq!(negotiated("gzip, deflate"), Some(Coding::Gzip));
        assert_eq!(negotiated("x-gzip"), Some(Coding::Gzip));
        assert_eq!(negotiated("zstd, GZIP"), Some(Coding::Zstd));
    }

    #[test]
    fn no_coding_is_the_default() {
        assert_eq!(Coding::negotiate(&HeaderMap::new()), None);
        assert_eq!(negotiated(""), None);
        assert_eq!(negotiated("deflate, compress"), None);
    }

    #[test]
    fn quality_has_priority_over_the_preference_of_the_service() {
        assert_eq!(negotiated("br;q=0.5, gzip;q=0.8"), Some(Coding::Gzip));
        assert_eq!(negotiated("br; Q = 0.501 , gzip;q=0.5"), Some(Coding::Brotli));
        assert_eq!(negotiated("identity, br;q=0.9"), None);
    }

    #[test]
    fn coding_with_quality_zero_is_not_used() {
        assert_eq!(negotiated("br;q=0, gzip"), Some(Coding::Gzip));
        assert_eq!(negotiated("gzip;q=0.000"), None);
        assert_eq!(negotiated("*;q=0"), None);
    }

    #[test]
    fn star_covers_all_other_codings() {
        assert_eq!(negotiated("*"), Some(Coding::Brotli));
        assert_eq!(negotiated("br;q=0, *"), Some(Coding::Zstd));
        assert_eq!(negotiated("gzip, *;q=0.1"), Some(Coding::Gzip));
    }

    #[test]
    fn coding_with_a_malformed_quality_is_ignored() {
        for accept in ["br;q=2", "br;q=", "br;q=0.1234", "br;q=-1", "br;q=1.5", "br;q=0.x", "br;q=00.5"] {
            assert_eq!(negotiated(accept), None, "{accept}");
        }
    }
}
