//! Rules of plans, on catalogs made by hand.

use std::time::Duration;

use anilibria_client::{
    model::{CollectionKind, ReleaseId, Timecode},
    transfer::{AccountState, Difference, EpisodeProgress, ListEntry, Plan, SkipReason, plan},
};

use crate::fixture::{catalog, document, episode};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

fn account(change: impl FnOnce(&mut AccountState)) -> AccountState {
    let mut account = AccountState::default();
    change(&mut account);
    account
}

fn reasons(plan: &Plan) -> Vec<SkipReason> {
    plan.skipped.iter().map(|skipped| skipped.reason.clone()).collect()
}

#[test]
fn releases_are_found_by_id_in_the_order_of_trust_and_then_by_alias() {
    let catalog = catalog(&[(1, Some(10), Some(100)), (2, Some(20), Some(200)), (3, None, Some(300))]);
    let document = document([
        |entry| (entry.release_id, entry.mal_id) = (Some(ReleaseId(1)), Some(20)),
        |entry| (entry.release_id, entry.mal_id) = (Some(ReleaseId(99)), Some(20)),
        |entry| (entry.mal_id, entry.shikimori_id) = (Some(99), Some(300)),
        |entry| (entry.mal_id, entry.alias) = (Some(99), Some("release-2".to_owned())),
        |entry| (entry.mal_id, entry.shikimori_id) = (Some(100), Some(10)),
        |_| {},
    ]);
    let mut document = document;
    document.entries.iter_mut().for_each(|entry| entry.is_favorite = true);

    let plan = plan(&document, &catalog, &AccountState::default());

    assert_eq!(plan.favorites, [1, 2, 3].map(ReleaseId));
    assert_eq!(plan.unchanged, 1, "release 2 is meant twice");
    let ids = "MyAnimeList id 100, Shikimori id 10".to_owned();
    assert_eq!(reasons(&plan), [SkipReason::UnknownRelease { ids }, SkipReason::NoId]);
    assert_eq!(
        plan.skipped[0].to_string(),
        "entry 5, MyAnimeList 100: AniLibria has no release with MyAnimeList id 100, Shikimori id 10"
    );
}

#[test]
fn a_release_only_moves_forward() {
    use CollectionKind::{Abandoned, Planned, Postponed, Watched, Watching};
    let catalog = catalog(&[(1, None, None)]);
    let forward = [
        (None, Planned),
        (Some(Planned), Postponed),
        (Some(Planned), Watching),
        (Some(Abandoned), Watching),
        (Some(Postponed), Watched),
        (Some(Watching), Watched),
    ];
    let stays = [
        (Watched, Watching),
        (Watched, Planned),
        (Watching, Abandoned),
        (Postponed, Abandoned),
        (Abandoned, Postponed),
        (Watching, Planned),
        ("OTHER".into(), Watched),
    ];
    let planned = |from: Option<&CollectionKind>, to: &CollectionKind| {
        let account =
            account(|account| account.collections.extend(from.map(|kind| (ReleaseId(1), kind.clone()))));
        let mut document = document([|entry| entry.release_id = Some(ReleaseId(1))]);
        document.entries[0].collection = Some(to.clone());
        plan(&document, &catalog, &account)
    };

    for (from, to) in forward {
        let plan = planned(from.as_ref(), &to);
        assert_eq!((&plan.collections[0].from, &plan.collections[0].to), (&from, &to));
        assert!(plan.conflicts.is_empty());
    }
    for (account, document) in stays {
        let plan = planned(Some(&account), &document);
        assert!(plan.is_empty(), "{account} to {document}");
        assert_eq!(plan.conflicts[0].difference, Difference::Collection { account, document });
    }
    let unknown = planned(None, &"OTHER".into());
    assert_eq!(reasons(&unknown), [SkipReason::UnknownCollection { collection: "OTHER".to_owned() }]);
    assert_eq!(planned(Some(&Watched), &Watched).unchanged, 1);
}

#[test]
fn a_number_of_watched_episodes_marks_the_first_ones_without_specials() {
    let catalog = catalog(&[(1, Some(10), None)]);
    let document = document([|entry| (entry.mal_id, entry.episodes_watched) = (Some(10), 5)]);
    let account = account(|account| {
        account.timecodes.insert(episode(1, 1), Timecode::watched(episode(1, 1), SECONDS(7)));
        account.timecodes.insert(episode(1, 2), Timecode::stopped(episode(1, 2), SECONDS(9000)));
    });

    let plan = plan(&document, &catalog, &account);

    let expected =
        [Timecode::watched(episode(1, 2), SECONDS(9000)), Timecode::watched(episode(1, 4), SECONDS(1440))];
    assert_eq!(plan.timecodes, expected);
    assert_eq!(plan.unchanged, 1);
    assert_eq!(reasons(&plan), [SkipReason::UnknownEpisodes { count: 2 }]);
}

