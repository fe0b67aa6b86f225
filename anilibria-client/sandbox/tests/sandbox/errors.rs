//! Errors are JSON if the client requests JSON, otherwise web pages.

use anilibria_sandbox::Sandbox;
use bytes::Bytes;
use http::Request;

use crate::ask::send;

const ERRORS: [(&str, u16); 4] = [
    ("/api/v1/anime/releases/no-such-release", 404),
    ("/api/v1/no/such/route", 404),
    ("/api/v1/anime/releases/latest?limit=51", 422),
    ("/api/v1/accounts/users/me/profile", 403),
];

#[tokio::test]
async fn errors_are_web_pages_unless_json_is_requested() {
    let sandbox = Sandbox::new();
    for (path, status) in ERRORS {
        for (accept, content_type) in [
            (None, "text/html; charset=UTF-8"),
            (Some("*/*"), "text/html; charset=UTF-8"),
            (Some("text/html, */*;q=0.8"), "text/html; charset=UTF-8"),
            (Some("application/json"), "application/json"),
            (Some("text/plain, application/json"), "application/json"),
        ] {
            let mut request = Request::get(path);
            if let Some(accept) = accept {
                request = request.header("accept", accept);
            }

            let response = send(&sandbox, request.body(Bytes::new()).unwrap()).await;

            assert_eq!(response.status.as_u16(), status, "{path} {accept:?}");
            assert_eq!(response.headers["content-type"], content_type, "{path} {accept:?}");
        }
    }
}

#[tokio::test]
async fn successful_responses_do_not_depend_on_accept() {
    let sandbox = Sandbox::new();

    let request = Request::get("/api/v1/anime/genres").header("accept", "text/html").body(Bytes::new());

    assert_eq!(send(&sandbox, request.unwrap()).await.headers["content-type"], "application/json");
}
