//! `search`.

use crate::{
    program::{run, sandbox},
    terminal::Terminal,
};

#[test]
fn search_prints_whole_rows_to_a_pipe() {
    let found = sandbox(&["search", "naruto"]).success();

    let cells: Vec<_> = found.trim_end().split('\t').collect();
    assert_eq!(cells[0], "228");
    assert!(cells[1].starts_with("Наруто (Naruto) / "), "{found}");
    assert_eq!(cells.len(), 6);
}

#[test]
fn search_without_a_result_ends_with_3() {
    let error = sandbox(&["search", "no", "such", "name"]).failure(3);

    assert_eq!(error, "anilibria: nothing found for `no such name`\n");
}

#[test]
fn search_without_text_is_a_usage_error() {
    assert!(run(&["search"]).failure(2).contains("<TEXT>"));
}

#[test]
fn table_fits_a_terminal_of_40_columns() {
    let mut terminal = Terminal::spawn((24, 40), &["--sandbox", "search", "no"], &[]);

    let (status, screen) = terminal.finish();

    assert_eq!(status, 0, "{screen}");
    assert!(screen.starts_with("  ID  NAME") || screen.starts_with(" ID  NAME"), "{screen}");
    assert!((0..24).all(|row| !terminal.screen().row_wrapped(row)), "{screen}");
    assert!(terminal.screen().cell(0, 1).unwrap().bold());
}

#[test]
fn no_color_removes_styles() {
    let mut terminal = Terminal::spawn((24, 80), &["--sandbox", "search", "no"], &[("NO_COLOR", "1")]);

    assert_eq!(terminal.finish().0, 0);
    assert!(!terminal.written().contains('\u{1b}'), "{:?}", terminal.written());
}
