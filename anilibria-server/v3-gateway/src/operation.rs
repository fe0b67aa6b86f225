//! Operations of v3: their routes and parameters.

use anilibria_http::problem::Problem;
use poem::{Endpoint, IntoResponse as _, Request, Response, http::Method};

use super::{
    address::{Dialect, self_link},
    gateway::Gateway,
    parameters::Parameters,
    quota::RequestQuota,
};

/// Parameters that select the fields of any object.
const PROJECTION: &[&str] = &["filter", "remove"];

/// Further parameters that define the shape of a title.
const SHAPE: &[&str] = &["include", "description_type", "playlist_type"];

/// Parameters that select a page.
const PAGING: &[&str] = &["limit", "after", "page", "items_per_page"];

const SINCE: &[&str] = &["since"];

const SESSION: &[&str] = &["session"];

/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Title,
    Titles,
    Updates,
    Changes,
    Schedule,
    Random,
    Search,
    AdvancedSearch,
    TitleFranchises,
    Franchises,
    Videos,
    Feed,
    Years,
    Genres,
    Team,
    Seeds,
    TorrentFeed,
    User,
    Favorites,
    AddFavorite,
    RemoveFavorite,
}

impl Operation {
    /// All operations.
    pub(super) const ALL: [Self; 21] = [
        Self::Title,
        Self::Titles,
        Self::Updates,
        Self::Changes,
        Self::Schedule,
        Self::Random,
        Self::Search,
        Self::AdvancedSearch,
        Self::TitleFranchises,
        Self::Franchises,
        Self::Videos,
        Self::Feed,
        Self::Years,
        Self::Genres,
        Self::Team,
        Self::Seeds,
        Self::TorrentFeed,
        Self::User,
        Self::Favorites,
        Self::AddFavorite,
        Self::RemoveFavorite,
    ];

    /// Returns the method and the paths of the operation. Paths are relative to the prefix of the version.
    pub(super) fn route(self) -> (Method, &'static [&'static str]) {
        let paths: &[&str] = match self {
            Self::Title => &["/title"],
            Self::Titles => &["/title/list"],
            Self::Updates => &["/title/updates"],
            Self::Changes => &["/title/changes"],
            Self::Schedule => &["/title/schedule"],
            Self::Random => &["/title/random"],
            Self::Search => &["/title/search"],
            Self::AdvancedSearch => &["/title/search/advanced"],
            Self::TitleFranchises => &["/title/franchises"],
            Self::Franchises => &["/franchise/list"],
            Self::Videos => &["/youtube"],
            Self::Feed => &["/feed"],
            Self::Years => &["/years"],
            Self::Genres => &["/genres"],
            Self::Team => &["/team"],
            Self::Seeds => &["/torrent/seed_stats"],
            Self::TorrentFeed => &["/torrent/rss"],
            Self::User => &["/user"],
            // Clients use both spellings.
            Self::Favorites => &["/user/favorites", "/user/favourites"],
            Self::AddFavorite => {
                let paths =
                    &["/user/favorites", "/user/favourites", "/user/favorites/add", "/user/favourites/add"];
                return (Method::PUT, paths);
            }
            Self::RemoveFavorite => {
                let paths = &[
                    "/user/favorites",
                    "/user/favourites",
                    "/user/favorites/remove",
                    "/user/favourites/remove",
                ];
                return (Method::DELETE, paths);
            }
        };
        (Method::GET, paths)
    }

    /// Returns the parameters of the operation, in groups.
    fn known_parameters(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Title => &[&["id", "code", "torrent_id"], PROJECTION, SHAPE],
            Self::Titles => &[&["id_list", "code_list", "torrent_id_list"], PROJECTION, SHAPE, PAGING],
            Self::Updates | Self::Changes | Self::Feed => &[PROJECTION, SHAPE, PAGING, SINCE],
            Self::Schedule => &[&["days"], PROJECTION, SHAPE],
            Self::Random => &[PROJECTION, SHAPE],
            Self::Search => &[
                &["search", "year", "type", "season_code", "genres", "order_by", "sort_direction"],
                &["team", "voice", "translator", "editing", "decor", "timing"],
                PROJECTION,
                SHAPE,
                PAGING,
            ],
            Self::AdvancedSearch => {
                &[&["query", "simple_query", "order_by", "sort_direction"], PROJECTION, SHAPE, PAGING]
            }
            Self::TitleFranchises => &[&["id"], PROJECTION],
            Self::Franchises => &[PROJECTION, PAGING],
            Self::Videos => &[PROJECTION, PAGING, SINCE],
            Self::Years | Self::Team => &[],
            Self::Genres => &[&["sorting_type"]],
            Self::Seeds => &[&["users", "sort_by", "order"], PROJECTION, PAGING],
            Self::TorrentFeed => &[&["rss_type"], SESSION, PAGING, SINCE],
            Self::User => &[SESSION, PROJECTION],
            Self::Favorites => &[SESSION, PROJECTION, SHAPE, PAGING],
            Self::AddFavorite | Self::RemoveFavorite => &[SESSION, &["title_id"]],
        }
    }
}

