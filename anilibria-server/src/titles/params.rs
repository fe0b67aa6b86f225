//! Parameters of routes that read titles.

mod choice;
mod list;
mod number;
mod text;

pub(crate) use self::number::DEFAULT_LIMIT;
pub use self::{
    choice::{Fuzzy, Order, Sort},
    list::{Days, ExternalIds, Genres},
    number::{Limit, LimitOr, PageNumber, TitleId, Year},
    text::{Query, Search},
};