#[test]
fn playback_positions_only_grow() {
    let catalog = catalog(&[(1, None, None)]);
    let id = episode(1, 1);
    let planned = |present: Timecode, wanted: Timecode| {
        let mut document = document([|entry| entry.release_id = Some(ReleaseId(1))]);
        document.entries[0].episodes = vec![EpisodeProgress::new(id, wanted.position, wanted.is_watched)];
        plan(&document, &catalog, &account(|account| account.timecodes = [(id, present)].into()))
    };
    let (stopped, watched) =
        (|at| Timecode::stopped(id, SECONDS(at)), |at| Timecode::watched(id, SECONDS(at)));

    assert_eq!(planned(stopped(10), stopped(20)).timecodes, [stopped(20)]);
    assert_eq!(planned(stopped(30), watched(20)).timecodes, [watched(30)], "the greater position");
    for (present, wanted) in [(stopped(10), stopped(10)), (watched(10), watched(99))] {
        let plan = planned(present, wanted);
        assert_eq!((plan.changes(), plan.unchanged, plan.conflicts.len()), (0, 1, 0));
    }
    for (present, wanted) in [(stopped(20), stopped(10)), (watched(10), stopped(99))] {
        let plan = planned(present, wanted);
        let difference = Difference::Episode { episode_id: id, account: present, document: wanted };
        assert_eq!((plan.changes(), &plan.conflicts[0].difference), (0, &difference));
    }
}

#[test]
fn an_id_of_several_releases_changes_all_of_them_but_marks_no_episodes() {
    let catalog = catalog(&[(1, Some(10), None), (2, Some(10), None)]);
    let document = document([|entry| {
        (entry.mal_id, entry.collection) = (Some(10), Some(CollectionKind::Watched));
        entry.episodes_watched = 6;
    }]);

    let plan = plan(&document, &catalog, &AccountState::default());

    assert_eq!(plan.collections.len(), 2);
    assert!(plan.timecodes.is_empty());
    assert_eq!(plan.ambiguous[0].releases, [2, 1].map(ReleaseId));
    assert_eq!(reasons(&plan), [SkipReason::UndividedEpisodes { count: 6 }]);
}

#[test]
fn a_score_is_set_only_if_the_account_is_known_to_have_none() {
    let catalog = catalog(&[(1, None, None), (2, None, None), (3, None, None), (4, None, None)]);
    let entries = [(1, 7), (2, 7), (3, 7), (4, 7), (1, 11)].map(|(id, score)| {
        let mut entry = ListEntry::default();
        (entry.release_id, entry.score) = (Some(ReleaseId(id)), Some(score));
        entry
    });
    let account = account(|account| {
        account.scores =
            [(1, None), (2, Some(7)), (3, Some(9))].map(|(id, score)| (ReleaseId(id), score)).into();
    });

    let plan = plan(&anilibria_client::transfer::ListDocument::new(entries), &catalog, &account);

    assert_eq!(
        plan.scores.iter().map(|score| (score.release_id, score.score)).collect::<Vec<_>>(),
        [(ReleaseId(1), Some(7))]
    );
    assert_eq!(plan.unchanged, 1);
    assert_eq!(plan.conflicts[0].difference, Difference::Score { account: 9, document: 7 });
    assert_eq!(plan.unread_scores, [ReleaseId(4)]);
    assert_eq!(reasons(&plan), [SkipReason::InvalidScore { score: 11 }]);
}

#[test]
fn the_furthest_of_several_entries_wins_in_any_order() {
    let catalog = catalog(&[(1, Some(10), Some(100))]);
    let planned = |entry: &mut ListEntry| {
        (entry.mal_id, entry.collection) = (Some(10), Some(CollectionKind::Planned));
    };
    let watched = |entry: &mut ListEntry| {
        (entry.shikimori_id, entry.collection) = (Some(100), Some(CollectionKind::Watched));
    };

    for order in [[planned as fn(&mut ListEntry), watched], [watched, planned]] {
        let plan = plan(&document(order), &catalog, &AccountState::default());

        assert_eq!(plan.collections.len(), 1);
        assert_eq!(plan.collections[0].to, CollectionKind::Watched);
    }
}

#[test]
fn a_summary_names_each_part_that_is_not_empty() {
    let catalog = catalog(&[(1, Some(10), None)]);
    let document = document([
        |entry| (entry.mal_id, entry.collection) = (Some(10), Some(CollectionKind::Planned)),
        |entry| entry.mal_id = Some(11),
    ]);

    let plan = plan(&document, &catalog, &AccountState::default());

    assert_eq!(plan.to_string(), "collections: 1 (planned 1)\nskipped: 1");
    assert_eq!(Plan::default().to_string(), "nothing to import");
}