/// Endpoint of an operation in one dialect.
pub(super) struct OperationEndpoint {
    pub(super) gateway: Gateway,
    pub(super) operation: Operation,
    pub(super) dialect: Dialect,
}

impl Endpoint for OperationEndpoint {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let quota = RequestQuota::of(self.gateway.clients.identify(&request));
        let parameters = Parameters::parse(request.uri(), request.headers(), self.dialect, quota);
        if self.gateway.options.strict_parameters {
            parameters.reject_unknown(self.operation.known_parameters())?;
        }
        let gateway = &self.gateway;
        let response = match self.operation {
            Operation::Title => gateway.title(&parameters).await,
            Operation::Titles => gateway.titles(&parameters).await,
            Operation::Updates => gateway.updates(&parameters).await,
            Operation::Changes => gateway.changes(&parameters).await,
            Operation::Schedule => gateway.schedule(&parameters).await,
            Operation::Random => gateway.random(&parameters).await,
            Operation::Search => gateway.search(&parameters).await,
            Operation::AdvancedSearch => gateway.advanced_search(&parameters).await,
            Operation::TitleFranchises => gateway.title_franchises(&parameters).await,
            Operation::Franchises => gateway.franchises(&parameters).await,
            Operation::Videos => gateway.videos(&parameters).await,
            Operation::Feed => gateway.feed(&parameters).await,
            Operation::Years => gateway.years().await,
            Operation::Genres => gateway.genres(&parameters).await,
            Operation::Team => gateway.team().await,
            Operation::Seeds => Gateway::seeds(&parameters),
            Operation::TorrentFeed => {
                let origin = gateway.clients.origin_of(&request);
                gateway.torrent_feed(&parameters, self_link(origin.as_deref(), &request)).await
            }
            Operation::User => gateway.user(&parameters).await,
            Operation::Favorites => gateway.favorites(&parameters).await,
            Operation::AddFavorite => gateway.add_favorite(&parameters).await,
            Operation::RemoveFavorite => gateway.remove_favorite(&parameters).await,
        };
        Ok(response?.into_response())
    }
}

/// A page of the old site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SitePage {
    LogIn,
    LogOut,
    TorrentFile,
    Storage,
}

impl SitePage {
    /// All pages.
    pub(super) const ALL: [Self; 4] = [Self::LogIn, Self::LogOut, Self::TorrentFile, Self::Storage];

    /// Returns the method and the path of the page.
    pub(super) fn route(self) -> (Method, &'static str) {
        match self {
            Self::LogIn => (Method::POST, "/public/login.php"),
            Self::LogOut => (Method::POST, "/public/logout.php"),
            Self::TorrentFile => (Method::GET, "/public/torrent/download.php"),
            Self::Storage => (Method::GET, "/storage/*path"),
        }
    }
}

/// Endpoint of a page of the old site.
pub(super) struct SitePageEndpoint {
    pub(super) gateway: Gateway,
    pub(super) page: SitePage,
}

impl Endpoint for SitePageEndpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let response: Result<Response, Problem> = match self.page {
            SitePage::LogIn => self.gateway.log_in(&mut request).await,
            SitePage::LogOut => self.gateway.log_out(&mut request).await,
            SitePage::TorrentFile => {
                let quota = RequestQuota::of(self.gateway.clients.identify(&request));
                let parameters = Parameters::parse(request.uri(), request.headers(), Dialect::Live, quota);
                self.gateway.torrent_file(&parameters).await
            }
            SitePage::Storage => self.gateway.storage_file(request.uri().path()),
        };
        Ok(response?)
    }
}
