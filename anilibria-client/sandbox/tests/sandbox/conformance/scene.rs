//! A sandbox with records for all operations of the API.

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::ask::{Response, Session, call, get};

/// A session, and the values for the parameters of operations.
pub(super) struct Scene {
    sandbox: Sandbox,
    token: String,
    episode: Value,
    franchise: Value,
    code: Value,
    state: String,
    letter: String,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let sandbox = Sandbox::builder().releases(60).build();
        let session = Session::log_in(&sandbox).await;
        let token = session.token.clone();
        let release = session.get("/anime/releases/7?include=episodes.id").await;
        let franchise = get(&sandbox, "/anime/franchises").await[0]["id"].clone();
        let episode = release["episodes"][0]["id"].clone();
        let code = session.call("POST", "/accounts/otp/get", &json!({"device_id": "tv"})).await.json();
        let code = code["otp"]["code"].clone();
        let begun = session.get("/accounts/users/auth/social/vk/login").await;
        let state = begun["state"].as_str().unwrap().to_owned();
        let mark = json!([{"release_episode_id": episode, "time": 743, "is_watched": true}]);
        let ids: Value = (1..=60).map(|id| json!({"release_id": id})).collect();
        let planned: Value =
            (1..=60).map(|id| json!({"release_id": id, "type_of_collection": "PLANNED"})).collect();
        for (path, body) in [
            ("/accounts/users/me/favorites", ids),
            ("/accounts/users/me/collections", planned),
            ("/accounts/users/me/views/timecodes", mark),
            ("/accounts/otp/accept", json!({"code": code})),
            ("/accounts/users/auth/password/forget", json!({"email": "demo@example.com"})),
        ] {
            assert_eq!(session.call("POST", path, &body).await.status.as_u16(), 200, "{path}");
        }
        assert!(sandbox.finish_social_login(&state));
        let letter = sandbox.password_token().unwrap();
        Self { sandbox, token, episode, franchise, code, state, letter }
    }

    /// Calls an operation with all required parameters.
    pub(super) async fn call(&self, method: &str, path: &str) -> Response {
        let url = format!("{}{}", self.fill(path), self.query(method, path));
        let body = if method == "GET" { Value::Null } else { self.body(method, path) };
        let session = Session { sandbox: &self.sandbox, token: self.token.clone() };
        if path.contains("/users/me/") || path.contains("timecode") || path.ends_with("/logout") {
            return session.call(method, &url, &body).await;
        }
        if path == "/accounts/otp/accept" {
            return session.call(method, &url, &body).await;
        }
        call(&self.sandbox, method, &format!("/api/v1{url}"), &body).await
    }

    /// Replaces each path parameter with a value.
    fn fill(&self, path: &str) -> String {
        let (episode, franchise) = (self.episode.as_str().unwrap(), self.franchise.as_str().unwrap());
        path.replace("{releaseId}", "7")
            .replace("{idOrAlias}", "7")
            .replace("{hashOrId}", "10028")
            .replace("{genreId}", "15")
            .replace("{provider}", "vk")
            .replace("{releaseEpisodeId}", episode)
            .replace("{franchiseId}", franchise)
    }

    /// Creates the required query parameters, and a limit that returns as many variants as possible.
    fn query(&self, method: &str, path: &str) -> String {
        match (method, path) {
            ("GET", "/accounts/users/auth/social/authenticate") => format!("?state={}", self.state),
            ("GET", "/accounts/users/me/collections/releases") => {
                "?type_of_collection=PLANNED&limit=50".to_owned()
            }
            ("GET", "/anime/releases/list") => "?ids=1,2,3,4,5,6,7,8,9,10".to_owned(),
            ("GET", "/app/search/releases") => "?query=%D0%B0".to_owned(),
            ("GET", "/anime/catalog/releases" | "/anime/torrents" | "/anime/releases/latest") => {
                "?limit=50".to_owned()
            }
            _ => String::new(),
        }
    }

    fn body(&self, method: &str, path: &str) -> Value {
        let release = json!([{"release_id": 7, "type_of_collection": "WATCHED"}]);
        match (method, path) {
            (_, "/accounts/otp/accept") => json!({"code": self.code}),
            (_, "/accounts/otp/get") => json!({"device_id": "tv"}),
            (_, "/accounts/otp/login") => json!({"code": self.code, "device_id": "tv"}),
            (_, "/accounts/users/auth/login") => json!({"login": "demo", "password": "demo"}),
            (_, "/accounts/users/auth/password/forget") => json!({"email": "demo@example.com"}),
            (_, "/accounts/users/auth/password/reset") => {
                json!({"token": self.letter, "password": "new", "password_confirmation": "new"})
            }
            (_, "/accounts/users/me/favorites" | "/accounts/users/me/collections") => release,
            (_, "/accounts/users/me/views/timecodes") => {
                json!([{"release_episode_id": self.episode, "time": 7.5, "is_watched": false}])
            }
            (_, "/accounts/users/me/collections/releases") => json!({"type_of_collection": "PLANNED"}),
            _ => json!({}),
        }
    }
}
