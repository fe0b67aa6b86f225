#![doc = include_str!("../README.md")]

mod caps;
mod category;
mod episodes;
mod error;
mod feed;
mod franchises;
mod index;
mod item;
mod name;
mod numbering;
mod parameters;
mod placement;
mod query;
mod search_text;
mod title;
mod word_index;
mod xml;

pub use self::{
    caps::caps,
    error::Error,
    feed::Addresses,
    franchises::Franchises,
    index::{Index, SearchResults},
    parameters::{Function, Parameters},
    query::Query,
};
