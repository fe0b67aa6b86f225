//! The A/B test group of a user, for the site's statistics.

use anilibria_http::{User, vary};
use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

use super::{Flags, Percentage, ROLLOUT_FEATURE, Setting};

/// Header that carries the group.
const GROUP_HEADER: HeaderName = HeaderName::from_static("x-test-group");

/// Group of users who are not authenticated.
const CONTROL: HeaderValue = HeaderValue::from_static("control");

/// Group of users for whom the rollout feature is on.
const SERVICE: HeaderValue = HeaderValue::from_static("python_service");

/// Group of users for whom the rollout feature is off.
const NODE: HeaderValue = HeaderValue::from_static("nodejs_service");

/// Percentage of users in the group of this service, if the rollout feature has no setting.
const DEFAULT_PERCENTAGE: Option<Percentage> = Percentage::new(10);

/// `Cache-Control` of responses for one user: shared caches must not store them, and the user's cache must revalidate them.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A/B test groups of users, which are added to responses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TestGroups {
    flags: Option<Flags>,
}

impl TestGroups {
    /// Creates groups from the settings in `flags`. Without `flags`, the default percentage of 10 applies.
    pub fn new(flags: Option<Flags>) -> Self {
        Self { flags }
    }

    /// Adds the group of `user` to `response` as `X-Test-Group`, and restricts caching so that no other user receives the
    /// response.
    pub async fn add_header(&self, response: &mut Response, user: Option<User>) {
        let group = self.group(user.map(|user| user.id)).await;
        let headers = response.headers_mut();
        headers.insert(GROUP_HEADER, group);
        vary::add(headers, "Authorization");
        let is_cacheable = headers.get(header::CACHE_CONTROL).is_some_and(|value| value != "no-store");
        if user.is_some() && is_cacheable {
            headers.insert(header::CACHE_CONTROL, PRIVATE);
        }
    }

    async fn group(&self, user: Option<u64>) -> HeaderValue {
        if user.is_none() {
            return CONTROL;
        }
        let setting = match &self.flags {
            Some(flags) => flags.setting(ROLLOUT_FEATURE, user).await,
            None => Setting::default(),
        };
        let setting =
            if setting.is_empty() { Setting { percentage: DEFAULT_PERCENTAGE, ..setting } } else { setting };
        if setting.is_on(user) { SERVICE } else { NODE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn response_for(user: Option<u64>, cache_control: &'static str) -> Response {
        let mut response = Response::builder().header(header::CACHE_CONTROL, cache_control).finish();
        TestGroups::new(None).add_header(&mut response, user.map(|id| User { id })).await;
        response
    }

    #[tokio::test]
    async fn users_in_the_first_ten_buckets_are_in_the_group_of_this_service() {
        let mut groups = Vec::new();
        // The buckets of the users are 19, 43 and 7.
        for user in [None, Some(1), Some(7), Some(4)] {
            groups.push(
                response_for(user, "public").await.headers()[GROUP_HEADER].to_str().unwrap().to_owned(),
            );
        }

        assert_eq!(groups, ["control", "nodejs_service", "nodejs_service", "python_service"]);
    }

    #[tokio::test]
    async fn response_for_a_user_is_private() {
        for (user, before, after) in [
            (None, "public, max-age=60", "public, max-age=60"),
            (Some(1), "public, max-age=60", "private, no-cache"),
            (Some(1), "no-store", "no-store"),
        ] {
            let response = response_for(user, before).await;

            assert_eq!(response.headers()[header::CACHE_CONTROL], after);
            assert_eq!(response.headers()[header::VARY], "Authorization");
        }
    }
}
