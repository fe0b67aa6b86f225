//! The A/B test group of a user, for the site's statistics.

use anilibria_http::{User, vary};
use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

use super::{Flags, Percentage, ROLL_OUT, Setting};

/// Header that carries the group.
const GROUP: HeaderName = HeaderName::from_static("x-test-group");

/// Group of users who are not authenticated.
const CONTROL: HeaderValue = HeaderValue::from_static("control");
const SERVICE: HeaderValue = HeaderValue::from_static("python_service");
const NODE: HeaderValue = HeaderValue::from_static("nodejs_service");

/// Percentage of users in the group of this service if no flag is set.
const SHARE: Option<Percentage> = Percentage::new(10);

/// `Cache-Control` of responses for one user: shared caches must not store them, and the user's cache must revalidate them.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Test groups of users, which are added to responses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Groups {
    flags: Option<Flags>,
}

impl Groups {
    /// Creates groups from the settings in `flags`; `None` uses the default percentage.
    pub fn new(flags: Option<Flags>) -> Self {
        Self { flags }
    }

    /// Adds the group of `user` to `response`, and restricts caching so that no other user receives the response.
    pub async fn tell(&self, response: &mut Response, user: Option<User>) {
        let group = self.group(user.map(|user| user.id)).await;
        let headers = response.headers_mut();
        headers.insert(GROUP, group);
        vary::add(headers, "Authorization");
        let is_kept = headers.get(header::CACHE_CONTROL).is_some_and(|value| value != "no-store");
        if user.is_some() && is_kept {
            headers.insert(header::CACHE_CONTROL, PRIVATE);
        }
    }

    async fn group(&self, user: Option<u64>) -> HeaderValue {
        if user.is_none() {
            return CONTROL;
        }
        let setting = match &self.flags {
            Some(flags) => flags.setting(ROLL_OUT, user).await,
            None => Setting::default(),
        };
        let setting = if setting.is_empty() { Setting { percentage: SHARE, ..setting } } else { setting };
        if setting.is_on(user) { SERVICE } else { NODE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(user: Option<u64>, cache_control: &'static str) -> Response {
        let mut response = Response::builder().header(header::CACHE_CONTROL, cache_control).finish();
        Groups::new(None).tell(&mut response, user.map(|id| User { id })).await;
        response
    }

    #[tokio::test]
    async fn tenth_of_users_is_in_the_group_of_this_service() {
        let mut groups = Vec::new();
        // The percentiles of the users are 19, 43 and 7.
        for user in [None, Some(1), Some(7), Some(4)] {
            groups.push(told(user, "public").await.headers()[GROUP].to_str().unwrap().to_owned());
        }

        assert_eq!(groups, ["control", "nodejs_service", "nodejs_service", "python_service"]);
    }

    #[tokio::test]
    async fn answer_for_a_user_is_kept_for_nobody_else() {
        for (user, before, after) in [
            (None, "public, max-age=60", "public, max-age=60"),
            (Some(1), "public, max-age=60", "private, no-cache"),
            (Some(1), "no-store", "no-store"),
        ] {
            let response = told(user, before).await;

            assert_eq!(response.headers()[header::CACHE_CONTROL], after);
            assert_eq!(response.headers()[header::VARY], "Authorization");
        }
    }
}
