//! Every operation of the table in the docs is a call of both clients, with the same request.

use std::collections::BTreeSet;

use anilibria_client::{
    Client as AsyncClient, Secret,
    blocking::Client,
    model::{CollectionKind, EpisodeId, FranchiseId, ReleaseId, SocialProvider, Timecode},
    request::Request,
};
use uuid::Uuid;

use crate::fixture::Fixture;

/// The table of the documentation.
const TABLE: &str = include_str!("../../src/api/operations.md");

/// Declares a function that makes these calls with both clients and returns their requests by name.
macro_rules! calls {
    ($($group:ident.$name:ident($($arg:expr),*);)+) => {
        fn calls(asynchronous: &AsyncClient, blocking: &Client) -> Vec<(String, Request, Request)> {
            vec![$((
                format!("`{}().{}(…)`", stringify!($group), stringify!($name)),
                asynchronous.$group().$name($($arg),*).request().clone(),
                blocking.$group().$name($($arg),*).request().clone(),
            ),)+]
        }
    };
}

calls! {
    otp.accept("1"); otp.get("tv"); otp.login("1", "tv");
    auth.login("demo", "demo"); auth.logout(); auth.forget_password("a@b.c"); auth.reset_password("t", "p", "p");
    auth.social_authenticate(Secret::from("state")); auth.social_login(SocialProvider::Vk);
    collections.ids(); collections.age_ratings(); collections.genres(); collections.kinds(); collections.years();
    collections.releases(CollectionKind::Planned);
    favorites.ids(); favorites.age_ratings(); favorites.genres(); favorites.sorting(); favorites.kinds();
    favorites.years(); favorites.releases();
    profile.get();
    views.history(); views.timecodes(); views.of_episode(EpisodeId(Uuid::nil())); views.of_release(1);
    catalog.age_ratings(); catalog.genres(); catalog.production_statuses(); catalog.publish_statuses();
    catalog.seasons(); catalog.sorting(); catalog.kinds(); catalog.years(); catalog.releases();
    franchises.list(); franchises.random(); franchises.of_release(1); franchises.get(FranchiseId(Uuid::nil()));
    genres.list(); genres.random(); genres.get(1); genres.releases(1);
    releases.episode(EpisodeId(Uuid::nil())); releases.latest(); releases.list(); releases.random();
    releases.recommended(); releases.get(1); releases.members(1);
    ratings.get(1); ratings.set(1, 9); ratings.remove(1);
    schedule.now(); schedule.week();
    torrents.list(); torrents.of_release(1); torrents.rss(); torrents.rss_of_release(ReleaseId(1)); torrents.get(1_u64);
    torrents.file(1_u64);
    app.status();
    media.manifest(); media.promotions(); media.vasts(); media.videos();
    teams.list(); teams.roles(); teams.users();
}

/// Makes the calls that send several requests, and returns their names.
fn batches(client: &Client) -> [&'static str; 6] {
    let timecodes: [Timecode; 0] = [];
    client.collections().put(CollectionKind::Planned, [1]).send().unwrap();
    client.collections().remove([1]).send().unwrap();
    client.favorites().add([1]).send().unwrap();
    client.favorites().remove([1]).send().unwrap();
    client.views().save(timecodes).send().unwrap();
    client.views().forget([EpisodeId(Uuid::nil())]).send().unwrap();
    [
        "`collections().put(…)`",
        "`collections().remove(…)`",
        "`favorites().add(…)`",
        "`favorites().remove(…)`",
        "`views().save(…)`",
        "`views().forget(…)`",
    ]
}

#[test]
fn every_operation_is_a_call_of_both_clients() {
    let Fixture { client, sandbox: _sandbox } = Fixture::logged_in();
    let rows = TABLE.lines().skip(2).filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let documented: BTreeSet<_> = rows.map(str::to_owned).collect();

    let calls = calls(client.as_async(), &client);
    for (name, asynchronous, blocking) in &calls {
        assert_eq!(asynchronous, blocking, "{name}");
    }
    let search = (client.as_async().search("a").request().clone(), client.search("a").request().clone());
    assert_eq!(search.0, search.1);
    let made = calls.into_iter().map(|(name, ..)| name);
    let made = made.chain(batches(&client).map(str::to_owned)).chain(["`search(…)`".to_owned()]);

    assert_eq!(TABLE.lines().skip(2).count(), 80);
    assert_eq!(made.collect::<BTreeSet<_>>(), documented);
}
