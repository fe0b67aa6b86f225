//! The calls of API v3: a file per kind of thing that is asked for, beside what it calls.

#[macro_use]
mod shared;

mod account;
mod franchises;
mod media;
mod references;
mod search;
mod titles;
mod torrents;

pub use self::{
    account::{AddFavorite, Favorites, GetUser, LogIn, RemoveFavorite},
    franchises::{ListFranchises, TitleFranchises},
    media::{Feed, YouTube},
    references::{Genres, ProjectTeam, Years},
    search::{AdvancedSearch, Search},
    titles::{Changes, GetTitle, GetTitles, RandomTitle, Schedule, Updates},
    torrents::{Rss, SeedStatistics},
};
