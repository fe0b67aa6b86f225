//! The terminal browser: keys go in, the screen is read.

use std::{fs, path::Path, thread, time::Duration};

use anilibria_client::sandbox::{Faults, Sandbox};
use vt100::{Color, Screen};

use crate::{program, terminal::Terminal};

const ENTER: &str = "\r";
const ESCAPE: &str = "\u{1b}";
const DOWN: &str = "\u{1b}[B";
const END: &str = "\u{1b}[F";
const CONTROL_C: &str = "\u{3}";

/// Text of the details of each release, once its episodes are loaded.
const DETAILS: &str = ": Enter opens the list.";

/// Starts the browser on the sandbox in a terminal of 24 rows and 80 columns.
fn browser(variables: &[(&str, &str)]) -> Terminal {
    let terminal = Terminal::spawn((24, 80), &["--sandbox"], variables);
    terminal.wait_for("1 of 300");
    terminal
}

/// Starts the browser on a service at `url`.
fn browser_at(url: &str, home: &Path) -> Terminal {
    let home = home.to_str().unwrap();
    Terminal::spawn((24, 80), &["--base-url", url], &[("ANILIBRIA_CONFIG_DIR", home)])
}

/// Returns the number of cells with half of a block in front of a colour.
fn half_blocks(screen: &Screen) -> usize {
    let (rows, columns) = screen.size();
    let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
    let is_half = |(row, column): &(u16, u16)| {
        let cell = screen.cell(*row, *column).unwrap();
        ["▀", "▄"].contains(&cell.contents()) && cell.bgcolor() != Color::Default
    };
    cells.filter(is_half).count()
}

/// Returns a line of the screen without the spaces at its end.
fn line(screen: &Screen, index: usize) -> String {
    screen.contents().lines().nth(index).unwrap_or_default().trim_end().to_owned()
}

