//! Request ids: valid ones are kept, others are replaced.

use uuid::Uuid;

use crate::support::{demo, json};

#[tokio::test]
async fn valid_id_is_returned_in_header_and_error() {
    let response = demo().get("/nothing").header("X-Request-ID", "site:42_a.b-C").send().await;

    response.assert_header("x-request-id", "site:42_a.b-C");
    assert_eq!(json(response).await["request_id"], "site:42_a.b-C");
}

#[tokio::test]
async fn success_response_has_the_id() {
    let response = demo().get("/title").header("X-Request-ID", "r-1").send().await;

    response.assert_status_is_ok();
    response.assert_header("x-request-id", "r-1");
}

#[tokio::test]
async fn invalid_or_missing_id_is_replaced_by_a_uuid() {
    let demo = demo();

    for sent in [None, Some("<b>".to_owned()), Some(String::new()), Some("x".repeat(129))] {
        let mut request = demo.get("/title");
        if let Some(sent) = &sent {
            request = request.header("X-Request-ID", sent);
        }
        let response = request.send().await;

        let id = response.0.header("x-request-id").unwrap();
        assert!(Uuid::parse_str(id).is_ok(), "{id} for {sent:?}");
    }
}
