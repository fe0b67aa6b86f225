//! `Link` headers between the pages of a list.

use anilibria_client::sandbox::Sandbox;
use anilibria_server::app::root_endpoint::RootEndpoint;
use poem::test::TestClient;
use url::Url;

use crate::support::{json, service_with_upstream};

/// Returns the target of the link `relation` of the page at `path`, resolved against an address with a further prefix.
async fn target(service: &TestClient<RootEndpoint>, path: &str, relation: &str) -> Option<String> {
    let response = service.get(path).send().await;
    response.assert_status_is_ok();
    let links = response.0.header("link").unwrap_or_default();
    let link = links.split(", ").find_map(|link| link.strip_suffix(&format!("; rel=\"{relation}\"")))?;
    let target = link.strip_prefix('<').unwrap().strip_suffix('>').unwrap();
    let base: Url = format!("https://site.example/outer{path}").parse().unwrap();
    Some(base.join(target).unwrap().as_str().strip_prefix("https://site.example/outer").unwrap().to_owned())
}

#[tokio::test]
async fn lists_are_linked_from_the_first_to_the_last_page() {
    let upstream = Sandbox::builder().releases(7).seed(1).build().start().await.unwrap();
    let (service, _) = service_with_upstream(&upstream.api_url());

    for list in ["/titles?sort=year&limit=3", "/updates?limit=3", "/popular?limit=3"] {
        let (mut path, mut seen) = (Some(list.to_owned()), 0);
        let mut pages = 0;
        while let Some(current) = path {
            let body = json(service.get(&current).send().await).await;
            seen += body["data"].as_array().unwrap().len();
            pages += 1;
            path = target(&service, &current, "next").await;
        }

        assert_eq!((seen, pages), (7, 3), "{list}");
        let last = target(&service, list, "last").await.unwrap();
        assert_eq!(last, format!("{list}&page=3"));
        assert_eq!(target(&service, &last, "prev").await, Some(format!("{list}&page=2")));
        assert_eq!(target(&service, &last, "first").await, Some(format!("{list}&page=1")));
        assert_eq!(target(&service, list, "prev").await, None);
    }
}

#[tokio::test]
async fn links_keep_the_path_and_all_parameters() {
    let upstream = Sandbox::builder().releases(7).seed(1).build().start().await.unwrap();
    let (service, _) = service_with_upstream(&upstream.api_url());
    let path = "/api/anilibria/v2/titles?page=1&order=asc&limit=2&unknown=%D0%B6";

    let next = target(&service, path, "next").await;

    assert_eq!(next.as_deref(), Some("/api/anilibria/v2/titles?order=asc&limit=2&unknown=%D0%B6&page=2"));
}

#[tokio::test]
async fn responses_without_pages_have_no_links() {
    let upstream = Sandbox::builder().releases(3).seed(1).build().start().await.unwrap();
    let (service, _) = service_with_upstream(&upstream.api_url());

    for path in ["/titles/1", "/genres", "/schedule", "/random", "/search?q=nothing+like+this", "/nothing"] {
        let response = service.get(path).send().await;

        assert_eq!(response.0.header("link"), None, "{path}");
    }
}
