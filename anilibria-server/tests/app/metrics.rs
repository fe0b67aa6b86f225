//! The scrape endpoint `/metrics`.

use crate::support::service;

/// Returns the lines of the samples that start with `name`.
fn samples<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    text.lines().filter(|line| line.starts_with(name)).collect()
}

#[tokio::test]
async fn requests_are_counted_by_route_not_by_path() {
    let service = service(&[]);
    for path in ["/titles/none", "/titles/0", "/no/such/path", "/api/anilibria/v2/titles/x"] {
        service.get(path).send().await;
    }
    service.head("/titles/0").send().await;

    let response = service.get("/metrics").send().await;

    response.assert_header("content-type", "text/plain; version=0.0.4; charset=utf-8");
    let text = response.0.into_body().into_string().await.unwrap();
    let title = r#"anime_site_http_requests_total{method="GET",endpoint="/titles/{id}",status_code="400"}"#;
    assert!(!samples(&text, title).is_empty(), "{text}");
    let head = r#"anilibria_requests_total{method="HEAD",endpoint="/titles/{id}",status="#;
    assert!(!samples(&text, head).is_empty(), "{text}");
    let unrouted = r#"migration_requests_total{service="python",endpoint="unrouted",status="404"}"#;
    assert!(!samples(&text, unrouted).is_empty(), "{text}");
    assert!(!text.contains("/titles/none") && !text.contains("/no/such/path"), "{text}");
}

#[tokio::test]
async fn duration_histograms_have_the_expected_buckets() {
    let service = service(&[]);
    service.get("/live").send().await;

    let text = service.get("/metrics").send().await.0.into_body().into_string().await.unwrap();

    let bounds = |name: &str| -> Vec<String> {
        let lines = samples(&text, &format!("{name}_bucket")).into_iter();
        let mut bounds: Vec<_> = lines
            .filter_map(|line| Some(line.split_once("le=\"")?.1.split_once('"')?.0.to_owned()))
            .collect();
        bounds.dedup();
        let end = bounds.iter().position(|bound| bound == "+Inf").unwrap();
        bounds.truncate(end);
        bounds
    };
    assert_eq!(
        bounds("anime_site_http_request_duration_seconds"),
        ["0.1", "0.25", "0.5", "1", "2.5", "5", "10"]
    );
    assert_eq!(bounds("anilibria_request_duration_seconds").len(), 14);
    assert_eq!(bounds("migration_response_time_seconds").len(), 14);
}

#[tokio::test]
async fn metrics_can_be_disabled() {
    let service = service(&["--prometheus-enabled", "false"]);

    service.get("/metrics").send().await.assert_status(poem::http::StatusCode::NOT_FOUND);
}
