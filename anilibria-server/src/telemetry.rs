//! What the service tells of itself to whoever runs it.

pub(crate) mod counts;
pub(crate) mod database;
pub(crate) mod inventory;
mod leader;
mod limits;
pub mod logging;
mod naming;
mod process;
mod recent;
mod recorder;
mod requests;
mod scrape;
pub(crate) mod traces;
mod vitals;

pub(crate) use self::{leader::report_leader, limits::Limit, scrape::PATH};
pub use self::{
    recorder::{Metrics, Tidying},
    requests::RouteMeter,
    scrape::Scrape,
    traces::{Origin, Sampler, Traces},
};
