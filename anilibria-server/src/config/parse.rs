//! Parsers of the values of settings. An error message continues a sentence that begins with the name of the setting.

use std::{net::IpAddr, num::NonZeroU32, ops::RangeInclusive, time::Duration};

use anilibria_http::cors::AllowedOrigins;
use ipnet::IpNet;
use poem::http::HeaderValue;
use tracing::Level;
use url::Url;

use super::CacheDir;

/// Minimum level to log.
pub type LogLevel = Level;

/// Parses an HTTP URL with a host.
fn http_url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("is not a URL: {error}"))?;
    if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() {
        Ok(url)
    } else {
        Err("must begin with http:// or https:// and a host".into())
    }
}

/// Parses a base URL of AniLiberty API v1.
pub(super) fn api_url(text: &str) -> Result<Url, String> {
    let url = http_url(text)?;
    let is_old = url.path_segments().is_some_and(|mut parts| parts.any(|part| matches!(part, "v2" | "v3")));
    if is_old || url.host_str() == Some("api.anilibria.tv") {
        return Err(
            "is the address of the old API v3, which was switched off in 2025; its successor is API v1, for example \
                    https://anilibria.top/api/v1 (leave the setting unset to use the public mirrors)"
                .into(),
        );
    }
    Ok(url)
}

/// Parses the base URL of a service, without query and fragment.
pub(crate) fn base_url(text: &str) -> Result<Url, String> {
    let url = http_url(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end with the path: no query and no fragment".into());
    }
    Ok(url)
}

/// Parses a value of the header `User-Agent`.
pub(super) fn user_agent(text: &str) -> Result<String, String> {
    let valid = !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    valid.then(|| text.to_owned()).ok_or_else(|| "must be visible ASCII characters".into())
}

/// Returns a parser of whole numbers in `range`.
pub(crate) fn integer<N: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<N, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
    }
}

/// Parses a whole number that is not 0.
pub(super) fn nonzero(text: &str) -> Result<NonZeroU32, String> {
    let number: u32 = integer(1..=u32::MAX.into())(text)?;
    NonZeroU32::new(number).ok_or_else(|| "must not be 0".into())
}

/// Parses a number of seconds, at least 1.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    integer(1..=u32::MAX.into())(text).map(Duration::from_secs)
}

/// Parses a number of seconds, which may be 0.
pub(super) fn seconds_or_zero(text: &str) -> Result<Duration, String> {
    integer(0..=u32::MAX.into())(text).map(Duration::from_secs)
}

/// Parses a directory or `off`.
pub(super) fn cache_dir(text: &str) -> Result<CacheDir, String> {
    match text.trim() {
        "" => Err("must be a directory or `off`".into()),
        "off" => Ok(CacheDir::Off),
        path => Ok(CacheDir::At(path.into())),
    }
}

/// Parses a number, at least 1.
pub(super) fn count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "must be a whole number, at least 1".into())
}

/// Parses a share from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "must be a number from 0 to 1".into())
}

/// Parses a number of bytes, at least 1, with or without a unit.
pub(super) fn bytes(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, usize); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

    let unit = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let (number, size) = unit.unwrap_or((text, 1));
    let number: usize =
        number.trim().parse().map_err(|_| "must be a number of bytes, such as 65536 or 64KiB")?;
    number
        .checked_mul(size)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "must be a number of bytes that is at least 1 and fits into memory".into())
}

/// Parses a network or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = |text: &str| text.parse().ok().map(|address: IpAddr| IpNet::from(address));
    let network = text.parse().ok().or_else(|| address(text));
    network.ok_or_else(|| "must be a list of addresses and networks, such as 172.20.0.0/16".into())
}

/// Parses the name of a level in Rust or in Python, in any case.
pub(super) fn log_level(text: &str) -> Result<LogLevel, String> {
    match text.to_ascii_lowercase().as_str() {
        "trace" => Ok(Level::TRACE),
        "debug" => Ok(Level::DEBUG),
        "info" => Ok(Level::INFO),
        "warn" | "warning" => Ok(Level::WARN),
        "error" | "critical" => Ok(Level::ERROR),
        _ => Err("must be trace, debug, info, warn, warning, error or critical".into()),
    }
}

/// Parses a comma-separated list of origins, or `*`.
pub(super) fn origins(text: &str) -> Result<AllowedOrigins, String> {
    if text.trim() == "*" {
        return Ok(AllowedOrigins::Any);
    }
    let listed = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let listed: Result<_, _> = listed.map(origin).collect();
    listed
        .map(AllowedOrigins::Listed)
        .map_err(|_| "must be `*`, or a comma-separated list of origins such as https://anime.example".into())
}

/// Parses a URL and returns its origin, as browsers write it.
pub(super) fn origin(text: &str) -> Result<HeaderValue, String> {
    let invalid = || "must be the URL of a site, such as https://anime.example".to_owned();
    let url: Url = text.parse().map_err(|_| invalid())?;
    let origin = Some(url.origin()).filter(url::Origin::is_tuple).ok_or_else(invalid)?;
    HeaderValue::try_from(origin.ascii_serialization()).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_of_the_old_api_is_an_error_with_the_reason() {
        for url in [
            "https://api.anilibria.tv/v3",
            "https://anilibria.tv/api/v3",
            "https://api.anilibria.tv/v2/",
            "https://api.anilibria.tv",
        ] {
            assert!(api_url(url).unwrap_err().contains("switched off"), "{url}");
        }
        assert!(api_url("https://anilibria.top/api/v1").is_ok());
    }

    #[test]
    fn bytes_may_have_a_unit() {
        assert_eq!(bytes("65536"), Ok(65536));
        assert_eq!(bytes("64KiB"), Ok(65536));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
        assert!(bytes("0").is_err());
        assert!(bytes("1 GB").is_err());
        assert!(bytes("99999999999999999 GiB").is_err());
    }

    #[test]
    fn single_address_is_a_network() {
        assert_eq!(network(" 10.0.0.7 ").map(|network| network.to_string()), Ok("10.0.0.7/32".into()));
        assert_eq!(network("fd00::/8").map(|network| network.to_string()), Ok("fd00::/8".into()));
        assert!(network("proxy").is_err());
    }

    #[test]
    fn levels_are_parsed_by_rust_and_python_names_in_any_case() {
        assert_eq!(log_level("INFO"), Ok(Level::INFO));
        assert_eq!(log_level("Warning"), log_level("warn"));
        assert_eq!(log_level("CRITICAL"), Ok(Level::ERROR));
        assert!(log_level("").is_err());
    }

    #[test]
    fn origins_are_normalised() {
        let listed = origins("https://Anime.example/, http://localhost:3000,");

        let expected = ["https://anime.example", "http://localhost:3000"].map(HeaderValue::from_static);
        assert_eq!(listed, Ok(AllowedOrigins::Listed(expected.to_vec())));
        assert_eq!(origins("*"), Ok(AllowedOrigins::Any));
        assert!(origins("https://a.example,*").is_err());
    }
}
