//! Cache headers, conditional requests, compression and security headers.

use poem::{
    http::StatusCode,
    test::{TestClient, TestResponse},
};

use crate::support::{Demo, demo, demo_endpoint, json, serve, service};

/// `Accept` header of a browser that navigates to a URL.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn header(response: &TestResponse, name: &str) -> String {
    response.0.header(name).unwrap_or_else(|| panic!("no header {name}")).to_owned()
}

#[tokio::test]
async fn list_has_a_cache_lifetime() {
    let response = demo().get("/titles").send().await;

    response.assert_header(
        "cache-control",
        "public, max-age=60, stale-while-revalidate=60, stale-if-error=86400",
    );
    response.assert_header("vary", "Accept-Encoding, Origin");
}

#[tokio::test]
async fn random_probe_and_error_responses_are_not_cached() {
    let demo = demo();

    for path in ["/once", "/live", "/broken", "/panic", "/nothing"] {
        demo.get(path).send().await.assert_header("cache-control", "no-store");
    }
}

#[tokio::test]
async fn matching_etag_gets_not_modified_without_a_body() {
    let demo = demo();
    let etag = header(&demo.get("/titles").send().await, "etag");

    for known in [etag.as_str(), etag.trim_start_matches("W/"), "*", &format!("\"x\", {etag}")] {
        for request in [demo.get("/titles"), demo.head("/titles")] {
            let response =
                request.header("if-none-match", known).header("accept-encoding", "br").send().await;

            response.assert_status(StatusCode::NOT_MODIFIED);
            response.assert_header("etag", &etag);
            assert!(response.0.header("cache-control").is_some() && response.0.header("vary").is_some());
            assert!(response.0.header("content-length").is_none());
            assert!(
                response.0.header("content-type").is_none()
                    && response.0.header("content-encoding").is_none()
            );
            assert!(response.0.into_body().into_bytes().await.unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn other_etag_gets_the_full_response() {
    let response = demo().get("/titles").header("if-none-match", "\"x\", W/\"y\"").send().await;

    response.assert_status_is_ok();
    assert_eq!(json(response).await["success"], true);
}

#[tokio::test]
async fn condition_applies_only_to_successful_reads() {
    let demo = demo();

    demo.get("/nothing").header("if-none-match", "*").send().await.assert_status(StatusCode::NOT_FOUND);
    let posted = demo.post("/echo").header("if-none-match", "*").content_type("text/plain").body("x");
    posted.send().await.assert_status_is_ok();
}

#[tokio::test]
async fn decompressed_response_equals_the_plain_one() {
    let base = serve(demo_endpoint(&[], &Demo::default())).await;
    let plain = reqwest::Client::builder().no_brotli().no_gzip().no_zstd().build().unwrap();
    let (url, plain_body) =
        (format!("{base}/titles"), plain.get(format!("{base}/titles")).send().await.unwrap());
    let (etag, plain_body) = (plain_body.headers()["etag"].clone(), plain_body.bytes().await.unwrap());

    for (coding, client) in [
        ("br", reqwest::Client::builder().no_gzip().no_zstd()),
        ("gzip", reqwest::Client::builder().no_brotli().no_zstd()),
        ("zstd", reqwest::Client::builder().no_brotli().no_gzip()),
    ] {
        let raw = plain.get(&url).header("accept-encoding", coding).send().await.unwrap();
        assert_eq!(raw.headers()["content-encoding"], coding);
        assert_eq!(raw.headers()["etag"], etag);
        let content_length: usize = raw.headers()["content-length"].to_str().unwrap().parse().unwrap();
        let raw = raw.bytes().await.unwrap();
        assert!(raw.len() == content_length && raw.len() < plain_body.len() / 4, "{coding}: {}", raw.len());

        let unpacked = client.build().unwrap().get(&url).send().await.unwrap().bytes().await.unwrap();
        let end = |text: &[u8]| String::from_utf8_lossy(text).split("\"meta\"").next().map(str::len);

        assert_eq!(end(&unpacked), end(&plain_body), "{coding}");
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&unpacked).unwrap()["meta"]["cached"], true);
    }
}

#[tokio::test]
async fn head_has_the_length_of_the_compressed_response() {
    let demo = demo();
    let get = demo.get("/titles").header("accept-encoding", "gzip").send().await;
    let length = get.0.into_body().into_bytes().await.unwrap().len().to_string();

    let head = demo.head("/titles").header("accept-encoding", "gzip").send().await;

    head.assert_header("content-encoding", "gzip");
    head.assert_header("content-length", length);
    assert!(head.0.into_body().into_bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn response_is_uncompressed_unless_accepted() {
    let demo = demo();

    for accept in ["", "identity", "deflate", "br;q=0, gzip;q=0, zstd;q=0"] {
        let response = demo.get("/titles").header("accept-encoding", accept).send().await;

        assert!(response.0.header("content-encoding").is_none(), "{accept}");
        assert_eq!(json(response).await["success"], true, "{accept}");
    }
}

#[tokio::test]
async fn all_responses_have_security_headers() {
    let demo = demo();

    for path in ["/titles", "/nothing", "/panic", "/live"] {
        let response = demo.get(path).send().await;

        response.assert_header("x-content-type-options", "nosniff");
        response.assert_header("x-frame-options", "DENY");
        response.assert_header("referrer-policy", "strict-origin-when-cross-origin");
        response.assert_header("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    }
}

#[tokio::test]
async fn documentation_page_follows_its_security_policy() {
    let response = service(&[]).get("/docs").send().await;

    assert!(header(&response, "content-security-policy").contains("script-src 'unsafe-inline'"));
    let page = response.0.into_body().into_string().await.unwrap();
    for outside in ["<script src", "rel=\"stylesheet\"", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn live_is_a_page_for_browsers_and_a_probe_otherwise() {
    let service = service(&[]);

    for path in ["/live", "/api/anilibria/v2/live"] {
        let page = service.get(path).header("accept", BROWSER).send().await;
        page.assert_content_type("text/html; charset=utf-8");
        assert!(header(&page, "vary").split(", ").any(|name| name == "Accept"), "{path}");

        for accept in ["*/*", "application/json", "application/json, text/plain, */*"] {
            let probe = service.get(path).header("accept", accept).send().await;
            probe.assert_header("cache-control", "no-store");
            assert_eq!(json(probe).await["status"], "alive", "{accept}");
        }
        assert_eq!(json(service.get(path).send().await).await["status"], "alive");
    }
    service.get("/live.html").send().await.assert_status(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn not_modified_has_no_body_over_the_wire() {
    let base = serve(demo_endpoint(&[], &Demo::default())).await;
    let client = reqwest::Client::new();
    let first = client.get(format!("{base}/titles")).send().await.unwrap();

    let second = client.get(format!("{base}/titles")).header("if-none-match", &first.headers()["etag"]);
    let second = second.send().await.unwrap();

    assert_eq!(second.status(), 304);
    assert_eq!(second.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn routes_have_different_etags() {
    let client = TestClient::new(demo_endpoint(&[], &Demo::default()));

    let (list, title) = (client.get("/titles").send().await, client.get("/title").send().await);

    assert_ne!(header(&list, "etag"), header(&title, "etag"));
}

#[tokio::test]
async fn documentation_is_compressed_and_revalidated() {
    let service = service(&[]);

    for path in
        ["/docs", "/openapi.json", "/openapi.yaml", "/openapi-3.1.json", "/asyncapi.json", "/asyncapi.yaml"]
    {
        let first = service.get(path).header("accept-encoding", "gzip").send().await;
        first.assert_header("content-encoding", "gzip");
        first.assert_header("cache-control", "public, max-age=300");

        let again = service.get(path).header("if-none-match", header(&first, "etag")).send().await;

        again.assert_status(StatusCode::NOT_MODIFIED);
    }
}