/// Presses a key again and again, as the browser may still load what the key moves to.
fn press_until(terminal: &mut Terminal, key: &str, text: &str) {
    for _ in 0..600 {
        if terminal.screen().contents().contains(text) {
            return;
        }
        terminal.send(key);
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{text:?} did not come; the screen:\n{}", terminal.screen().contents());
}

/// Quits, after which the terminal must be as it was before.
fn quit(terminal: &mut Terminal) {
    terminal.send("q");
    assert_eq!(finish(terminal), "");
}

/// Waits for the end and returns the text on the main screen, which must be the visible one.
fn finish(terminal: &mut Terminal) -> String {
    let (status, text) = terminal.finish();
    let screen = terminal.screen();

    assert_eq!(status, 0, "{text}");
    assert!(!screen.alternate_screen() && !screen.hide_cursor());
    // Attributes and colours of later output are the default ones.
    let style = (screen.fgcolor(), screen.bgcolor(), screen.inverse(), screen.bold());
    assert_eq!(style, (Color::Default, Color::Default, false, false));
    text
}

#[test]
fn keys_lead_to_the_details_with_the_poster_to_the_episodes_and_back() {
    let mut terminal = browser(&[]);
    assert!(terminal.screen().alternate_screen() && terminal.screen().hide_cursor());
    let list = terminal.wait_for("› Наруто (Naruto)");
    assert!(list.starts_with("AniLibria: latest releases"), "{list}");

    terminal.send(ENTER);
    terminal.wait_for(DETAILS);
    terminal.wait_until("the poster", |screen| half_blocks(screen) > 100);
    assert_eq!(terminal.screen().cell(0, 0).unwrap().contents(), "A");

    terminal.send(ENTER);
    // The lowest row is drawn last.
    let episodes = terminal.wait_for("Enter: play");
    assert!(episodes.starts_with("Наруто (Naruto)") && episodes.contains("› 1  "), "{episodes}");
    assert!(episodes.contains("1080p"), "{episodes}");
    terminal.wait_until("no poster", |screen| half_blocks(screen) == 0);

    terminal.send(ESCAPE);
    terminal.wait_for(DETAILS);
    terminal.send("h");
    terminal.wait_for("› Наруто (Naruto)");
    quit(&mut terminal);
}

#[test]
fn list_loads_further_pages_at_its_end() {
    let mut terminal = browser(&[]);

    press_until(&mut terminal, END, "150 of 300");
    terminal.send("g");
    terminal.wait_for(" 1 of 300");
}

#[test]
fn search_shows_matches_while_the_text_is_typed() {
    let mut terminal = browser(&[]);

    terminal.send("/Нару");
    terminal.wait_until("one match", |screen| {
        let has_match = line(screen, 1).starts_with("› Наруто (Naruto)") && line(screen, 2).is_empty();
        line(screen, 0) == "Search: Нару" && has_match && screen.cursor_position() == (0, 12)
    });
    assert!(!terminal.screen().hide_cursor());

    terminal.send("zzz");
    terminal.wait_for("Nothing found.");
    terminal.send(ESCAPE);
    terminal.wait_for("1 of 300");
}

#[cfg(unix)]
#[test]
fn player_receives_the_stream_and_its_failure_is_shown() {
    let home = tempfile::tempdir().unwrap();
    let player = home.path().join("player");
    let script = "#!/bin/sh\nprintf '%s\\n' \"$ANILIBRIA_TITLE\" \"$@\" > \"$0.log\"\nexit 3\n";
    fs::write(&player, script).unwrap();
    fs::set_permissions(&player, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut terminal = browser(&[("ANILIBRIA_PLAYER", player.to_str().unwrap())]);

    terminal.send(ENTER);
    terminal.wait_for(DETAILS);
    terminal.send(ENTER);
    terminal.wait_for("› 1  ");
    terminal.send("o");
    terminal.wait_for("failed (exit status: 3); open");

    let log = fs::read_to_string(home.path().join("player.log")).unwrap();
    let (title, url) = log.split_once('\n').unwrap();
    assert!(title.starts_with("Наруто (Naruto) - 1. "), "{title}");
    assert!(url.starts_with("http://127.0.0.1:") && url.contains("/1/1080/"), "{url}");
    terminal.send(DOWN);
    terminal.wait_for("Enter: play");
    quit(&mut terminal);
}

#[test]
fn missing_player_is_named_with_the_address_of_the_stream() {
    let mut terminal = browser(&[("ANILIBRIA_PLAYER", "/no/such/player")]);

    terminal.send(ENTER);
    terminal.wait_for(DETAILS);
    terminal.send(ENTER);
    terminal.wait_for("› 1  ");
    terminal.send(ENTER);

    let screen = terminal.wait_for("/no/such/player");
    assert!(screen.contains("was not found; set ANILIBRIA_PLAYER"), "{screen}");
    assert!(screen.contains("http://127.0.0.1:"), "{screen}");
}

#[test]
fn screen_follows_the_size_of_the_terminal() {
    let mut terminal = browser(&[]);
    terminal.send(ENTER);
    terminal.wait_until("the poster", |screen| half_blocks(screen) > 100);

    terminal.resize(12, 40);
    terminal.wait_until("a smaller poster", |screen| {
        let blocks = half_blocks(screen);
        line(screen, 11).ends_with('…') && (20..=130).contains(&blocks)
    });
    terminal.resize(5, 10);
    terminal.wait_until("no poster", |screen| line(screen, 0) == "AniLibria…" && half_blocks(screen) == 0);
    terminal.resize(24, 80);
    terminal.wait_until("the poster again", |screen| half_blocks(screen) > 200);
    terminal.wait_for("Enter: episodes  Esc: back  ?: help  q: quit");
    quit(&mut terminal);
}

#[test]
fn no_color_shows_neither_colors_nor_pictures() {
    let mut terminal = browser(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    assert!(terminal.screen().cell(1, 0).unwrap().inverse());

    terminal.send(ENTER);
    terminal.wait_for(DETAILS);
    terminal.send(ENTER);
    terminal.wait_for("› 1  ");
    quit(&mut terminal);

    let written = terminal.written();
    for escape in ["[38;", "[48;", "[36", "[31", "▀", "▄", "_G"] {
        assert!(!written.contains(escape), "{escape}");
    }
}

#[test]
fn poster_is_drawn_by_the_protocol_that_the_terminal_answers() {
    // Device attributes with sixel, the size of a cell, and the status.
    let sixel = "\u{1b}[?62;4c\u{1b}[6;20;10t\u{1b}[0n";
    let kitty = format!("\u{1b}_Gi=31;OK\u{1b}\\{sixel}");
    for (replies, picture) in [(sixel, "\u{1b}P"), (kitty.as_str(), "\u{1b}_Gq=2")] {
        let mut terminal = Terminal::spawn((24, 80), &["--sandbox"], &[("COLORTERM", "truecolor")]);
        terminal.send(replies);
        terminal.wait_for("1 of 300");

        terminal.send(ENTER);

        terminal.wait_for_output(picture);
        assert_eq!(half_blocks(&terminal.screen()), 0);
        terminal.send("q");
        finish(&mut terminal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_of_the_service_is_shown_and_the_user_can_try_again() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::new().start().await.unwrap();
    sandbox.set_faults(Faults::new().error_rate(1.0).status(404)).unwrap();
    let mut terminal = browser_at(&sandbox.api_url(), home.path());

    terminal.wait_for("(r: try again)");
    sandbox.set_faults(Faults::new()).unwrap();
    terminal.send("r");
    terminal.wait_for("1 of 300");

    sandbox.set_faults(Faults::new().error_rate(1.0).status(404).paths(["/anime/releases/"])).unwrap();
    terminal.send(ENTER);
    terminal.wait_for("The episodes could not be loaded.");
    sandbox.set_faults(Faults::new()).unwrap();
    terminal.send("r");
    terminal.wait_for(DETAILS);
    quit(&mut terminal);
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_of_the_service_never_reach_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::new().start().await.unwrap();
    sandbox.rename(7, "Имя\u{1b}]0;title\u{7}\u{9b}2J進撃\u{202e}").unwrap();
    let mut terminal = browser_at(&sandbox.api_url(), home.path());

    terminal.wait_for("› Имя]0;title2J進撃");
    terminal.send(ENTER);
    terminal.wait_for(DETAILS);

    let written = terminal.written();
    assert!(
        !written.contains(['\u{7}', '\u{9b}', '\u{202e}']) && !written.contains("\u{1b}]"),
        "{written:?}"
    );
    quit(&mut terminal);
}

#[test]
fn interrupt_and_termination_restore_the_terminal() {
    let mut terminal = browser(&[]);
    terminal.send(CONTROL_C);
    assert_eq!(finish(&mut terminal), "");

    let mut terminal = browser(&[]);
    terminal.terminate();
    assert_eq!(finish(&mut terminal), "");
}

#[test]
fn browser_without_a_usable_terminal_names_the_commands() {
    let expected = "anilibria: the browser needs a terminal; `anilibria --help` lists the commands\n";
    assert_eq!(program::sandbox(&[]).failure(2), expected);

    let mut terminal = Terminal::spawn((24, 80), &["--sandbox"], &[("TERM", "dumb")]);
    let (status, screen) = terminal.finish();
    assert_eq!((status, screen.trim_end()), (2, expected.trim_end()));
    assert!(!terminal.written().contains('\u{1b}'));
}
