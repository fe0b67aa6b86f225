//! Tests of the meaning of queries, of syntax errors, and of the limits of evaluation.

mod budget;
mod errors;
mod language;
mod properties;

use serde_json::{Value, json};

use super::{Budget, BudgetExceeded, Query, SyntaxError};

/// Returns a title with a value of every type.
fn title() -> Value {
    json!({
        "id": 9000,
        "code": "sample",
        "names": {"ru": "Мастера меча", "en": "Sword \"Masters\"", "alternative": null},
        "announce": "",
        "status": {"string": "В работе", "code": 1},
        "updated": 1_700_000_000,
        "type": {"code": null, "string": "TV", "episodes": 12, "length": 24},
        "genres": ["Драма", "Школа"],
        "team": {"voice": ["A", "B"], "timing": []},
        "season": {"string": "осень", "code": 4, "year": 2021, "week_day": 6},
        "blocked": {"blocked": false, "bakanim": true},
        "player": {
            "episodes": {"first": 1, "last": 12.5, "string": "1-12.5"},
            "list": {"1": {"hls": {"fhd": "/1.m3u8"}}, "12.5": {"hls": {"fhd": null}}},
        },
        "torrents": {"list": [
            {"torrent_id": 1, "seeders": 3, "quality": {"encoder": "h264"}},
            {"torrent_id": 2, "seeders": 7, "quality": {"encoder": "h265"}},
        ]},
        "franchises": [],
    })
}

/// Returns whether `query` matches the title.
#[track_caller]
fn matches_title(query: &str) -> bool {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    matches(&query, &title()).unwrap()
}

/// Returns whether `query` matches `title`.
#[track_caller]
fn matches(query: &Query, title: &Value) -> Result<bool, BudgetExceeded> {
    query.evaluation(Budget::default()).unwrap().matches(title)
}

/// Returns the error message for `query`.
#[track_caller]
fn error(query: &str) -> String {
    error_of(Query::parse(query), query)
}

/// Returns the error of a query, from parsing or from compiling its regular expressions.
#[track_caller]
fn error_of(read: Result<Query, SyntaxError>, query: &str) -> String {
    let begun = read.and_then(|query| query.evaluation(Budget::default()).map(drop));
    begun.expect_err(query).to_string()
}
