//! Which group of a test a user belongs to, for the site's statistics.

use anilibria_http::{User, vary};
use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

use super::{Flags, Percentage, ROLL_OUT, Setting};

/// The header that tells the group.
const GROUP: HeaderName = HeaderName::from_static("x-test-group");

/// Whoever has not said who they are.
const CONTROL: HeaderValue = HeaderValue::from_static("control");
const SERVICE: HeaderValue = HeaderValue::from_static("python_service");
const NODE: HeaderValue = HeaderValue::from_static("nodejs_service");

/// The share in the group of this service, where nothing is set.
const SHARE: Option<Percentage> = Percentage::new(10);

/// For what is one user's: others must not keep it, and the user has to ask whether it still holds.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Tells users which group they are in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Groups {
    flags: Option<Flags>,
}

impl Groups {
    /// The groups by what is set in `flags`; by chance alone, where there are none.
    pub fn new(flags: Option<Flags>) -> Self {
        Self { flags }
    }

    /// Tells `user` the group in `response`. What caches on the way keep of it is for nobody else.
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
        // Their hundredths are 19, 43 and 7.
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
