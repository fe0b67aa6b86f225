//! The calls of API v3.

mod account;
mod franchises;
mod media;
mod references;
mod search;
mod shared;
mod titles;
mod torrents;

/// A call of API v3. See [`Call`](crate::call::Call).
pub type Call<E, R = crate::call::Async> = crate::call::Call<E, R, crate::call::V3>;

pub use self::{
    account::{AddFavorite, Favorites, GetUser, LogIn, RemoveFavorite},
    franchises::{ListFranchises, TitleFranchises},
    media::{Feed, YouTube},
    references::{Genres, ProjectTeam, Years},
    search::{AdvancedSearch, Search},
    shared::{Dated, Limited, TitleOptions},
    titles::{Changes, GetTitle, GetTitles, RandomTitle, Schedule, Updates},
    torrents::{Rss, SeedStatistics},
};
