//! The HTML pages, and the index of the API.

use anilibria_client::sandbox::Sandbox;
use anilibria_server::app::{app, build::HostedSandbox};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use poem::{
    Endpoint,
    http::StatusCode,
    test::{TestClient, TestResponse},
};
use sha2::{Digest as _, Sha256};

use crate::support::{build, config, json, service, service_with_sandbox};

/// `Accept` header of a browser that navigates to a URL.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Paths of the front page and of the index.
const FRONT: [&str; 3] = ["/", "/api/anilibria/v2", "/api/anilibria/v2/"];

async fn open(service: &TestClient<impl Endpoint>, path: &str) -> TestResponse {
    let response = service.get(path).header("accept", BROWSER).send().await;
    response.assert_status_is_ok();
    response.assert_content_type("text/html; charset=utf-8");
    response
}

async fn text(response: TestResponse) -> String {
    response.0.into_body().into_string().await.unwrap()
}

/// Returns the values of `href` in `page` that are paths.
fn links(page: &str) -> Vec<&str> {
    let values = page.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    values.filter(|value| value.starts_with('/')).collect()
}

#[tokio::test]
async fn front_is_a_page_for_browsers_and_an_index_otherwise() {
    let service = service(&[]);

    for path in FRONT {
        let page = open(&service, path).await;
        assert!(page.0.header("vary").unwrap().split(", ").any(|name| name == "Accept"), "{path}");
        assert!(text(page).await.starts_with("<!doctype html>"), "{path}");

        for accept in ["*/*", "application/json"] {
            let index = service.get(path).header("accept", accept).send().await;
            assert!(index.0.header("vary").unwrap().contains("Accept"), "{path}");
            let index = json(index).await;
            assert_eq!(index["name"], "anilibria-server", "{path}");
            assert_eq!(index["version"], env!("CARGO_PKG_VERSION"), "{path}");
            assert_eq!(index["links"]["docs"], "/api/anilibria/v2/docs", "{path}");
            assert!(index["links"].get("sandbox").is_none(), "{path}");
        }
    }
}

#[tokio::test]
async fn links_of_the_front_page_and_the_index_have_routes() {
    let service = service(&[]);
    let page = text(open(&service, "/").await).await;
    let index = json(service.get("/").send().await).await;
    // API v3 has no document at its root.
    let of_index = index["links"].as_object().unwrap().iter().filter(|(name, _)| *name != "v3");

    let links = links(&page).into_iter().chain(of_index.map(|(_, path)| path.as_str().unwrap()));

    for link in links {
        service.options(link).send().await.assert_status(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn front_page_supports_revalidation_and_head() {
    let service = service(&[]);
    let etag = open(&service, "/").await.0.header("etag").unwrap().to_owned();

    let again = service.get("/").header("accept", BROWSER).header("if-none-match", &etag).send().await;
    let head = service.head("/").header("accept", BROWSER).send().await;

    again.assert_status(StatusCode::NOT_MODIFIED);
    head.assert_status_is_ok();
    head.assert_header("etag", &etag);
    assert!(text(head).await.is_empty());
}

#[tokio::test]
async fn security_policy_allows_only_inline_scripts_by_hash() {
    let service = service_with_sandbox();

    for path in ["/", "/api/anilibria/v2/live"] {
        let response = open(&service, path).await;
        let policy = response.0.header("content-security-policy").unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let page = text(response).await;
        for (directive, tag) in [("script-src", "script"), ("style-src", "style")] {
            let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
            let (text, rest) = rest.split_once(&format!("</{tag}>")).unwrap();
            let digest = STANDARD.encode(Sha256::digest(text));
            assert!(policy.contains(&format!("{directive} 'sha256-{digest}';")), "{policy}");
            assert!(!rest.contains(&format!("<{tag}")), "{path} {tag}");
        }
        assert!(!page.contains(" style=") && !page.contains(" onclick="), "{path}");
    }
}

#[tokio::test]
async fn sandbox_is_mentioned_only_if_it_can_be_controlled() {
    let with_sandbox = |flags: &[&str]| {
        let config = config(flags);
        let sandbox = HostedSandbox::new(Sandbox::builder().releases(1).build(), "http://127.0.0.1:1");
        TestClient::new(app(&config, &build(&config, Some(sandbox))))
    };

    let development = with_sandbox(&[]);
    assert!(text(open(&development, "/").await).await.contains("id=\"sandbox\""));
    assert_eq!(json(development.get("/").send().await).await["links"]["sandbox"], "/sandbox");

    for service in [with_sandbox(&["--environment=production"]), service(&[])] {
        let page = text(open(&service, "/").await).await;
        assert!(!page.to_lowercase().contains("sandbox"), "{page}");
        assert!(json(service.get("/").send().await).await["links"].get("sandbox").is_none());
    }
}

#[tokio::test]
async fn gateway_is_mentioned_only_if_enabled() {
    let enabled = service(&[]);
    assert!(text(open(&enabled, "/").await).await.contains("v3-heading"));
    assert_eq!(json(enabled.get("/").send().await).await["links"]["v3"], "/v3");

    let disabled = service(&["--v3-gateway-enabled=false"]);
    assert!(!text(open(&disabled, "/").await).await.contains("v3-heading"));
    assert!(json(disabled.get("/").send().await).await["links"].get("v3").is_none());
}

#[tokio::test]
async fn icon_is_served_at_its_usual_paths() {
    let service = service(&[]);

    for path in ["/favicon.ico", "/favicon.svg", "/api/anilibria/v2/favicon.svg"] {
        let icon = service.get(path).send().await;
        icon.assert_status_is_ok();
        icon.assert_content_type("image/svg+xml");
        icon.assert_header("cache-control", "public, max-age=300");
    }
}

#[tokio::test]
async fn documentation_links_to_the_front_page_and_has_an_icon() {
    let page = text(open(&service(&[]), "/api/anilibria/v2/docs").await).await;

    assert!(page.starts_with("<!doctype html>"));
    assert!(page.contains("<a href=\"./\">AniLibria</a>"));
    assert!(page.contains("rel=\"icon\" href=\"favicon.svg\""));
}
