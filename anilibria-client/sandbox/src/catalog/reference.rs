//! Enumerations of the API: values with their display names.

use serde_json::{Value, json};

/// A value of an enumeration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    /// Short name. Empty if the enumeration has no short names.
    pub(crate) label: &'static str,
    pub(crate) description: &'static str,
}

impl Choice {
    const fn new(value: &'static str, description: &'static str) -> Self {
        Self { value, label: "", description }
    }

    const fn labelled(value: &'static str, label: &'static str, description: &'static str) -> Self {
        Self { value, label, description }
    }

    /// Renders `{value, description}`.
    pub(crate) fn json(&self) -> Value {
        json!({"value": self.value, "description": self.description})
    }

    /// Renders `{value, label, description}`.
    pub(crate) fn labelled_json(&self) -> Value {
        json!({"value": self.value, "label": self.label, "description": self.description})
    }
}

/// Returns the entry of `table` with this value.
pub(crate) fn find(table: &[&'static Choice], value: &str) -> Option<&'static Choice> {
    table.iter().copied().find(|choice| choice.value == value)
}

pub(crate) static TV: Choice = Choice::new("TV", "ТВ");
// The first letter of the description is Cyrillic, as in the live service.
pub(crate) static ONA: Choice = Choice::new("ONA", "ОNA");
pub(crate) static WEB: Choice = Choice::new("WEB", "WEB");
pub(crate) static OVA: Choice = Choice::new("OVA", "OVA");
pub(crate) static OAD: Choice = Choice::new("OAD", "OAD");
pub(crate) static MOVIE: Choice = Choice::new("MOVIE", "Фильм");
pub(crate) static DORAMA: Choice = Choice::new("DORAMA", "Дорама");
pub(crate) static SPECIAL: Choice = Choice::new("SPECIAL", "Спешл");

/// Types of releases.
pub(crate) static KINDS: [&Choice; 8] = [&TV, &ONA, &WEB, &OVA, &OAD, &MOVIE, &DORAMA, &SPECIAL];

pub(crate) static WINTER: Choice = Choice::new("winter", "Зима");
pub(crate) static SPRING: Choice = Choice::new("spring", "Весна");
pub(crate) static SUMMER: Choice = Choice::new("summer", "Лето");
pub(crate) static AUTUMN: Choice = Choice::new("autumn", "Осень");

/// Seasons in the order of the year.
pub(crate) static SEASONS: [&Choice; 4] = [&WINTER, &SPRING, &SUMMER, &AUTUMN];

pub(crate) static R0: Choice = Choice::labelled("R0_PLUS", "0+", "Для всех возрастов (0+)");
pub(crate) static R6: Choice =
    Choice::labelled("R6_PLUS", "6+", "Для детей, достигших возраста шести лет (6+)");
pub(crate) static R12: Choice =
    Choice::labelled("R12_PLUS", "12+", "Для детей, достигших возраста двенадцати лет (12+)");
pub(crate) static R16: Choice =
    Choice::labelled("R16_PLUS", "16+", "Для людей, достигших возраста шестнадцати лет (16+)");
pub(crate) static R18: Choice =
    Choice::labelled("R18_PLUS", "18+", "Для людей, достигших возраста восемнадцати лет (18+)");

/// Age ratings, lowest first.
pub(crate) static AGE_RATINGS: [&Choice; 5] = [&R0, &R6, &R12, &R16, &R18];

pub(crate) static IS_ONGOING: Choice = Choice::new("IS_ONGOING", "Онгоинг");
pub(crate) static IS_NOT_ONGOING: Choice = Choice::new("IS_NOT_ONGOING", "Не онгоинг");

/// Broadcast statuses of the original.
pub(crate) static PUBLISH_STATUSES: [&Choice; 2] = [&IS_ONGOING, &IS_NOT_ONGOING];

pub(crate) static IS_IN_PRODUCTION: Choice = Choice::new("IS_IN_PRODUCTION", "Сейчас в озвучке");
pub(crate) static IS_NOT_IN_PRODUCTION: Choice = Choice::new("IS_NOT_IN_PRODUCTION", "Озвучка завершена");

/// Production statuses of the dubbing.
pub(crate) static PRODUCTION_STATUSES: [&Choice; 2] = [&IS_IN_PRODUCTION, &IS_NOT_IN_PRODUCTION];

pub(crate) static PLANNED: Choice = Choice::new("PLANNED", "Запланировано");
pub(crate) static WATCHED: Choice = Choice::new("WATCHED", "Просмотрено");
pub(crate) static WATCHING: Choice = Choice::new("WATCHING", "Смотрю");
pub(crate) static POSTPONED: Choice = Choice::new("POSTPONED", "Отложено");
pub(crate) static ABANDONED: Choice = Choice::new("ABANDONED", "Брошено");

/// Collections of an account.
pub(crate) static COLLECTIONS: [&Choice; 5] = [&PLANNED, &WATCHED, &WATCHING, &POSTPONED, &ABANDONED];

/// Weekdays from Monday.
const WEEKDAYS: [&str; 7] =
    ["Понедельник", "Вторник", "Среда", "Четверг", "Пятница", "Суббота", "Воскресенье"];

/// Name of a weekday, from 1 (Monday) to 7 (Sunday).
pub(crate) fn weekday(number: u8) -> &'static str {
    WEEKDAYS.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or_default()
}

pub(crate) static POSTER: Choice = Choice::new("poster", "Постер");
pub(crate) static TIMING: Choice = Choice::new("timing", "Тайминг");
pub(crate) static VOICING: Choice = Choice::new("voicing", "Озвучка");
pub(crate) static EDITING: Choice = Choice::new("editing", "Монтаж");
pub(crate) static DECORATING: Choice = Choice::new("decorating", "Оформление");
pub(crate) static TRANSLATING: Choice = Choice::new("translating", "Перевод");
pub(crate) static HEVC: Choice = Choice::new("hevc", "HEVC");
