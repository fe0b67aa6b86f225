//! Tests of all operations against the sandbox: their requests, and the decoding of their responses.

use std::collections::BTreeSet;

use anilibria_client::{
    Client, Error, RetryPolicy,
    model::{
        AgeRating, CatalogSorting, GenreId, ProductionStatus, PublishStatus, Release, ReleaseId, ReleaseKind,
        ScheduledRelease, Season,
    },
    request::Request,
    sandbox::{LoggedRequest, RunningSandbox, Sandbox},
};
use futures::TryStreamExt;
use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

async fn start() -> (RunningSandbox, Client) {
    let sandbox = Sandbox::new().start().await.unwrap();
    let client = Client::builder().mirror(sandbox.api_url()).build().unwrap();
    (sandbox, client)
}

fn last(sandbox: &RunningSandbox) -> LoggedRequest {
    sandbox.requests().pop().unwrap()
}

#[tokio::test]
async fn catalog_filters_are_sent_by_name_and_applied() {
    let (sandbox, client) = start().await;

    let page = client
        .catalog()
        .releases()
        .genres([GenreId(1)])
        .kinds([ReleaseKind::Tv, ReleaseKind::Movie])
        .seasons([Season::Winter, Season::Autumn])
        .from_year(2012)
        .to_year(2025)
        .age_ratings([AgeRating::R12Plus, AgeRating::R16Plus, AgeRating::R18Plus])
        .publish_statuses([PublishStatus::NotOngoing])
        .production_statuses([ProductionStatus::NotInProduction])
        .sorting(CatalogSorting::YearAsc)
        .limit(50)
        .await
        .unwrap();

    let query = last(&sandbox).query;
    let sent: BTreeSet<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let expected = [
        ("f[genres]", "1"),
        ("f[types]", "TV,MOVIE"),
        ("f[seasons]", "winter,autumn"),
        ("f[years][from_year]", "2012"),
        ("f[years][to_year]", "2025"),
        ("f[age_ratings]", "R12_PLUS,R16_PLUS,R18_PLUS"),
        ("f[publish_statuses]", "IS_NOT_ONGOING"),
        ("f[production_statuses]", "IS_NOT_IN_PRODUCTION"),
        ("f[sorting]", "YEAR_ASC"),
        ("limit", "50"),
    ];
    assert_eq!(sent, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert!(!page.items.is_empty());
    for release in &page.items {
        assert!(release.genres.iter().flatten().any(|genre| genre.id == GenreId(1)));
        assert!(matches!(release.kind, Some(ReleaseKind::Tv | ReleaseKind::Movie)));
        assert!(matches!(release.season, Some(Season::Winter | Season::Autumn)));
        assert!(release.year.is_some_and(|year| (2012..=2025).contains(&year)));
        assert!(!release.is_ongoing && !release.is_in_production);
    }
    assert!(page.items.is_sorted_by_key(|release| release.year));
}

#[tokio::test]
async fn long_query_is_sent_as_post_with_the_same_response() {
    let (sandbox, client) = start().await;
    let few = client.catalog().releases().kinds([ReleaseKind::Movie]).limit(50);

    let long = few.clone().include(["id", "alias"]).include(vec!["name.main"; 500]);
    let by_get: Vec<_> = few.await.unwrap().items.into_iter().map(|release| release.id).collect();
    let by_post: Vec<_> = long.await.unwrap().items.into_iter().map(|release| release.id).collect();

    assert_eq!(last(&sandbox).method, "POST");
    assert!(!by_get.is_empty());
    assert_eq!(by_get, by_post);
}

#[tokio::test]
async fn whole_catalog_streams_each_release_once() {
    let (_sandbox, client) = start().await;

    let ids: Vec<_> = client
        .catalog()
        .releases()
        .limit(50)
        .items()
        .map_ok(|release| release.id)
        .try_collect()
        .await
        .unwrap();

    assert_eq!(ids.len(), 300);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 300);
}

