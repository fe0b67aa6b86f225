//! Tests of account operations against the sandbox: favorites, collections, views, ratings, logins.

use std::time::Duration;

use anilibria_client::{
    Client, Error,
    model::{
        CollectionEntry, CollectionKind, FavoriteSorting, Genre, Profile, Promotion, Reference, Release,
        ReleaseId, ReleaseKind, Team, TeamRole, TeamUser, Timecode, Vast, Video, View,
    },
    page::Page,
    request::Request,
    sandbox::{RunningSandbox, Sandbox},
};
use futures::TryStreamExt;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{models::survives, operations::assert_every_field};

async fn logged_in() -> (RunningSandbox, Client) {
    let sandbox = Sandbox::new().start().await.unwrap();
    let client = Client::builder().mirror(sandbox.api_url()).build().unwrap();
    client.session().log_in("demo", "demo").await.unwrap();
    (sandbox, client)
}

fn ids(ids: impl IntoIterator<Item = u32>) -> Vec<ReleaseId> {
    ids.into_iter().map(ReleaseId).collect()
}

#[tokio::test]
async fn favorites_are_added_and_removed() {
    let (_sandbox, client) = logged_in().await;

    let mut added = client.favorites().add([5, 7, 9]).await.unwrap();
    added.sort();
    let left = client.favorites().remove([7]).await.unwrap();
    let releases = client.favorites().releases().sorting(FavoriteSorting::CreatedAtDesc).items();
    let mut found: Vec<_> = releases.map_ok(|release| release.id).try_collect().await.unwrap();
    found.sort();

    assert_eq!(added, ids([5, 7, 9]));
    assert_eq!(left.len(), 2);
    assert_eq!(found, ids([5, 9]));
    assert_eq!(client.favorites().remove(Vec::<u32>::new()).await.unwrap().len(), 2, "nothing to remove");
    assert!(!client.favorites().years().await.unwrap().is_empty());
    assert!(!client.favorites().genres().await.unwrap().is_empty());
}

#[tokio::test]
async fn long_query_for_favorites_is_sent_as_post_with_the_same_response() {
    let (sandbox, client) = logged_in().await;
    client.favorites().add(1..=20).await.unwrap();
    let years: Vec<u16> = (1900..=2100).collect();
    let few = client.favorites().releases().years(years).kinds([ReleaseKind::Tv]).limit(50);

    let by_get = few.clone().await.unwrap();
    let by_post = few.include(vec!["id"; 2000]).fetch_as::<Value>().await.unwrap();

    assert_eq!(sandbox.requests().pop().unwrap().method, "POST");
    assert_eq!(by_get.items.len(), by_post["data"].as_array().unwrap().len());
    assert!(!by_get.items.is_empty());
}

#[tokio::test]
async fn release_is_in_one_collection_at_most() {
    let (_sandbox, client) = logged_in().await;
    let entry = |id, kind| CollectionEntry::from((ReleaseId(id), kind));

    client.collections().put(CollectionKind::Planned, [1, 2]).await.unwrap();
    let moved = client.collections().put(CollectionKind::Watched, [2]).await.unwrap();
    let left = client.collections().remove([1]).await.unwrap();

    assert_eq!(moved.len(), 2);
    assert!(
        moved.contains(&entry(1, CollectionKind::Planned))
            && moved.contains(&entry(2, CollectionKind::Watched))
    );
    assert_eq!(left, [entry(2, CollectionKind::Watched)]);
    let watched = client.collections().releases(CollectionKind::Watched).await.unwrap();
    assert_eq!(watched.items[0].id, ReleaseId(2));
    assert_eq!(client.collections().ids().await.unwrap(), left);
}

