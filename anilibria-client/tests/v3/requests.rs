//! Tests of the request of each call with all its parameters, against the stand-in.

use anilibria_client::{
    Result,
    model::{ReleaseId, TorrentId},
    v3::{
        Client, DescriptionType, GenreOrder, Include, PlaylistType, Query, RssType, SandboxGateway,
        SeedStatsOrder, SortDirection, key, model::SeasonCode,
    },
};
use time::{OffsetDateTime, Weekday};

/// Sets all parameters of calls that return titles.
macro_rules! shaped {
    ($call:expr) => {
        $call
            .filter(["id", "names.ru"])
            .remove(["player"])
            .include([Include::RawPoster, Include::TorrentMeta])
            .description_type(DescriptionType::NoViewOrder)
            .playlist_type(PlaylistType::Array)
    };
}

const SHAPE: &str = "filter=id%2Cnames.ru&remove=player&include=raw_poster%2Ctorrent_meta\
                     &description_type=no_view_order&playlist_type=array";

/// Sets all parameters of pages.
macro_rules! paged {
    ($call:expr) => {
        $call.limit(3).after(1).page(2).items_per_page(4)
    };
}

const PAGING: &str = "limit=3&after=1&page=2&items_per_page=4";

struct Gateway {
    server: SandboxGateway,
    client: Client,
}

impl Gateway {
    async fn start() -> Self {
        let server = SandboxGateway::start().await.unwrap();
        let client = Client::builder(server.url()).api_version("v3.0").build().unwrap();
        Self { server, client }
    }

    /// Sends the call and returns its request.
    async fn sent<T>(&self, call: impl IntoFuture<Output = Result<T>>) -> String {
        call.await.unwrap();
        self.server.requests().pop().unwrap()
    }
}

fn moment() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_600_000_000).unwrap()
}

#[tokio::test]
async fn titles_are_requested_by_every_kind_of_reference() {
    let gateway = Gateway::start().await;
    let client = &gateway.client;
    let torrent = gateway.server.titles()[0].torrents.list[0].torrent_id;

    assert_eq!(gateway.sent(client.title(7)).await, "GET /v3.0/title?id=7");
    assert_eq!(gateway.sent(client.title(ReleaseId(7))).await, "GET /v3.0/title?id=7");
    assert_eq!(gateway.sent(client.title(torrent)).await, format!("GET /v3.0/title?torrent_id={torrent}"));
    let code = gateway.server.titles()[6].code.clone();
    assert_eq!(
        gateway.sent(shaped!(client.title(code.clone()))).await,
        format!("GET /v3.0/title?code={code}&{SHAPE}")
    );

    let titles = shaped!(client.titles().ids([7, 9]).codes(["a", "b"]).torrent_ids([TorrentId(5)]));
    assert_eq!(
        gateway.sent(titles.page(1).items_per_page(9)).await,
        format!(
            "GET /v3.0/title/list?id_list=7%2C9&code_list=a%2Cb&torrent_id_list=5&{SHAPE}&page=1&items_per_page=9"
        )
    );
    assert_eq!(gateway.sent(shaped!(client.random_title())).await, format!("GET /v3.0/title/random?{SHAPE}"));
}

#[tokio::test]
async fn lists_of_titles_take_every_parameter() {
    let gateway = Gateway::start().await;
    let client = &gateway.client;

    let updates = paged!(shaped!(client.updates())).since(moment());
    assert_eq!(
        gateway.sent(updates).await,
        format!("GET /v3.0/title/updates?{SHAPE}&{PAGING}&since=1600000000")
    );
    let changes = paged!(shaped!(client.changes())).since(moment());
    assert_eq!(
        gateway.sent(changes).await,
        format!("GET /v3.0/title/changes?{SHAPE}&{PAGING}&since=1600000000")
    );
    assert_eq!(gateway.sent(client.updates().everything()).await, "GET /v3.0/title/updates?limit=-1");
    let schedule = shaped!(client.schedule().days([Weekday::Monday, Weekday::Sunday]));
    assert_eq!(gateway.sent(schedule).await, format!("GET /v3.0/title/schedule?days=0%2C6&{SHAPE}"));
}

