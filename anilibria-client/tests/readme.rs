//! Tests that the table of failures in README.md names tests that exist.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

const README: &str = include_str!("../README.md");

#[test]
fn every_failure_names_a_test_that_exists() {
    let tests = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    let (_, section) = README.split_once("\n## Failures\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| ")).skip(2).collect();

    let unproven = rows.iter().filter(|row| {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let mut tests_of_row = cell.split(", ").map(|name| name.trim_matches('`'));
        !tests_of_row.all(|name| tests.contains(&format!("fn {name}(")))
    });

    assert!(rows.len() > 15, "only {} rows were found", rows.len());
    assert_eq!(unproven.copied().collect::<Vec<_>>(), [""; 0]);
}

/// Returns the text of all Rust files below `directory`.
fn sources(directory: &Path) -> String {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let texts = entries.map(|path| match path.extension() {
        _ if path.is_dir() => sources(&path),
        Some(extension) if extension == "rs" => fs::read_to_string(&path).unwrap(),
        _ => String::new(),
    });
    texts.collect()
}
