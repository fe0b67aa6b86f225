//! Imports into an account of the sandbox.

use std::time::Duration;

use anilibria_client::{
    model::{CollectionKind, ReleaseId, Timecode},
    sandbox::Faults,
    transfer::{AccountState, Format, ListReader, ListWriter, plan},
};

use crate::ground::Ground;

/// Fills the account.
async fn fill(ground: &Ground) {
    let client = &ground.client;
    client.favorites().add(1..=30).await.unwrap();
    client.collections().put(CollectionKind::Watching, 1..=20).await.unwrap();
    client.collections().put(CollectionKind::Planned, 21..=25).await.unwrap();
    let episodes = ground.catalog.iter().flat_map(|entry| entry.episodes.iter().flatten());
    let timecodes = episodes.enumerate().map(|(index, episode)| {
        let position = Duration::from_secs(index as u64 + 1);
        if index % 2 == 0 {
            Timecode::watched(episode.id, position)
        } else {
            Timecode::stopped(episode.id, position)
        }
    });
    client.views().save(timecodes.take(250)).await.unwrap();
    client.ratings().set(1, 8).await.unwrap();
    client.ratings().set(2, 9).await.unwrap();
}

/// Returns the state with the scores of the first three releases.
async fn state(ground: &Ground) -> AccountState {
    let mut account = AccountState::read(&ground.client).await.unwrap();
    account.read_scores(&ground.client, [1, 2, 3].map(ReleaseId)).await.unwrap();
    account
}

/// Empties the account and logs in again.
async fn empty(ground: &Ground) {
    ground.sandbox.reset();
    ground.client.session().log_in("demo", "demo").await.unwrap();
}

#[tokio::test]
async fn an_import_of_a_backup_restores_the_account_and_a_second_one_changes_nothing() {
    let ground = Ground::new().await;
    fill(&ground).await;
    let before = state(&ground).await;
    let backup = ListWriter::new(Format::Json).write(&before.document(&ground.catalog));
    empty(&ground).await;

    let document = ListReader::new().read(&backup.bytes).unwrap();
    let first = plan(&document, &ground.catalog, &state(&ground).await);
    let changes = first.changes();
    let applied = first.apply(&ground.client).await.unwrap();

    let after = state(&ground).await;
    assert_eq!(applied.total(), changes);
    assert_eq!((applied.favorites, applied.collections, applied.timecodes, applied.scores), (30, 25, 250, 2));
    assert_eq!(after, before);
    let second = plan(&document, &ground.catalog, &after);
    assert!(second.is_empty() && second.conflicts.is_empty() && second.skipped.is_empty(), "{second}");
    assert_eq!(second.unchanged, 30 + 25 + 250 + 2);
}

#[tokio::test]
async fn a_list_of_another_service_is_imported_once() {
    let ground = Ground::new().await;
    client_collections(&ground).await;
    for format in [Format::Mal, Format::Shikimori] {
        let account = AccountState::read(&ground.client).await.unwrap();
        let file = ListWriter::new(format).write(&account.document(&ground.catalog));
        assert_eq!(file.left_out, []);
        empty(&ground).await;

        let document = ListReader::new().format(format).read(&file.bytes).unwrap();
        let import = plan(&document, &ground.catalog, &AccountState::read(&ground.client).await.unwrap());
        import.apply(&ground.client).await.unwrap();

        let after = AccountState::read(&ground.client).await.unwrap();
        assert_eq!(after.collections, account.collections);
        assert!(plan(&document, &ground.catalog, &after).is_empty());
    }
}

/// Puts a release without a double of its ids into each collection.
async fn client_collections(ground: &Ground) {
    for (kind, id) in CollectionKind::KNOWN.iter().zip(1..) {
        ground.client.collections().put(kind, [ReleaseId(id)]).await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_import_says_what_is_left_and_can_be_resumed() {
    let ground = Ground::new().await;
    fill(&ground).await;
    let before = state(&ground).await;
    let document = before.document(&ground.catalog);
    empty(&ground).await;
    let import = plan(&document, &ground.catalog, &state(&ground).await);
    let faults = Faults::new().error_rate(1.0).status(500).paths(["/accounts/users/me/views/timecodes"]);
    ground.sandbox.set_faults(faults).unwrap();

    let error = import.apply(&ground.client).await.unwrap_err();

    assert_eq!((error.applied.favorites, error.applied.collections, error.applied.timecodes), (30, 25, 0));
    assert_eq!((error.remaining.timecodes.len(), error.remaining.scores.len()), (250, 2));
    assert_eq!(
        error.to_string(),
        "import stopped with 252 changes left; done: 30 favourites, 25 collections, 0 episodes, 0 scores"
    );

    ground.sandbox.set_faults(Faults::new()).unwrap();
    error.remaining.apply(&ground.client).await.unwrap();
    assert_eq!(state(&ground).await, before);
}

#[tokio::test]
async fn planning_sends_no_request() {
    let ground = Ground::new().await;
    fill(&ground).await;
    let account = state(&ground).await;
    let document = account.document(&ground.catalog);
    let requests = ground.sandbox.request_count();

    let import = plan(&document, &ground.catalog, &AccountState::default());

    assert!(!import.is_empty());
    assert_eq!(ground.sandbox.request_count(), requests);
}
