//! `show`, `latest` and `schedule`.

use serde_json::Value;

use crate::{
    program::{run, sandbox},
    terminal::Terminal,
};

#[test]
fn show_prints_names_facts_episodes_and_torrents() {
    let shown = sandbox(&["show", "228"]).success();

    assert!(shown.starts_with("Наруто (Naruto) / Mangetsu no Shirogane no Gakuen\n"), "{shown}");
    for expected in
        ["\nKind         TV, ", "\nStatus       ongoing\n", "\nEpisodes\n1\t", "\nTorrents\n", " GiB\t"]
    {
        assert!(shown.contains(expected), "{expected:?} in {shown}");
    }
}

#[test]
fn show_finds_a_release_by_alias() {
    let by_id: Value = serde_json::from_str(&sandbox(&["show", "228", "--json"]).success()).unwrap();

    let alias = by_id["alias"].as_str().unwrap();
    let by_alias: Value = serde_json::from_str(&sandbox(&["show", alias, "--json"]).success()).unwrap();

    assert_eq!(by_id["id"], by_alias["id"]);
    assert!(by_id["episodes"].as_array().unwrap().len() > 1);
}

#[test]
fn show_of_an_unknown_release_ends_with_3() {
    let error = sandbox(&["show", "no-such-release"]).failure(3);

    assert_eq!(error, "anilibria: not found: Release not found.\n");
}

#[test]
fn show_fits_a_terminal_of_40_columns() {
    let mut terminal = Terminal::spawn((60, 40), &["--sandbox", "show", "228"], &[]);

    let (status, screen) = terminal.finish();

    assert_eq!(status, 0, "{screen}");
    assert!((0..60).all(|row| !terminal.screen().row_wrapped(row)), "{screen}");
    assert!(screen.contains("Torrents"), "{screen}");
}

#[test]
fn latest_has_as_many_rows_as_the_limit() {
    let latest = sandbox(&["latest", "--limit", "7"]).success();

    assert_eq!(latest.lines().count(), 7);
    assert!(latest.lines().all(|row| row.split('\t').count() == 5), "{latest}");
    assert!(run(&["latest", "--limit", "51"]).failure(2).contains("51 is not in 1..=50"));
}

#[test]
fn schedule_of_a_day_is_a_part_of_the_week() {
    let week = sandbox(&["schedule"]).success();
    let monday = sandbox(&["schedule", "--day", "monday"]).success();

    assert!(monday.lines().count() > 0 && monday.lines().count() < week.lines().count());
    assert!(monday.lines().all(|row| row.starts_with("Monday\t") && week.contains(row)), "{monday}");
    let json: Value =
        serde_json::from_str(&sandbox(&["schedule", "--day", "mon", "--json"]).success()).unwrap();
    assert_eq!(json.as_array().unwrap().len(), monday.lines().count());
    assert!(run(&["schedule", "--day", "someday"]).failure(2).contains("someday"));
}
