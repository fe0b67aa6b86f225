//! Imports into an account of the sandbox.

use std::time::Duration;

use anilibria_client::{
    model::{CollectionKind, ReleaseId, Timecode},
    sandbox::Faults,
    transfer::{AccountState, Format, ListReader, ListWriter, plan},
};

use crate::fixture::Fixture;

/// Fills the account.
async fn fill(fixture: &Fixture) {
    let client = &fixture.client;
    client.favorites().add(1..=30).await.unwrap();
    client.collections().put(CollectionKind::Watching, 1..=20).await.unwrap();
    client.collections().put(CollectionKind::Planned, 21..=25).await.unwrap();
    let episodes = fixture.catalog.iter().flat_map(|entry| entry.episodes.iter().flatten());
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
async fn state(fixture: &Fixture) -> AccountState {
    let mut account = AccountState::read(&fixture.client).await.unwrap();
    account.read_scores(&fixture.client, [1, 2, 3].map(ReleaseId)).await.unwrap();
    account
}

/// Empties the account and logs in again.
async fn empty(fixture: &Fixture) {
    fixture.sandbox.reset();
    fixture.client.session().log_in("demo", "demo").await.unwrap();
}

#[tokio::test]
async fn an_import_of_a_backup_restores_the_account_and_a_second_one_changes_nothing() {
    let fixture = Fixture::new().await;
    fill(&fixture).await;
    let before = state(&fixture).await;
    let backup = ListWriter::new(Format::Json).write(&before.document(&fixture.catalog));
    empty(&fixture).await;

    let document = ListReader::new().read(&backup.bytes).unwrap();
    let first = plan(&document, &fixture.catalog, &state(&fixture).await);
    let changes = first.changes();
    let applied = first.apply(&fixture.client).await.unwrap();

    let after = state(&fixture).await;
    assert_eq!(applied.total(), changes);
    assert_eq!((applied.favorites, applied.collections, applied.timecodes, applied.scores), (30, 25, 250, 2));
    assert_eq!(after, before);
    let second = plan(&document, &fixture.catalog, &after);
    assert!(second.is_empty() && second.conflicts.is_empty() && second.skipped.is_empty(), "{second}");
    assert_eq!(second.unchanged, 30 + 25 + 250 + 2);
}

#[tokio::test]
async fn a_list_of_another_service_is_imported_once() {
    let fixture = Fixture::new().await;
    client_collections(&fixture).await;
    for format in [Format::Mal, Format::Shikimori] {
        let account = AccountState::read(&fixture.client).await.unwrap();
        let file = ListWriter::new(format).write(&account.document(&fixture.catalog));
        assert_eq!(file.left_out, []);
        empty(&fixture).await;

        let document = ListReader::new().format(format).read(&file.bytes).unwrap();
        let import = plan(&document, &fixture.catalog, &AccountState::read(&fixture.client).await.unwrap());
        import.apply(&fixture.client).await.unwrap();

        let after = AccountState::read(&fixture.client).await.unwrap();
        assert_eq!(after.collections, account.collections);
        assert!(plan(&document, &fixture.catalog, &after).is_empty());
    }
}

/// Puts a release without a double of its ids into each collection.
async fn client_collections(fixture: &Fixture) {
    for (kind, id) in CollectionKind::KNOWN.iter().zip(1..) {
        fixture.client.collections().put(kind, [ReleaseId(id)]).await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_import_says_what_is_left_and_can_be_resumed() {
    let fixture = Fixture::new().await;
    fill(&fixture).await;
    let before = state(&fixture).await;
    let document = before.document(&fixture.catalog);
    empty(&fixture).await;
    let import = plan(&document, &fixture.catalog, &state(&fixture).await);
    let faults = Faults::new().error_rate(1.0).status(500).paths(["/accounts/users/me/views/timecodes"]);
    fixture.sandbox.set_faults(faults).unwrap();

    let error = import.apply(&fixture.client).await.unwrap_err();

    assert_eq!((error.applied.favorites, error.applied.collections, error.applied.timecodes), (30, 25, 0));
    assert_eq!((error.remaining.timecodes.len(), error.remaining.scores.len()), (250, 2));
    assert_eq!(
        error.to_string(),
        "import stopped with 252 changes left; done: 30 favorites, 25 collections, 0 episodes, 0 scores"
    );

    fixture.sandbox.set_faults(Faults::new()).unwrap();
    error.remaining.apply(&fixture.client).await.unwrap();
    assert_eq!(state(&fixture).await, before);
}

#[tokio::test]
async fn planning_sends_no_request() {
    let fixture = Fixture::new().await;
    fill(&fixture).await;
    let account = state(&fixture).await;
    let document = account.document(&fixture.catalog);
    let requests = fixture.sandbox.request_count();

    let import = plan(&document, &fixture.catalog, &AccountState::default());

    assert!(!import.is_empty());
    assert_eq!(fixture.sandbox.request_count(), requests);
}
