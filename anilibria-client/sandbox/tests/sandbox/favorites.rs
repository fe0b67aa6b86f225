//! `/accounts/users/me/favorites` and `/accounts/users/me/collections`.

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::ask::{Session, ids, keys, list};

const FAVORITES: &str = "/accounts/users/me/favorites";
const COLLECTIONS: &str = "/accounts/users/me/collections";

fn items(releases: &[u32]) -> Value {
    releases.iter().map(|release| json!({"release_id": release})).collect()
}

async fn like(session: &Session<'_>, releases: &[u32]) -> Value {
    session.call("POST", FAVORITES, &items(releases)).await.json()
}

async fn collect(session: &Session<'_>, releases: &[(u32, &str)]) -> Value {
    let body = releases.iter().map(|(id, name)| json!({"release_id": id, "type_of_collection": name}));
    session.call("POST", COLLECTIONS, &body.collect()).await.json()
}

#[tokio::test]
async fn changes_of_favorites_return_the_whole_list() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;

    assert_eq!(like(&session, &[7, 3]).await, json!([7, 3]));
    // The live service accepts ids that do not exist.
    assert_eq!(like(&session, &[3, 4_000_000]).await, json!([7, 3, 4_000_000]));
    let removed = session.call("DELETE", FAVORITES, &items(&[3, 99])).await.json();

    assert_eq!(removed, json!([7, 4_000_000]));
    assert_eq!(session.get(&format!("{FAVORITES}/ids")).await, removed);
}

#[tokio::test]
async fn favorites_are_filtered_sorted_and_paged_by_query_and_by_body() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;
    like(&session, &(1..=30).collect::<Vec<_>>()).await;

    let last = session.get(&format!("{FAVORITES}/releases?limit=2")).await;
    let first = session.get(&format!("{FAVORITES}/releases?limit=2&f[sorting]=CREATED_AT_ASC&page=2")).await;
    let rated = session.get(&format!("{FAVORITES}/releases?limit=50&f[sorting]=RATING_DESC")).await;
    let years = session.get(&format!("{FAVORITES}/references/years")).await;
    let wanted = format!("{}, {}", years[0], years[1]);
    let body = json!({"f": {"years": wanted, "types": null}, "limit": 50, "include": "id,year,genres.id"});
    let of_years = session.call("POST", &format!("{FAVORITES}/releases"), &body).await.json();

    assert_eq!((ids(&last["data"]), ids(&first["data"])), (vec![30, 29], vec![3, 4]));
    assert_eq!(last["meta"]["pagination"]["total"], 30);
    assert!(list(&last["data"][0]["genres"]).len() > 1 && last["data"][0]["episodes"].is_array());
    let popularity = list(&rated["data"]).iter().map(|release| release["added_in_users_favorites"].as_u64());
    assert!(popularity.rev().is_sorted());
    assert!(!list(&of_years["data"]).is_empty());
    for release in list(&of_years["data"]) {
        assert!([&years[0], &years[1]].contains(&&release["year"]), "{release}");
        assert_eq!(keys(release), ["genres", "id", "year"]);
    }
}

#[tokio::test]
async fn references_contain_only_values_of_the_list() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;
    like(&session, &[7]).await;
    collect(&session, &[(7, "PLANNED")]).await;
    let release = session.get("/anime/releases/7").await;
    let genres: Vec<_> = list(&release["genres"]).iter().map(|genre| genre["id"].clone()).collect();

    for root in [FAVORITES, COLLECTIONS] {
        let reference = async |name: &str| session.get(&format!("{root}/references/{name}")).await;
        let known = reference("genres").await;

        assert_eq!(reference("years").await, json!([release["year"]]));
        assert_eq!(reference("types").await, json!([release["type"]]));
        assert_eq!(reference("age-ratings").await[0]["value"], release["age_rating"]["value"]);
        assert_eq!(list(&known).iter().map(|genre| genre["id"].clone()).collect::<Vec<_>>(), genres);
    }
    let sorting = session.get(&format!("{FAVORITES}/references/sorting")).await;
    assert_eq!((list(&sorting).len(), &sorting[0]["value"]), (8, &json!("CREATED_AT_DESC")));
}

#[tokio::test]
async fn adding_a_release_to_a_collection_removes_it_from_the_others() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;

    collect(&session, &[(7, "PLANNED"), (3, "WATCHED")]).await;
    let moved = collect(&session, &[(7, "WATCHING"), (4_000_000, "PLANNED")]).await;
    let removed = session.call("DELETE", COLLECTIONS, &items(&[3])).await.json();

    assert_eq!(moved, json!([[7, "WATCHING"], [3, "WATCHED"], [4_000_000, "PLANNED"]]));
    assert_eq!(removed, json!([[7, "WATCHING"], [4_000_000, "PLANNED"]]));
    assert_eq!(session.get(&format!("{COLLECTIONS}/ids")).await, removed);
    let releases = session.get(&format!("{COLLECTIONS}/releases?type_of_collection=WATCHING")).await;
    assert_eq!(ids(&releases["data"]), [7]);
}

#[tokio::test]
async fn invalid_lists_and_parameters_are_422_with_the_position() {
    let sandbox = Sandbox::new();
    let session = Session::log_in(&sandbox).await;
    for (method, path, body, fields) in [
        ("POST", FAVORITES, json!([{"release_id": 1}, {}]), vec!["1.release_id"]),
        ("DELETE", FAVORITES, json!({"release_id": 1}), vec!["body"]),
        (
            "POST",
            COLLECTIONS,
            json!([{"release_id": "x", "type_of_collection": "DROPPED"}]),
            vec!["0.release_id", "0.type_of_collection"],
        ),
        ("GET", &format!("{COLLECTIONS}/releases"), Value::Null, vec!["type_of_collection"]),
        ("GET", &format!("{FAVORITES}/releases?limit=51"), Value::Null, vec!["limit"]),
        ("GET", &format!("{FAVORITES}/releases?f[sorting]=NEW"), Value::Null, vec!["f.sorting"]),
    ] {
        let response = session.call(method, path, &body).await;

        assert_eq!(response.status.as_u16(), 422, "{method} {path}");
        assert_eq!(keys(&response.json()["errors"]), fields, "{method} {path}");
    }
    assert_eq!(session.get(&format!("{FAVORITES}/ids")).await, json!([]));
}
