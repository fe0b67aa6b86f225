//! `/media` and `/teams`.

use anilibria_sandbox::Sandbox;

use crate::ask::{ask, get, ids, list};

#[tokio::test]
async fn videos_are_a_list_of_the_newest_ones_without_envelope() {
    let sandbox = Sandbox::new();
    for (query, expected) in
        [("", 15), ("?limit=3", 3), ("?limit=50", 50), ("?limit=0", 60), ("?limit=-1", 60)]
    {
        let videos = get(&sandbox, &format!("/media/videos{query}")).await;

        assert_eq!(list(&videos).len(), expected, "{query}");
        assert!(ids(&videos).is_sorted_by(|one, other| one > other));
    }
    assert_eq!(ask(&sandbox, "/media/videos?limit=51").await.status.as_u16(), 422);
}

#[tokio::test]
async fn promotions_are_releases_and_advertisements() {
    let promotions = get(&Sandbox::new(), "/media/promotions").await;

    let (ads, releases): (Vec<_>, Vec<_>) =
        list(&promotions).iter().partition(|promotion| promotion["is_ad"] == true);
    assert!(!ads.is_empty() && ads.iter().all(|ad| ad["release"].is_null() && ad["ad_erid"].is_string()));
    assert!(!releases.is_empty() && releases.iter().all(|promotion| promotion["release"]["id"].is_u64()));
}

#[tokio::test]
async fn manifest_links_to_every_advertisement() {
    let sandbox = Sandbox::new();
    let vasts = get(&sandbox, "/media/vasts").await;

    let manifest = ask(&sandbox, "/media/manifest.xml").await;

    assert_eq!(manifest.headers["content-type"], "application/xml");
    let text = std::str::from_utf8(&manifest.body).unwrap();
    assert!(text.contains("<VAST version=\"3.0\">"));
    assert!(!list(&vasts).is_empty());
    for vast in list(&vasts) {
        assert!(text.contains(&format!("<![CDATA[{}]]>", vast["url"].as_str().unwrap())), "{vast}");
    }
}

#[tokio::test]
async fn path_of_teams_may_have_a_trailing_slash() {
    let sandbox = Sandbox::new();

    let teams = get(&sandbox, "/teams/").await;

    assert_eq!(get(&sandbox, "/teams").await, teams);
    assert!(!list(&teams).is_empty());
}

#[tokio::test]
async fn every_person_has_a_known_team_and_known_roles() {
    let sandbox = Sandbox::new();
    let (teams, roles) = (get(&sandbox, "/teams").await, get(&sandbox, "/teams/roles").await);

    let people = get(&sandbox, "/teams/users").await;

    assert!(!list(&people).is_empty());
    for person in list(&people) {
        assert!(list(&teams).contains(&person["team"]), "{person}");
        assert!(!list(&person["roles"]).is_empty());
        assert!(list(&person["roles"]).iter().all(|role| list(&roles).contains(role)), "{person}");
    }
    assert!(list(&people).iter().any(|person| person["user"].is_null()));
}
