//! Sort orders of the catalog.

use std::cmp::Ordering;

use super::reference::Choice;
use super::release::Release;

/// A sort order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sorting {
    FreshAtDesc,
    FreshAtAsc,
    RatingDesc,
    RatingAsc,
    YearDesc,
    YearAsc,
}

impl Sorting {
    /// All orders, in the order of the reference list.
    pub(crate) const ALL: [Self; 6] = [
        Self::FreshAtDesc,
        Self::FreshAtAsc,
        Self::RatingDesc,
        Self::RatingAsc,
        Self::YearDesc,
        Self::YearAsc,
    ];

    pub(crate) fn find(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sorting| sorting.choice().value == value)
    }

    pub(crate) fn choice(self) -> Choice {
        let (value, label, description) = match self {
            Self::FreshAtDesc => {
                ("FRESH_AT_DESC", "Обновлены недавно", "Сначала отобразятся недавно обновлённые релизы")
            }
            Self::FreshAtAsc => {
                ("FRESH_AT_ASC", "Обновлены давно", "Сначала отобразятся давно не обновлявшиеся релизы")
            }
            Self::RatingDesc => {
                ("RATING_DESC", "Самый высокий рейтинг", "Сначала отобразятся самые популярные релизы")
            }
            Self::RatingAsc => {
                ("RATING_ASC", "Самый низкий рейтинг", "Сначала отобразятся самые непопулярные релизы")
            }
            Self::YearDesc => ("YEAR_DESC", "Самые новые", "Сначала отобразятся самые новые релизы"),
            Self::YearAsc => ("YEAR_ASC", "Самые старые", "Сначала отобразятся самые старые релизы"),
        };
        Choice { value, label, description }
    }

    /// Compares two releases. The higher id comes first among equal ones, in every order.
    pub(crate) fn compare(self, one: &Release, other: &Release) -> Ordering {
        // A release without a date sorts below all dates, like null in the database.
        let order = match self {
            Self::FreshAtDesc => other.fresh_at.cmp(&one.fresh_at),
            Self::FreshAtAsc => one.fresh_at.cmp(&other.fresh_at),
            Self::RatingDesc => other.favorites.cmp(&one.favorites),
            Self::RatingAsc => one.favorites.cmp(&other.favorites),
            Self::YearDesc => other.year.cmp(&one.year),
            Self::YearAsc => one.year.cmp(&other.year),
        };
        order.then(other.id.cmp(&one.id))
    }
}
