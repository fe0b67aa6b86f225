//! Values of `Cache-Control`.

use std::sync::LazyLock;

use poem::http::HeaderValue;
use time::OffsetDateTime;

/// Maximum `max-age` in seconds. The service applies changes at once, so browsers should not cache old data for much longer.
const MAX_AGE: u8 = 60;

/// `Cache-Control` of answers that must not be cached.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// `Cache-Control` of the absence of a resource, which clients may request again and again. Cached for 10 seconds.
pub const MISSING: HeaderValue = HeaderValue::from_static("public, max-age=10");

/// The possible values, created once: one for each number of seconds.
static VALUES: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| (0..=MAX_AGE).map(value).collect());

/// Returns the `Cache-Control` of an answer that is fresh until `expires`. A stale answer may be served for a minute while a
/// newer one is fetched, and for a day if that fails. An expired answer gets `max-age=0`, so it must be revalidated.
pub fn cache_control(expires: Option<OffsetDateTime>) -> HeaderValue {
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
        let value = cache_control(Some(OffsetDateTime::now_utc() + left));
        let text = value.to_str().unwrap().strip_prefix("public, max-age=").unwrap();
        text.split(',').next().unwrap().parse().unwrap()
    }

    #[test]
    fn answer_is_kept_no_longer_than_it_is_fresh() {
        assert!((28..=30).contains(&max_age(Duration::seconds(30))));
    }

    #[test]
    fn no_answer_is_kept_for_more_than_a_minute() {
        assert_eq!(max_age(Duration::days(30)), 60);
    }

    #[test]
    fn answer_past_its_time_has_to_be_asked_for_again() {
        assert_eq!(max_age(Duration::seconds(-30)), 0);
        assert!(cache_control(None).to_str().unwrap().starts_with("public, max-age=0,"));
    }
}
