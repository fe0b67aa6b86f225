//! An account of the sandbox as a document.

use std::time::Duration;

use anilibria_client::{
    model::{CollectionKind, EpisodeId, ReleaseId, Timecode},
    transfer::AccountState,
};
use uuid::Uuid;

use crate::fixture::Fixture;

#[tokio::test]
async fn an_account_becomes_a_document_with_names_ids_history_and_scores() {
    let Fixture { sandbox, client, catalog, .. } = &Fixture::new().await;
    let release = client.releases().get(1).await.unwrap();
    let episode = &release.episodes.as_ref().unwrap()[0];
    let gone = EpisodeId(Uuid::from_u128(1));
    client.favorites().add([1]).await.unwrap();
    client.collections().put(CollectionKind::Watching, [2, 9999]).await.unwrap();
    let timecodes = [
        Timecode::watched(episode.id, Duration::from_millis(743_500)),
        Timecode::stopped(gone, Duration::from_secs(1)),
    ];
    client.views().save(timecodes).await.unwrap();
    client.ratings().set(1, 8).await.unwrap();
    sandbox.advance(Duration::from_mins(1));

    let mut account = AccountState::read(client).await.unwrap();
    account.read_history(client).await.unwrap();
    account.read_scores(client, [1, 2, 9999].map(ReleaseId)).await.unwrap();
    let document = account.document(catalog);

    let [first, second, unknown, orphans] = document.entries.as_slice() else { panic!("{document:?}") };
    assert_eq!(first.release_id, Some(ReleaseId(1)));
    assert_eq!(first.alias.as_ref(), Some(&release.alias));
    assert_eq!(first.name.as_ref(), Some(&release.name.main));
    assert_eq!(first.mal_id, release.mal.unwrap().id);
    assert_eq!(first.shikimori_id, release.shikimori.unwrap().id);
    assert_eq!((first.is_favorite, first.collection.clone(), first.score), (true, None, Some(8)));
    assert_eq!(first.episodes_watched, 1);
    assert_eq!(first.episodes[0].position, Duration::from_millis(743_500));
    assert_eq!(first.episodes[0].ordinal, Some(episode.ordinal));
    assert!(first.last_watched.is_some() && first.last_watched == first.episodes[0].updated_at);
    assert_eq!((second.collection.clone(), second.score), (Some(CollectionKind::Watching), None));
    assert_eq!((unknown.release_id, unknown.title()), (Some(ReleaseId(9999)), None));
    assert_eq!((orphans.release_id, orphans.episodes[0].episode_id), (None, gone));
    assert_eq!(account.scores.get(&ReleaseId(2)), Some(&None));
    assert!(!account.scores.contains_key(&ReleaseId(9999)), "a release that is gone has no score");
}
