//! What the service tells of itself to whoever runs it.

pub(crate) mod inventory;
mod naming;
mod process;
mod recorder;
mod requests;
mod scrape;
mod vitals;

pub(crate) use self::scrape::PATH;
pub use self::{
    recorder::{Metrics, Tidying},
    requests::RouteMeter,
    scrape::Scrape,
};
