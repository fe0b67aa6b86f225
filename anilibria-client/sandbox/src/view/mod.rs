//! Rendering of the records of the catalog as JSON. One file per kind.

mod account;
mod episode;
mod franchise;
mod genre;
mod image;
mod media;
mod release;
mod rss;
mod schedule;
mod staff;
mod summary;
mod team;
mod torrent;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

pub(crate) use account::{profile, view};
pub(crate) use media::{manifest, vast, video};
pub(crate) use staff::{person, role, team};
pub(crate) use summary::release;
pub(crate) use team::members;
pub(crate) use torrent::torrent;

use super::catalog::Catalog;
use super::site::Site;

/// Renders records of one catalog for one client.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) site: &'a Site,
}

const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+00:00");

/// Adds fields to `object`.
fn with(object: Value, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut object = match object {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Value::Object(object)
}

/// Formats a time like the live service: always in UTC, always with the offset.
pub(crate) fn moment(seconds: i64) -> Value {
    let text =
        OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|moment| moment.format(&DATE_TIME).ok());
    text.into()
}

/// Converts hundredths to a number, an integer if possible.
fn hundredths(number: u32) -> Value {
    if number.is_multiple_of(100) { json!(number / 100) } else { json!(f64::from(number) / 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_contain_their_offset() {
        assert_eq!(moment(1_771_696_568), json!("2026-02-21T17:56:08+00:00"));
    }

    #[test]
    fn hundredths_are_integers_if_possible() {
        assert_eq!(hundredths(800).to_string(), "8");
        assert_eq!(hundredths(826).to_string(), "8.26");
    }
}
