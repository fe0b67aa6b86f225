//! Tests of the forms of arguments, and of numbers that an argument cannot hold.

#![expect(
    clippy::needless_borrows_for_generic_args,
    reason = "borrowed forms are the subject of these tests"
)]

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use anilibria_client::{
    Client, Error, Secret,
    api::releases::LatestReleases,
    model::{
        AgeRating, CollectionKind, EpisodeId, FranchiseId, Genre, GenreId, InfoHash, Release, ReleaseId,
        ReleaseKind, ReleaseRef, Season, SocialProvider, Timecode, TorrentId, TorrentRef,
    },
    sandbox::{RunningSandbox, Sandbox},
};
use mockito::Server;
use tracing::{
    Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

async fn start() -> (RunningSandbox, Client) {
    let sandbox = Sandbox::new().start().await.unwrap();
    let client = Client::builder().mirror(sandbox.api_url()).build().unwrap();
    (sandbox, client)
}

fn query(sandbox: &RunningSandbox) -> BTreeMap<String, String> {
    let query = sandbox.requests().pop().unwrap().query;
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn release_reference_is_an_id_number_or_alias_owned_or_borrowed() {
    let (_sandbox, client) = start().await;
    let releases = client.releases();
    let release = releases.get(1).await.unwrap();
    let (id, alias): (&ReleaseId, &String) = (&release.id, &release.alias);

    for call in [
        releases.get(alias),
        releases.get(&alias),
        releases.get(alias.as_str()),
        releases.get(alias.clone()),
        releases.get(release.id),
        releases.get(id),
        releases.get(&id),
        releases.get(ReleaseRef::from(alias)),
        releases.get(&ReleaseRef::from(id)),
        releases.get(1_u8),
        releases.get(1_u16),
        releases.get(1_u32),
        releases.get(1_u64),
        releases.get(1_usize),
        releases.get(1_i32),
        releases.get(1_i64),
        releases.get(&1_u64),
    ] {
        assert_eq!(call.await.unwrap(), release);
    }
}

#[tokio::test]
async fn other_references_are_ids_hashes_or_numbers_owned_or_borrowed() {
    let (_sandbox, client) = start().await;
    let release = client.releases().get(1).await.unwrap();
    let episode = &release.episodes.as_ref().unwrap()[0];
    let torrent = &client.torrents().of_release(&release.id).await.unwrap()[0];
    let genre: &Genre = &release.genres.as_ref().unwrap()[0];
    let (hash, torrent_id): (&InfoHash, &TorrentId) = (torrent.hash.as_ref().unwrap(), &torrent.id);
    let episode_id: &EpisodeId = &episode.id;
    let franchise: FranchiseId = client.franchises().list().await.unwrap()[0].id;

    client.releases().members(&release.alias).await.unwrap();
    client.releases().episode(episode_id).await.unwrap();
    client.releases().episode(episode_id.get()).await.unwrap();
    client.torrents().get(hash).await.unwrap();
    client.torrents().get(torrent_id).await.unwrap();
    client.torrents().get(torrent_id.get()).await.unwrap();
    client.torrents().get(&TorrentRef::from(hash)).await.unwrap();
    client.torrents().file(hash).passkey("passkey").await.unwrap();
    client.torrents().file(hash).passkey(&Secret::from("passkey")).await.unwrap();
    client.torrents().rss_of_release(1_u64).passkey(String::from("passkey")).await.unwrap();
    client.genres().get(&genre.id).await.unwrap();
    client.genres().releases(genre.id.get()).limit(5_usize).page(1_u64).await.unwrap();
    client.franchises().get(&franchise).await.unwrap();
    client.franchises().of_release(&release.id).await.unwrap();
    client.releases().recommended().like(1).await.unwrap();
    client.releases().recommended().like(&release.id).limit(5_usize).await.unwrap();
    client.search(&release.name.main).await.unwrap();
    client.search("naruto").await.unwrap();
    client.auth().social_login("vk").await.unwrap();
    client.auth().social_login(&SocialProvider::Vk).await.unwrap();
}

#[tokio::test]
async fn list_argument_is_a_vector_slice_array_or_iterator() {
    let (sandbox, client) = start().await;
    let ids: Vec<ReleaseId> = [1, 2].map(ReleaseId).into();
    let genres: Vec<GenreId> = [1, 2].map(GenreId).into();
    let releases: Vec<Release> = client.releases().many(&ids).await.unwrap();
    let kind = ReleaseKind::Tv;

    for call in [
        client.releases().list().ids(&ids),
        client.releases().list().ids(ids.iter()),
        client.releases().list().ids(ids.as_slice()),
        client.releases().list().ids([&ids[0], &ids[1]]),
        client.releases().list().ids(&[&ids[0], &ids[1]]),
        client.releases().list().ids(releases.iter().map(|release| release.id)),
        client.releases().list().ids([1_u64, 2]),
        client.releases().list().ids(&[1, 2]),
        client.releases().list().ids(1..=2),
        client.releases().list().aliases(releases.iter().map(|release| &release.alias)),
        client.releases().list().aliases(&[releases[0].alias.as_str(), &releases[1].alias]),
    ] {
        assert_eq!(call.await.unwrap().items.len(), 2);
    }
    client
        .catalog()
        .releases()
        .genres(&genres)
        .kinds(&[ReleaseKind::Tv, ReleaseKind::Movie])
        .kinds([&kind])
        .kinds(["OVA"])
        .seasons(vec![Season::Winter])
        .age_ratings(&[AgeRating::R16Plus])
        .from_year(2000)
        .to_year(2025_u16)
        .search(&releases[0].name.main)
        .sorting("YEAR_ASC")
        .include(&["id", "alias"])
        .exclude(["description"])
        .limit(5_u32)
        .await
        .unwrap();

    let sent = query(&sandbox);
    assert_eq!((sent["f[types]"].as_str(), sent["f[genres]"].as_str()), ("TV,MOVIE,TV,OVA", "1,2"));
    assert_eq!((sent["f[years][from_year]"].as_str(), sent["f[sorting]"].as_str()), ("2000", "YEAR_ASC"));
    assert_eq!((sent["include"].as_str(), sent["limit"].as_str()), ("id,alias", "5"));
}

#[tokio::test]
async fn writes_take_the_same_forms() {
    let (_sandbox, client) = start().await;
    let (login, password) = (String::from("demo"), Secret::from("demo"));
    client.session().log_in(&login, &password).await.unwrap();
    let ids = vec![ReleaseId(1), ReleaseId(2)];
    let episode = client.releases().get(1).await.unwrap().episodes.unwrap()[0].id;
    let timecodes = vec![Timecode::watched(episode, std::time::Duration::from_secs(5))];

    assert_eq!(client.favorites().add(&ids).await.unwrap().len(), 2);
    client.favorites().releases().years([2020]).years(&[2021_u16]).genres(&[GenreId(1)]).await.unwrap();
    assert!(client.favorites().remove(ids.iter()).await.unwrap().is_empty());
    assert_eq!(client.collections().put(&CollectionKind::Planned, &ids).await.unwrap().len(), 2);
    assert_eq!(client.collections().put("WATCHED", [1_u64]).await.unwrap().len(), 2);
    assert_eq!(client.collections().releases("WATCHED").await.unwrap().items.len(), 1);
    assert!(client.collections().remove(&ids).await.unwrap().is_empty());
    client.views().save(&timecodes).await.unwrap();
    client.views().timecodes().since(SystemTime::UNIX_EPOCH).await.unwrap();
    client.views().forget(&[episode]).await.unwrap();
    client.ratings().set(&ids[0], 9).await.unwrap();
    client.ratings().remove(1_i64).await.unwrap();
}

#[tokio::test]
async fn number_that_an_argument_cannot_hold_is_refused_and_not_sent() {
    let (sandbox, client) = start().await;
    client.session().log_in("demo", "demo").await.unwrap();
    let sent = sandbox.requests().len();
    let large = u64::from(u32::MAX) + 2;

    let refused = [
        ("release", client.releases().get(large).await.err()),
        ("release", client.releases().get(-1).await.err()),
        ("release", client.torrents().of_release(i64::MIN).await.err()),
        ("torrent", client.torrents().get(-1_i64).await.err()),
        ("genre", client.genres().get(usize::MAX).await.err()),
        ("ids", client.releases().list().ids([1, large]).await.err()),
        ("ids", client.releases().many([u64::MAX]).await.err()),
        ("f[genres]", client.catalog().releases().genres([-5]).await.err()),
        ("f[genres]", client.favorites().releases().genres([large]).await.err()),
        ("f[years][from_year]", client.catalog().releases().from_year(70_000).await.err()),
        ("release_id", client.releases().recommended().like(-1).await.err()),
        ("release_id", client.favorites().add([large]).await.err()),
        ("release_id", client.collections().put(CollectionKind::Planned, [-1]).await.err()),
        ("score", client.ratings().set(1, 300).await.err()),
        ("limit", client.releases().latest().limit(-1).await.err()),
        ("limit", client.catalog().releases().limit(0).await.err()),
        ("limit", client.catalog().releases().limit(large).window(0, 10).await.err()),
        ("page", client.catalog().releases().page(0).await.err()),
        (
            "page",
            futures::TryStreamExt::try_next(&mut client.catalog().releases().page(-1).pages()).await.err(),
        ),
    ];

    for (index, (expected, error)) in refused.into_iter().enumerate() {
        let Some(Error::InvalidRequest { field, .. }) = error else { panic!("{index}: {error:?}") };
        assert_eq!(field, expected, "{index}");
    }
    assert_eq!(sandbox.requests().len(), sent);
}

#[tokio::test]
async fn call_has_a_type_name_and_can_be_cloned() {
    async fn send_twice(call: LatestReleases) -> (usize, usize) {
        (call.clone().await.unwrap().len(), call.await.unwrap().len())
    }
    let (_sandbox, client) = start().await;

    let call: LatestReleases = client.releases().latest().limit(3);

    assert!(format!("{call:?}").starts_with("Call {"));
    assert_eq!(send_twice(call).await, (3, 3));
}

/// Collects the fields of warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<BTreeMap<String, String>>>>);

struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").replace(['"', '\\'], ""));
    }
}

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == tracing::Level::WARN {
            let mut fields = Fields(BTreeMap::new());
            event.record(&mut fields);
            self.0.lock().unwrap().push(fields.0);
        }
    }
}

