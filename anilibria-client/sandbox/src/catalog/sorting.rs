//! The orders the catalog can be listed in.

use std::cmp::Ordering;

use super::reference::Choice;
use super::release::Release;

/// By what a list is sorted.
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
    /// Every order, as the reference list tells them.
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

    /// How two releases stand to each other; ties go to the higher id in every order.
    pub(crate) fn compare(self, one: &Release, other: &Release) -> Ordering {
        // A release without a date sorts below every date, as the database does with null.
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
