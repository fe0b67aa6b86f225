use anilibria_client::model::ReleaseId;
use crossterm::event::KeyCode;
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    layout::Size,
    style::{Color, Modifier},
};

use super::{super::colors::Colors, *};
use crate::browser::{
    graphics::Graphics,
    poster::tests::picture,
    state::{
        Effect, Event, Page,
        tests::{contents, entry, loaded, opened, press},
    },
};

/// Draws `state` on a screen of its size.
fn drawn(state: &State, colors: Colors) -> Buffer {
    drawn_on(state.size, state, colors)
}

fn drawn_on(size: Size, state: &State, colors: Colors) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
    terminal.draw(|frame| draw(state, &Theme::new(colors), frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// Returns the characters of the screen, without the spaces at the ends of its lines.
fn text_of(buffer: &Buffer) -> String {
    let row = |y| {
        let cells = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol());
        // A wide character takes the cell behind it as well.
        let mut skip = 0;
        let mut line = String::new();
        for symbol in cells {
            if skip == 0 {
                line.push_str(symbol);
                skip = text::width(symbol).max(1);
            }
            skip -= 1;
        }
        line.trim_end().to_owned()
    };
    (0..buffer.area.height).map(row).collect::<Vec<_>>().join("\n")
}

fn screen(state: &State) -> String {
    text_of(&drawn(state, Colors::All))
}

/// Returns a state with a list of these releases.
fn list(size: Size, names: &[&str]) -> State {
    let mut state = State::new(size, true).0;
    let entries = (1..).zip(names).map(|(id, name)| entry(id, name)).collect();
    let page = Page { entries, total: Some(names.len() as u64), next: None };
    state.update(Event::PageLoaded { query: 1, result: Ok(page) });
    state
}

#[test]
fn list_shows_names_and_the_kind_at_the_right() {
    let state = list(Size::new(60, 6), &["Ван-Пис", "進撃の巨人"]);

    let expected = "\
AniLibria: latest releases                            1 of 2
› Ван-Пис                                          TV · 2026
  進撃の巨人                                       TV · 2026


Enter: open  /: search  ?: help  q: quit";
    assert_eq!(screen(&state), expected);
}

#[test]
fn narrow_list_cuts_names_off_between_wide_characters() {
    let state = list(Size::new(12, 4), &["進撃の巨人 последний сезон", "Ван-Пис"]);

    assert_eq!(screen(&state), "AniLibria:…\n› 進撃の巨…\n  Ван-Пис\nEnter: open…");
}

#[test]
fn empty_and_failed_lists_say_so() {
    let mut state = list(Size::new(40, 4), &[]);
    assert_eq!(screen(&state).lines().nth(1), Some("No releases."));

    press(&mut state, KeyCode::Char('/'));
    press(&mut state, KeyCode::Char('q'));
    press(&mut state, KeyCode::Enter);
    assert_eq!(screen(&state), "Search: q\n\n\nLoading…");
    state.update(Event::PageLoaded { query: 3, result: Ok(Page::default()) });
    assert_eq!(screen(&state).lines().nth(1), Some("Nothing found."));

    let mut state = State::new(Size::new(40, 4), true).0;
    state.update(Event::PageLoaded { query: 1, result: Err("no response within 10 s".to_owned()) });
    assert_eq!(screen(&state).lines().nth(3), Some("no response within 10 s (r: try again)"));
}

#[test]
fn cursor_stands_behind_the_search_text() {
    let mut state = list(Size::new(20, 4), &[]);
    for key in "/длинный поиск".chars() {
        press(&mut state, KeyCode::Char(key));
    }
    let mut terminal = Terminal::new(TestBackend::new(20, 4)).unwrap();

    terminal.draw(|frame| draw(&state, &Theme::new(Colors::All), frame)).unwrap();

    terminal.backend_mut().assert_cursor_position((19, 0));
    assert_eq!(text_of(terminal.backend().buffer()).lines().next(), Some("Search: инный поиск"));
}

#[test]
fn details_show_the_text_beside_the_poster() {
    let mut state = opened(Size::new(60, 17));
    let (id, size) = (ReleaseId::from(1), Size::new(20, 15));
    state.update(Event::PictureLoaded { id, picture: Some(picture(35, 50)) });
    let poster = Graphics::half_blocks().draw(&picture(35, 50), size);
    state.update(Event::PosterDrawn { id, size, poster });

    let buffer = drawn(&state, Colors::All);

    let expected = "\
AniLibria: latest releases                          1 of 150
                      Релиз 1
                      Name 1

                      TV · 2026
                      autumn · 12 episodes
                      Комедия, Драма
                      ongoing
                      2 episodes: Enter opens the list.

                      First line of the description.

                      Second.

                      Torrents
                      1080p · 3.8 GiB
Enter: episodes  Esc: back  ?: help  q: quit";
    assert_eq!(text_of(&buffer), expected);
    // A cell of one colour is a space in front of that colour.
    assert_eq!(buffer[(0, 1)].bg, Color::Rgb(200, 0, 0));
    assert_eq!(buffer[(19, 14)].bg, Color::Rgb(200, 0, 0));
    assert_eq!(drawn(&state, Colors::Palette)[(0, 1)].bg, Color::Indexed(160));
    assert_eq!(buffer[(22, 1)].bg, Color::Reset);
}

#[test]
fn episodes_show_length_and_qualities() {
    let mut state = opened(Size::new(60, 5));
    press(&mut state, KeyCode::Enter);
    press(&mut state, KeyCode::Down);

    let expected = "\
Релиз 1                                               2 of 2
  1  Серия 1                               23:40  1080p 720p
› 2  Серия 2                                23:40  no stream

Enter: play  Esc: back  ?: help  q: quit";
    assert_eq!(screen(&state), expected);

    state.update(Event::Resized(Size::new(24, 5)));
    assert_eq!(screen(&state).lines().nth(1), Some("  1  Серия 1       23:40"));
}

#[test]
fn notice_is_wrapped_and_takes_half_of_the_screen_at_most() {
    let mut state = opened(Size::new(20, 8));
    state.update(Event::PlayerFailed("one two three four five six seven eight nine ten".repeat(3)));

    let screen = screen(&state);

    assert_eq!(screen.lines().nth(4), Some("one two three four"));
    assert_eq!(screen.lines().count(), 8);
}

#[test]
fn help_lists_all_keys_on_a_screen_of_40_columns() {
    let mut state = list(Size::new(40, 12), &["Ван-Пис"]);
    press(&mut state, KeyCode::Char('?'));

    let screen = screen(&state);

    for (keys, meaning) in crate::browser::keys::HELP {
        let has_both = |line: &str| line.contains(keys) && line.contains(meaning);
        assert!(screen.lines().any(has_both), "{keys}: {meaning}\n{screen}");
    }
}

#[test]
fn without_colors_the_screen_has_none_and_the_selection_is_still_visible() {
    let mut states = [loaded(Size::new(80, 24)), opened(Size::new(80, 24)), opened(Size::new(80, 24))];
    press(&mut states[2], KeyCode::Enter);

    for state in states {
        let buffer = drawn(&state, Colors::None);

        assert!(buffer.content.iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
        let is_selected = buffer[(0, 1)].modifier.contains(Modifier::REVERSED);
        assert_eq!(is_selected, state.screen != Screen::Details);
    }
}

#[test]
fn every_screen_is_drawn_in_every_size() {
    let sizes = [(1, 1), (2, 2), (3, 1), (10, 5), (40, 12), (41, 10), (300, 3), (300, 100)];
    for (width, height) in sizes {
        let size = Size { width, height };
        for keys in ["", "/", "/текст", "?", "l", "lG", "l?", "ll", "llj", "llj?"] {
            let mut state = loaded(size);
            for key in keys.chars() {
                press(&mut state, KeyCode::Char(key));
                state.update(Event::ReleaseLoaded { id: ReleaseId::from(1), result: Ok(contents()) });
            }
            state.update(Event::PlayerFailed("a message of some length".to_owned()));

            drawn(&state, Colors::All);
            // The terminal is smaller than the state knows.
            drawn_on(Size { width: width.div_ceil(2), height: height.div_ceil(3) }, &state, Colors::All);
        }
    }
}

#[test]
fn poster_of_another_size_is_not_drawn() {
    let mut state = opened(Size::new(60, 17));
    let (id, size) = (ReleaseId::from(1), Size::new(20, 15));
    let load = Event::PictureLoaded { id, picture: Some(picture(35, 50)) };
    assert!(matches!(state.update(load)[..], [Effect::DrawPoster { .. }]));
    let poster = Graphics::half_blocks().draw(&picture(35, 50), size);

    state.update(Event::Resized(Size::new(50, 17)));
    state.update(Event::PosterDrawn { id, size, poster });

    assert_eq!(drawn(&state, Colors::All)[(0, 1)].bg, Color::Reset);
}
