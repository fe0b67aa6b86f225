//! Each capability in docs/comparison.md names a test.

use std::path::Path;

const COMPARISON: &str = include_str!("../docs/comparison.md");

#[test]
fn every_row_of_the_comparison_names_an_existing_test() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rows: Vec<_> = COMPARISON.lines().filter(|line| line.starts_with("| ")).skip(2).collect();

    let unproven = rows.iter().filter(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, here, .., shown_by] = cells[..] else { return true };
        !here.starts_with("no") && !crate_dir.join(shown_by.trim_matches('`')).is_file()
    });

    assert!(rows.len() > 20, "only {} rows were found", rows.len());
    assert_eq!(unproven.copied().collect::<Vec<_>>(), [""; 0]);
}