#[tokio::test]
async fn time_codes_are_saved_listed_and_deleted() {
    let (_sandbox, client) = logged_in().await;
    let episodes = client.releases().get(1).await.unwrap().episodes.unwrap();
    let (one, two) = (episodes[0].id, episodes[1].id);

    let position = Duration::from_millis(1_423_840);
    client.views().save([Timecode::stopped(one, position), Timecode::watched(two, position)]).await.unwrap();
    let codes = client.views().timecodes().await.unwrap();
    let future = client.views().timecodes().since(time::OffsetDateTime::now_utc() + Duration::from_hours(1));
    let of_release = client.views().of_release(1).await.unwrap();
    let history: Page<View> = client.views().history().await.unwrap();
    client.views().forget([one]).await.unwrap();

    assert!(
        codes.contains(&Timecode::stopped(one, position))
            && codes.contains(&Timecode::watched(two, position))
    );
    assert!(future.await.unwrap().is_empty());
    assert_eq!(of_release.len(), 2);
    assert!(history.items[0].release_episode.as_ref().is_some_and(|episode| episode.release.is_some()));
    assert_eq!(client.views().timecodes().await.unwrap(), [Timecode::watched(two, position)]);
    assert!(client.views().of_episode(one).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn score_is_set_changed_and_removed() {
    let (_sandbox, client) = logged_in().await;

    client.ratings().set(3, 4).await.unwrap();
    let changed = client.ratings().set(3, 9).await.unwrap();
    let refused = client.ratings().set(3, 11).await.unwrap_err();
    client.ratings().remove(3).await.unwrap();

    assert_eq!((changed.release_id, changed.score), (ReleaseId(3), Some(9)));
    assert!(matches!(refused, Error::Validation(_)), "{refused:?}");
    assert!(client.ratings().get(3).await.map_or(true, |score| score.score.is_none()));
}

#[tokio::test]
async fn one_time_code_of_a_device_is_accepted_by_a_session() {
    let (sandbox, telephone) = logged_in().await;
    let television = Client::builder().mirror(sandbox.api_url()).build().unwrap();
    let login = television.session().otp("television").await.unwrap();

    telephone.otp().accept(login.code()).await.unwrap();
    login.every(Duration::from_millis(1)).wait().await.unwrap();

    assert_eq!(television.profile().get().await.unwrap().login.as_deref(), Some("demo"));
}

#[tokio::test]
async fn token_of_a_session_that_the_service_has_ended_is_dropped() {
    let (sandbox, client) = logged_in().await;

    sandbox.reset();

    let error = client.profile().get().await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
    assert!(error.to_string().contains("log in again"), "{error}");
    assert!(matches!(client.profile().get().await, Err(Error::NoSession)));
    assert_eq!(client.session().token().await.unwrap(), None);
    assert!(matches!(
        client.session().log_in("demo", "wrong").await,
        Err(Error::Unauthorized { status: 401, .. })
    ));
}

#[tokio::test]
async fn models_have_every_field_of_account_response() {
    let (_sandbox, client) = logged_in().await;
    let episode = client.releases().get(1).await.unwrap().episodes.unwrap()[0].id;
    client.views().save([Timecode::stopped(episode, Duration::from_mins(1))]).await.unwrap();
    client.favorites().add([1]).await.unwrap();

    assert_every_field::<Vec<Video>>(&client, "/media/videos").await;
    assert_every_field::<Vec<Promotion>>(&client, "/media/promotions").await;
    assert_every_field::<Vec<Vast>>(&client, "/media/vasts").await;
    assert_every_field::<Vec<Team>>(&client, "/teams/").await;
    assert_every_field::<Vec<TeamRole>>(&client, "/teams/roles").await;
    assert_every_field::<Vec<TeamUser>>(&client, "/teams/users").await;
    assert_every_field::<Vec<Genre>>(&client, "/accounts/users/me/favorites/references/genres").await;
    let sorting = "/accounts/users/me/favorites/references/sorting";
    assert_every_field::<Vec<Reference<FavoriteSorting>>>(&client, sorting).await;
    assert_lenient::<Profile>(&client, "/accounts/users/me/profile").await;
    assert_lenient::<Page<View>>(&client, "/accounts/users/me/views/history").await;
    assert_lenient::<Page<Release>>(&client, "/accounts/users/me/favorites/releases").await;
    assert_lenient::<Vec<Video>>(&client, "/media/videos").await;
    assert_lenient::<Vec<Promotion>>(&client, "/media/promotions").await;
    assert_lenient::<Vec<TeamUser>>(&client, "/teams/users").await;
}

/// Checks that the model decodes the response with missing and null fields.
async fn assert_lenient<T: DeserializeOwned>(client: &Client, path: &'static str) {
    let request = Request::new(Method::GET, path);
    let request = if path.contains("/me/") { request.session() } else { request };

    survives::<T>(path, &client.fetch(&request).await.unwrap());
}
