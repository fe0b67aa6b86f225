//! Tests of calls that the service or the client refuses.

use anilibria_client::{
    Error, RetryPolicy,
    v3::{Client, Query, SandboxGateway, key},
};
use mockito::{Matcher, Server, ServerGuard};

async fn gateway(status: usize, content_type: &str, body: &str) -> (ServerGuard, Client) {
    let mut server = Server::new_async().await;
    let mock = server.mock("GET", Matcher::Any).with_status(status).with_header("content-type", content_type);
    mock.with_body(body).create_async().await;
    let client = Client::builder(server.url()).retry(RetryPolicy::none()).build().unwrap();
    (server, client)
}

async fn refusal(status: usize, content_type: &str, body: &str) -> Error {
    let (_server, client) = gateway(status, content_type, body).await;
    client.title(7).await.unwrap_err()
}

#[tokio::test]
async fn refusal_has_code_and_message_in_both_forms_and_with_any_status() {
    for (status, body, expected) in [
        (404, r#"{"error":{"code":404,"message":"no such title"}}"#, (404, "no such title")),
        (200, r#"{"error":{"code":404,"message":"no such title"}}"#, (404, "no such title")),
        (500, r#"{"error":{"code":503,"message":"later"}}"#, (503, "later")),
        (
            412,
            r#"{"error":{"code":412,"message":"Unknown query parameters: a, b"}}"#,
            (412, "Unknown query parameters: a, b"),
        ),
        (400, r#"{"error":"what?"}"#, (400, "what?")),
        (200, r#"{"err":"error","mes":"no","key":"x"}"#, (0, "no")),
    ] {
        let error = refusal(status, "application/json; charset=utf-8", body).await;

        let Error::Api { code, ref message, .. } = error else { panic!("{body}: {error:?}") };
        assert_eq!((code, message.as_str()), expected, "{body}");
        assert_eq!((error.is_not_found(), error.is_transient()), (code == 404, code >= 500), "{body}");
    }
}

#[tokio::test]
async fn response_other_than_json_is_an_error_by_status() {
    assert!(matches!(refusal(502, "text/html", "<html>").await, Error::Status { status: 502, .. }));
    assert!(matches!(
        refusal(403, "text/html", "<html>").await,
        Error::Blocked { status: 403, hint: None, .. }
    ));
    assert!(!refusal(404, "text/html", "<html>").await.to_string().contains("URL"));
    assert!(matches!(refusal(429, "text/plain", "slow").await, Error::RateLimited { .. }));
    assert!(matches!(refusal(200, "text/html", "<html>").await, Error::Blocked { status: 200, .. }));
    assert!(matches!(refusal(200, "application/json", "").await, Error::Decode { .. }));
}

#[tokio::test]
async fn oversized_response_is_not_read() {
    let (server, _) = gateway(200, "application/json", &"x".repeat(2000)).await;
    let client = Client::builder(server.url()).max_response_size(1000).build().unwrap();

    assert!(matches!(client.title(7).await, Err(Error::TooLarge { limit: 1000 })));
}

#[tokio::test]
async fn failed_reads_are_retried_and_writes_are_not() {
    let mut server = Server::new_async().await;
    let body = r#"{"error":{"code":500,"message":"oops"}}"#;
    let failing = |mock: mockito::Mock| mock.with_status(500).with_body(body);
    let read = failing(server.mock("GET", "/v3/years")).expect(3).create_async().await;
    let write = failing(server.mock("PUT", Matcher::Any)).expect(1).create_async().await;
    let retry = RetryPolicy::exponential().first_delay(std::time::Duration::from_millis(1));
    let client = Client::builder(server.url()).retry(retry).build().unwrap();

    assert!(matches!(client.years().await, Err(Error::Api { code: 500, .. })));
    assert!(matches!(client.add_favorite("session", 7).await, Err(Error::Api { code: 500, .. })));

    read.assert_async().await;
    write.assert_async().await;
}

#[tokio::test]
async fn invalid_calls_are_not_sent() {
    let gateway = SandboxGateway::start().await.unwrap();
    let client = Client::new(gateway.url()).unwrap();
    let field = |error: Error| match error {
        Error::InvalidRequest { field, .. } => field,
        other => panic!("{other:?}"),
    };

    assert_eq!(field(client.title("").await.unwrap_err()), "id|code|torrent_id");
    assert_eq!(field(client.titles().await.unwrap_err()), "id_list|code_list|torrent_id_list");
    assert_eq!(field(client.titles().ids([0; 0]).await.unwrap_err()), "id_list|code_list|torrent_id_list");
    assert_eq!(field(client.user("").await.unwrap_err()), "session");
    assert_eq!(field(client.favorites("").await.unwrap_err()), "session");
    assert_eq!(field(client.add_favorite("", 7).await.unwrap_err()), "session");
    assert_eq!(field(client.login("", "password").await.unwrap_err()), "mail");
    assert_eq!(field(client.login("demo", "").await.unwrap_err()), "passwd");
    assert_eq!(field(client.advanced_search("").await.unwrap_err()), "query|simple_query");
    assert_eq!(field(client.advanced_search(key("a}{").eq(1)).await.unwrap_err()), "query");
    assert_eq!(
        field(client.advanced_search(Query::Simple(String::new())).await.unwrap_err()),
        "query|simple_query"
    );

    assert!(gateway.requests().is_empty());
}

#[tokio::test]
async fn session_and_password_are_in_no_message() {
    let (_server, client) = gateway(500, "text/plain", "s3cret").await;
    let call = client.user("s3cret");
    let login = client.login("demo", "s3cret");

    let shown =
        format!("{call:?} {login:?} {:?}", client.rss(anilibria_client::v3::RssType::Rss).session("s3cret"));
    let errors = [call.await.unwrap_err(), login.await.unwrap_err()];

    assert!(!shown.contains("s3cret") && !format!("{errors:?}").contains("s3cret"), "{shown}");
    let unreachable = Client::builder("http://127.0.0.1:1").retry(RetryPolicy::none()).build().unwrap();
    let error = unreachable.user("s3cret").await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }) && !format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn numbers_that_a_parameter_cannot_hold_are_refused_and_not_sent() {
    let mut server = Server::new_async().await;
    let never = server.mock("GET", Matcher::Any).expect(0).create_async().await;
    let client = Client::builder(server.url()).build().unwrap();

    let refused = [
        ("id", client.title(u64::MAX).await.err()),
        ("id", client.title(-1).await.err()),
        ("id_list", client.titles().ids([1_u64 << 40]).await.err()),
        ("year", client.search().years([70_000]).await.err()),
        ("limit", client.updates().limit(0).await.err()),
        ("page", client.updates().page(0).await.err()),
        ("items_per_page", client.updates().items_per_page(-5).await.err()),
        ("after", client.updates().after(u64::MAX).await.err()),
    ];

    for (expected, error) in refused {
        let Some(Error::InvalidRequest { field, .. }) = error else { panic!("{expected}: {error:?}") };
        assert_eq!(field, expected);
    }
    never.assert_async().await;
}