#[tokio::test]
async fn list_accepts_ids_and_aliases_and_ignores_unknown_ones() {
    let (_sandbox, client) = start().await;
    let alias = client.releases().get(5).await.unwrap().alias;

    let page = client.releases().list().ids([2, 9999]).aliases([alias, "no-such".to_owned()]).await.unwrap();

    let ids: BTreeSet<_> = page.items.iter().map(|release| release.id.get()).collect();
    assert_eq!(ids, [2, 5].into());
    assert!(page.items.iter().all(|release| release.episodes.is_some() && release.members.is_some()));
}

#[tokio::test]
async fn refused_limit_names_the_parameter() {
    let (_sandbox, client) = start().await;

    let error = client.releases().latest().limit(51).await.unwrap_err();

    let Error::Validation(validation) = error else { panic!("{error:?}") };
    assert_eq!(validation.fields.keys().collect::<Vec<_>>(), ["limit"]);
}

#[tokio::test]
async fn unknown_ids_are_not_found() {
    let (_sandbox, client) = start().await;

    assert!(client.releases().get(9999).await.unwrap_err().is_not_found());
    assert!(client.releases().get("no-such-alias").await.unwrap_err().is_not_found());
    assert!(client.releases().members(9999).await.unwrap_err().is_not_found());
    assert!(client.torrents().get(1).await.unwrap_err().is_not_found());
    assert!(client.torrents().of_release(9999).await.unwrap_err().is_not_found());
    assert!(client.genres().get(9999).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn projection_is_decoded_into_a_type_of_the_caller() {
    #[derive(serde::Deserialize)]
    struct Card {
        id: ReleaseId,
        name: Name,
    }
    #[derive(serde::Deserialize)]
    struct Name {
        main: String,
    }
    let (_sandbox, client) = start().await;

    let cards: Vec<Card> = client.releases().latest().include(["id", "name.main"]).fetch_as().await.unwrap();
    let raw: Value = client.releases().latest().include(["id"]).limit(1).fetch_as().await.unwrap();

    assert!(cards.iter().all(|card| card.id.get() > 0 && !card.name.main.is_empty()));
    assert_eq!(raw[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id"]);
}

#[tokio::test]
async fn empty_list_in_place_of_a_projected_object_reads_as_empty() {
    let (_sandbox, client) = start().await;

    let raw: Value = client.schedule().week().include(["id"]).fetch_as().await.unwrap();
    let typed = client.schedule().week().include(["id"]).await.unwrap();

    assert_eq!(raw[0], serde_json::json!([]));
    assert_eq!(typed[0], ScheduledRelease::default());
}

#[tokio::test]
async fn search_keeps_the_order_of_the_service() {
    let (_sandbox, client) = start().await;
    let release = client.releases().get(7).await.unwrap();

    let by_russian = client.search(&release.name.main).await.unwrap();
    let by_latin = client.search(release.name.english.unwrap()).await.unwrap();
    let nothing = client.search("no such title anywhere").await.unwrap();

    assert!(by_russian.iter().any(|hit| hit.id == release.id));
    assert!(by_latin.iter().any(|hit| hit.id == release.id));
    assert!(nothing.is_empty());
}

/// Checks that the model has every field of the response to `path`.
pub(crate) async fn assert_every_field<T: DeserializeOwned + Serialize>(client: &Client, path: &'static str) {
    let request = Request::new(Method::GET, path);
    let request = if path.contains("/me/") { request.session() } else { request };
    let raw: Value = client.fetch(&request).await.unwrap();

    let model: T = serde_json::from_value(raw.clone()).unwrap();

    let mut lost = BTreeSet::new();
    compare(&raw, &serde_json::to_value(&model).unwrap(), String::new(), &mut lost);
    assert_eq!(lost, BTreeSet::new(), "{path}");
}

/// Collects the paths of fields that `raw` has and `kept` has not, or has with another value.
fn compare(raw: &Value, kept: &Value, path: String, lost: &mut BTreeSet<String>) {
    match (raw, kept) {
        (Value::Object(raw), Value::Object(kept)) => {
            // Wrappers are unwrapped: their texts are for display and follow from the value.
            let wrapper = raw.contains_key("value") && kept.len() == 1;
            for (key, value) in raw.iter().filter(|(key, _)| !wrapper || *key == "value") {
                match kept.get(key) {
                    Some(other) => compare(value, other, format!("{path}.{key}"), lost),
                    None => drop(lost.insert(format!("{path}.{key}"))),
                }
            }
        }
        (Value::Array(raw), Value::Array(kept)) if raw.len() == kept.len() => {
            raw.iter().zip(kept).for_each(|(one, other)| compare(one, other, format!("{path}[]"), lost));
        }
        (Value::Object(wrapper), Value::Null) if wrapper.get("value").is_some_and(Value::is_null) => {}
        (Value::String(raw), Value::String(kept)) if raw.replace("+00:00", "Z") == *kept => {}
        (raw, kept) if raw.as_f64().is_some() && raw.as_f64() == kept.as_f64() => {}
        (raw, kept) if raw == kept => {}
        _ => drop(lost.insert(path)),
    }
}

#[tokio::test]
async fn models_have_every_field_of_the_response() {
    use anilibria_client::model::{AppStatus, Franchise, Genre, Member, Reference, Schedule, Torrent};
    let (_sandbox, client) = start().await;

    assert_every_field::<Vec<Release>>(&client, "/anime/releases/latest?limit=50").await;
    assert_every_field::<Release>(&client, "/anime/releases/7").await;
    assert_every_field::<Release>(&client, "/anime/releases/298").await;
    assert_every_field::<Vec<Release>>(&client, "/anime/releases/random").await;
    assert_every_field::<Vec<Release>>(&client, "/anime/releases/recommended").await;
    assert_every_field::<Vec<Member>>(&client, "/anime/releases/7/members").await;
    assert_every_field::<Vec<Release>>(&client, "/app/search/releases?query=no").await;
    assert_every_field::<AppStatus>(&client, "/app/status").await;
    assert_every_field::<Vec<Genre>>(&client, "/anime/genres").await;
    assert_every_field::<Vec<Franchise>>(&client, "/anime/franchises").await;
    assert_every_field::<Vec<Franchise>>(&client, "/anime/franchises/release/1").await;
    assert_every_field::<Schedule>(&client, "/anime/schedule/now").await;
    assert_every_field::<Vec<ScheduledRelease>>(&client, "/anime/schedule/week").await;
    assert_every_field::<Vec<Torrent>>(&client, "/anime/torrents/release/7").await;
    assert_every_field::<Vec<Reference<AgeRating>>>(&client, "/anime/catalog/references/age-ratings").await;
    assert_every_field::<Vec<Reference<CatalogSorting>>>(&client, "/anime/catalog/references/sorting").await;
    assert_every_field::<Vec<Reference<ReleaseKind>>>(&client, "/anime/catalog/references/types").await;
}

#[tokio::test]
async fn injected_faults_reach_the_caller_as_errors() {
    use anilibria_client::sandbox::Faults;
    let (sandbox, _) = start().await;
    let client = Client::builder().mirror(sandbox.api_url()).retry(RetryPolicy::none()).build().unwrap();

    sandbox.set_faults(Faults::default().error_rate(1.0).status(429).retry_after(3)).unwrap();
    let limited = client.app().status().await.unwrap_err();
    sandbox.set_faults(Faults::default().truncate(true)).unwrap();
    let truncated = client.app().status().await.unwrap_err();
    sandbox.set_faults(Faults::default()).unwrap();
    let healthy = client.app().status().await.unwrap();

    assert_eq!(limited.retry_after(), Some(std::time::Duration::from_secs(3)));
    assert!(matches!(truncated, Error::Interrupted { .. }), "{truncated:?}");
    assert!(healthy.is_alive);
}
