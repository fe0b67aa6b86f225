//! Values of the response header `Cache-Control`.

use std::sync::LazyLock;

use poem::http::HeaderValue;
use time::OffsetDateTime;

/// Maximum `max-age` in seconds. The service applies changes at once, so browsers should not cache old data for long.
const MAX_AGE: u8 = 60;

/// `Cache-Control` of responses that must not be cached.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// `Cache-Control` of responses about a resource that does not exist. Caches store them for 10 seconds, because clients request
/// such resources repeatedly.
pub const NOT_FOUND: HeaderValue = HeaderValue::from_static("public, max-age=10");

/// The possible values, created once: one for each number of seconds.
static VALUES: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| (0..=MAX_AGE).map(value).collect());

/// Returns the `Cache-Control` of a response that is fresh until `expires`, with a `max-age` of at most 60 seconds.
///
/// A stale response may be served for a minute while a newer one is fetched, and for a day if that fails. A response that is
/// stale already, or whose time is unknown, has `max-age=0`: it must be revalidated.
pub fn fresh_until(expires: Option<OffsetDateTime>) -> HeaderValue {
    let left = expires.map_or(0, |expires| (expires - OffsetDateTime::now_utc()).whole_seconds());
    let seconds = usize::try_from(left).unwrap_or(0).min(MAX_AGE.into());
    VALUES.get(seconds).cloned().unwrap_or(NO_STORE)
}

fn value(seconds: u8) -> HeaderValue {
    let text = format!("public, max-age={seconds}, stale-while-revalidate=60, stale-if-error=86400");
    HeaderValue::try_from(text).unwrap_or(NO_STORE)
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    fn max_age(left: Duration) -> u8 {
        let value = fresh_until(Some(OffsetDateTime::now_utc() + left));
        let text = value.to_str().unwrap().strip_prefix("public, max-age=").unwrap();
        text.split(',').next().unwrap().parse().unwrap()
    }

    #[test]
    fn max_age_is_the_time_until_expiry() {
        assert!((28..=30).contains(&max_age(Duration::seconds(30))));
    }

    #[test]
    fn max_age_is_at_most_a_minute() {
        assert_eq!(max_age(Duration::days(30)), 60);
    }

    #[test]
    fn stale_response_must_be_revalidated() {
        assert_eq!(max_age(Duration::seconds(-30)), 0);
        assert!(fresh_until(None).to_str().unwrap().starts_with("public, max-age=0,"));
    }
}