#[tokio::test]
async fn undecodable_items_are_left_out_and_logged_once_per_call() {
    let mut server = Server::new_async().await;
    let list = r#"[{"id":1},{"id":[]},{"id":3},{"id":{}}]"#;
    server.mock("GET", "/anime/releases/latest").with_body(list).create_async().await;
    server.mock("GET", "/anime/torrents/release/1").with_body(list).create_async().await;
    server.mock("GET", "/anime/torrents/release/2").with_body(r#"{"id":7}"#).create_async().await;
    let page = format!(r#"{{"data":{list}}}"#);
    server.mock("GET", "/anime/catalog/releases").with_body(page).create_async().await;
    let client = Client::builder().mirror(server.url()).build().unwrap();
    let warnings = Warnings::default();

    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(warnings.clone()));
    let latest = client.releases().latest().await.unwrap();
    let torrents = client.torrents().of_release(1).await.unwrap();
    let single = client.torrents().of_release(2).await.unwrap();
    let page = client.catalog().releases().await.unwrap();
    drop(guard);

    assert_eq!((latest.len(), torrents.len(), single.len()), (2, 2, 1));
    assert_eq!((page.items.len(), page.skipped.len()), (2, 2));
    assert_eq!(page.skipped[0].path, "data[1].id");
    let warnings = warnings.0.lock().unwrap();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert_eq!(warnings[0]["route"], "/anime/releases/latest");
    assert_eq!((warnings[0]["id"].as_str(), warnings[0]["path"].as_str()), ("[]", "[1].id"));
    assert_eq!(warnings[0]["count"], "2");
}