#[tokio::test]
async fn searches_take_every_parameter() {
    let gateway = Gateway::start().await;
    let client = &gateway.client;

    let search = client
        .search()
        .text("имя")
        .years([2020_u16, 2021])
        .types(["TV", "0"])
        .seasons([SeasonCode::Winter])
        .genres(["Драма", "Экшен"])
        .team(["a"])
        .voice(["b"])
        .translator(["c"])
        .editing(["d"])
        .decor(["e"])
        .timing(["f"])
        .order_by("in_favorites")
        .sort_direction(SortDirection::Descending);
    assert_eq!(
        gateway.sent(paged!(shaped!(search))).await,
        format!(
            "GET /v3.0/title/search?search=%D0%B8%D0%BC%D1%8F&year=2020%2C2021&type=TV%2C0&season_code=1\
             &genres=%D0%94%D1%80%D0%B0%D0%BC%D0%B0%2C%D0%AD%D0%BA%D1%88%D0%B5%D0%BD&team=a&voice=b&translator=c\
             &editing=d&decor=e&timing=f&order_by=in_favorites&sort_direction=1&{SHAPE}&{PAGING}"
        )
    );
    let advanced = client.advanced_search(key("season.year").eq(2020)).order_by("id");
    assert_eq!(
        gateway.sent(paged!(shaped!(advanced.sort_direction(SortDirection::Ascending)))).await,
        format!(
            "GET /v3.0/title/search/advanced?query=%28%7Bseason.year%7D+%3D%3D+2020%29&order_by=id&sort_direction=0\
             &{SHAPE}&{PAGING}"
        )
    );
    assert_eq!(
        gateway.sent(client.advanced_search(Query::simple("status.code", 1))).await,
        "GET /v3.0/title/search/advanced?simple_query=status.code%3D%3D1"
    );
}

#[tokio::test]
async fn other_calls_take_every_parameter() {
    let gateway = Gateway::start().await;
    let client = &gateway.client;
    let projection = "filter=id&remove=name";

    assert_eq!(
        gateway.sent(client.title_franchises(7).filter(["id"]).remove(["name"])).await,
        format!("GET /v3.0/title/franchises?id=7&{projection}")
    );
    assert_eq!(
        gateway.sent(paged!(client.franchises().filter(["id"]).remove(["name"]))).await,
        format!("GET /v3.0/franchise/list?{projection}&{PAGING}")
    );
    assert_eq!(
        gateway.sent(paged!(client.youtube().filter(["id"]).remove(["name"])).since(moment())).await,
        format!("GET /v3.0/youtube?{projection}&{PAGING}&since=1600000000")
    );
    assert_eq!(
        gateway.sent(paged!(shaped!(client.feed())).since(moment())).await,
        format!("GET /v3.0/feed?{SHAPE}&{PAGING}&since=1600000000")
    );
    assert_eq!(gateway.sent(client.years()).await, "GET /v3.0/years");
    assert_eq!(gateway.sent(client.genres()).await, "GET /v3.0/genres");
    assert_eq!(
        gateway.sent(client.genres().sorting_type(GenreOrder::Rating)).await,
        "GET /v3.0/genres?sorting_type=1"
    );
    assert_eq!(gateway.sent(client.team()).await, "GET /v3.0/team");
    let stats = client.seed_stats().users(["bob", "alice"]).sort_by(SeedStatsOrder::Downloaded);
    assert_eq!(
        gateway.sent(paged!(stats.order(SortDirection::Ascending))).await,
        format!("GET /v3.0/torrent/seed_stats?users=bob%2Calice&sort_by=downloaded&order=1&{PAGING}")
    );
    for (form, name) in [(RssType::Rss, "rss"), (RssType::Atom, "atom"), (RssType::Json, "json")] {
        let rss = client.rss(form).session("s3cret").limit(3).after(1).since(moment());
        assert_eq!(
            gateway.sent(rss).await,
            format!("GET /v3.0/torrent/rss?rss_type={name}&session=s3cret&limit=3&after=1&since=1600000000")
        );
    }
}

#[tokio::test]
async fn calls_of_a_user_carry_the_session_in_the_query_whatever_their_method() {
    let gateway = Gateway::start().await;
    let client = &gateway.client;
    let session = client.login("demo", "demo").await.unwrap();
    assert_eq!(gateway.server.requests().pop().unwrap(), "POST /public/login.php");
    let id = session.expose();

    assert_eq!(
        gateway.sent(client.user(&session).filter(["login"])).await,
        format!("GET /v3.0/user?session={id}&filter=login")
    );
    assert_eq!(
        gateway.sent(client.add_favorite(&session, 7)).await,
        format!("PUT /v3.0/user/favorites?session={id}&title_id=7")
    );
    assert_eq!(
        gateway.sent(paged!(shaped!(client.favorites(&session)))).await,
        format!("GET /v3.0/user/favorites?session={id}&{SHAPE}&{PAGING}")
    );
    assert_eq!(
        gateway.sent(client.remove_favorite(&session, 7)).await,
        format!("DELETE /v3.0/user/favorites?session={id}&title_id=7")
    );
    assert!(client.favorites(&session).await.unwrap().list.is_empty());
}
