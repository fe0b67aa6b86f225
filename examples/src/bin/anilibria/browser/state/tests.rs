use crossterm::event::KeyModifiers;

use super::*;
use crate::browser::{
    poster::tests::picture,
    release::{Contents, Entry, Episode},
};

pub(in crate::browser) fn entry(id: u32, name: &str) -> Entry {
    Entry {
        id: ReleaseId::from(id),
        name: name.to_owned(),
        other_names: vec![format!("Name {id}")],
        origin: "TV · 2026".to_owned(),
        facts: "autumn · 12 episodes".to_owned(),
        genres: "Комедия, Драма".to_owned(),
        status: "ongoing",
        notification: String::new(),
        description: vec!["First line of the description.".to_owned(), String::new(), "Second.".to_owned()],
        poster: Some(format!("/storage/{id}.webp")),
    }
}

pub(in crate::browser) fn contents() -> Contents {
    let episode = |ordinal: u32, stream: Option<&str>| Episode {
        ordinal: ordinal.to_string(),
        name: format!("Серия {ordinal}"),
        duration: "23:40".to_owned(),
        qualities: "1080p 720p".to_owned(),
        stream: stream.map(str::to_owned),
    };
    let episodes = vec![episode(1, Some("https://example.org/1.m3u8")), episode(2, None)];
    Contents { episodes, torrents: vec!["1080p · 3.8 GiB".to_owned()] }
}

/// Returns a page with releases of these ids.
fn page(ids: std::ops::RangeInclusive<u32>, next: Option<u32>) -> Page {
    Page { entries: ids.map(|id| entry(id, &format!("Релиз {id}"))).collect(), total: Some(150), next }
}

/// Returns a state that shows the first page of the latest releases.
pub(in crate::browser) fn loaded(size: Size) -> State {
    let mut state = State::new(size, true).0;
    state.update(Event::PageLoaded { query: 1, result: Ok(page(1..=50, Some(2))) });
    state
}

/// Returns a state that shows the details of the first release, whose poster is loaded.
pub(in crate::browser) fn opened(size: Size) -> State {
    let mut state = loaded(size);
    let id = ReleaseId::from(1);
    press(&mut state, KeyCode::Enter);
    state.update(Event::ReleaseLoaded { id, result: Ok(contents()) });
    state
}

pub(in crate::browser) fn press(state: &mut State, key: KeyCode) -> Vec<Effect> {
    state.update(Event::Key(key.into()))
}

fn type_text(state: &mut State, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|char| press(state, KeyCode::Char(char))).collect()
}

fn load_page(query: u64, text: &str, page: u32) -> Effect {
    Effect::LoadPage { query, text: text.to_owned(), page }
}

const SIZE: Size = Size::new(80, 24);

#[test]
fn latest_releases_are_loaded_at_the_start() {
    let (state, effects) = State::new(SIZE, true);

    assert_eq!(effects, [load_page(1, "", 1)]);
    assert_eq!((state.screen, &state.list.load), (Screen::List, &Load::Running));
}

#[test]
fn next_page_is_loaded_once_when_its_end_comes_near_and_repeated_releases_are_left_out() {
    let mut state = loaded(SIZE);

    assert_eq!(press(&mut state, KeyCode::End), [load_page(1, "", 2)]);
    assert_eq!(press(&mut state, KeyCode::Up), []);
    // Release 50 has moved to the second page.
    assert_eq!(state.update(Event::PageLoaded { query: 1, result: Ok(page(50..=99, Some(3))) }), []);

    assert_eq!(state.list.entries.len(), 99);
    assert_eq!(state.list.selected().unwrap().id.get(), 49);
    assert_eq!(press(&mut state, KeyCode::End), [load_page(1, "", 3)]);
    state.update(Event::PageLoaded { query: 1, result: Ok(page(100..=150, None)) });
    assert_eq!(press(&mut state, KeyCode::End), []);
    assert_eq!(state.list.selected().unwrap().id.get(), 150);
}

#[test]
fn search_waits_for_the_end_of_typing_and_only_the_newest_answer_counts() {
    let mut state = loaded(SIZE);

    assert_eq!(
        type_text(&mut state, "/ме"),
        [Effect::WaitForTyping { query: 2 }, Effect::WaitForTyping { query: 3 }]
    );
    assert_eq!(state.update(Event::TypingPaused { query: 2 }), []);
    assert_eq!(state.update(Event::TypingPaused { query: 3 }), [load_page(4, "ме", 1)]);
    type_text(&mut state, "ч");
    assert_eq!(state.update(Event::TypingPaused { query: 5 }), [load_page(6, "меч", 1)]);

    state.update(Event::PageLoaded { query: 4, result: Ok(page(1..=9, None)) });
    assert_eq!(state.list.entries.len(), 50);
    state.update(Event::PageLoaded { query: 6, result: Ok(page(7..=8, None)) });
    assert_eq!(state.list.entries.len(), 2);
    state.update(Event::PageLoaded { query: 4, result: Err("late".to_owned()) });
    assert_eq!(state.list.load, Load::Idle);
}

#[test]
fn enter_searches_at_once_and_escape_returns_to_the_latest_releases() {
    let mut state = loaded(SIZE);

    type_text(&mut state, "/q ");
    assert_eq!(press(&mut state, KeyCode::Enter), [load_page(3, "q", 1)]);
    assert_eq!(state.update(Event::TypingPaused { query: 2 }), []);
    assert!(!state.search.is_editing);

    assert_eq!(press(&mut state, KeyCode::Esc), [load_page(4, "", 1)]);
    assert_eq!(press(&mut state, KeyCode::Esc), []);
}

#[test]
fn no_page_is_requested_while_the_text_is_typed() {
    let mut state = loaded(SIZE);

    type_text(&mut state, "/q");

    assert_eq!((0..60).flat_map(|_| press(&mut state, KeyCode::Down)).collect::<Vec<_>>(), []);
}

#[test]
fn failure_is_kept_until_the_user_tries_again() {
    let mut state = State::new(SIZE, true).0;

    state.update(Event::PageLoaded { query: 1, result: Err("no answer".to_owned()) });

    assert_eq!(state.list.load, Load::Failed("no answer".to_owned()));
    assert_eq!(press(&mut state, KeyCode::Down), []);
    assert_eq!(type_text(&mut state, "r"), [load_page(1, "", 1)]);
    assert_eq!(state.list.load, Load::Running);
    state.update(Event::PageLoaded { query: 1, result: Ok(page(1..=50, Some(2))) });
    assert_eq!(state.list.load, Load::Idle);
}

#[test]
fn failure_of_a_later_page_keeps_the_entries_and_repeats_that_page() {
    let mut state = loaded(SIZE);
    press(&mut state, KeyCode::End);

    state.update(Event::PageLoaded { query: 1, result: Err("no answer".to_owned()) });

    assert_eq!(state.list.entries.len(), 50);
    assert_eq!(press(&mut state, KeyCode::Up), []);
    assert_eq!(type_text(&mut state, "r"), [load_page(1, "", 2)]);
}

#[test]
fn open_release_loads_its_contents_and_its_poster_in_the_size_of_its_area() {
    let mut state = loaded(SIZE);
    let id = ReleaseId::from(1);

    let path = "/storage/1.webp".to_owned();
    assert_eq!(
        press(&mut state, KeyCode::Enter),
        [Effect::LoadRelease(id), Effect::LoadPicture { id, path }]
    );
    let picture = picture(35, 50);
    let load = Event::PictureLoaded { id, picture: Some(picture.clone()) };
    let draw =
        |width, height| Effect::DrawPoster { id, picture: picture.clone(), size: Size { width, height } };
    assert_eq!(state.update(load), [draw(26, 22)]);
    assert_eq!(state.update(Event::ReleaseLoaded { id, result: Ok(contents()) }), []);
    assert_eq!(state.update(Event::Resized(Size::new(40, 12))), [draw(13, 10)]);
    assert_eq!(state.update(Event::Resized(Size::new(10, 5))), []);
}

#[test]
fn answers_for_a_release_that_is_not_open_are_dropped() {
    let mut state = opened(SIZE);

    let other = ReleaseId::from(2);
    state.update(Event::ReleaseLoaded { id: other, result: Ok(Contents::default()) });
    assert_eq!(state.update(Event::PictureLoaded { id: other, picture: Some(picture(35, 50)) }), []);
    assert_eq!(state.details.as_ref().unwrap().contents, contents());

    press(&mut state, KeyCode::Backspace);
    state.update(Event::ReleaseLoaded { id: ReleaseId::from(1), result: Ok(contents()) });
    assert!(state.details.is_none());
}

#[test]
fn release_without_a_usable_poster_gives_its_area_to_the_text() {
    let mut state = opened(SIZE);
    assert!(state.details_areas().0.is_some());

    state.update(Event::PictureLoaded { id: ReleaseId::from(1), picture: None });

    assert_eq!(state.details_areas(), (None, state.areas().body));
}

#[test]
fn no_poster_is_loaded_for_a_terminal_without_colors() {
    let mut state = State::new(SIZE, false).0;
    state.update(Event::PageLoaded { query: 1, result: Ok(page(1..=50, None)) });

    assert_eq!(press(&mut state, KeyCode::Enter), [Effect::LoadRelease(ReleaseId::from(1))]);
}

#[test]
fn failed_release_can_be_loaded_again() {
    let mut state = opened(SIZE);
    let id = ReleaseId::from(1);

    state.update(Event::ReleaseLoaded { id, result: Err("no answer".to_owned()) });

    assert_eq!(type_text(&mut state, "r"), [Effect::LoadRelease(id)]);
    assert_eq!(type_text(&mut state, "r"), []);
}

#[test]
fn episode_is_played_with_its_title_and_a_failure_stays_until_the_next_key() {
    let mut state = opened(SIZE);
    press(&mut state, KeyCode::Enter);
    let (title, url) = ("Релиз 1 - 1. Серия 1".to_owned(), "https://example.org/1.m3u8".to_owned());

    assert_eq!(type_text(&mut state, "o"), [Effect::Play { title: title.clone(), url: url.clone() }]);
    assert_eq!(press(&mut state, KeyCode::Enter), [Effect::Play { title, url }]);
    state.update(Event::PlayerFailed("not found".to_owned()));
    assert_eq!(state.notice.as_deref(), Some("not found"));
    press(&mut state, KeyCode::Down);
    assert_eq!(state.notice, None);
    assert_eq!(press(&mut state, KeyCode::Enter), []);
    assert_eq!(state.notice.as_deref(), Some("episode 2 has no stream"));
}

#[test]
fn back_leads_through_the_screens_to_the_list_and_the_selection_stays() {
    let mut state = loaded(SIZE);
    type_text(&mut state, "jj");
    press(&mut state, KeyCode::Enter);
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.screen, Screen::Episodes);

    press(&mut state, KeyCode::Esc);
    assert_eq!(state.screen, Screen::Details);
    type_text(&mut state, "h");
    assert_eq!((state.screen, state.list.cursor.selected()), (Screen::List, 2));
}

#[test]
fn search_can_be_opened_from_every_screen() {
    let mut state = opened(SIZE);
    press(&mut state, KeyCode::Enter);

    type_text(&mut state, "/");

    assert_eq!((state.screen, state.search.is_editing), (Screen::List, true));
    assert!(state.details.is_none());
}

#[test]
fn help_takes_the_next_key_for_itself() {
    let mut state = loaded(SIZE);

    type_text(&mut state, "?");
    assert!(state.is_help_open);
    assert_eq!(type_text(&mut state, "q"), []);
    assert!(!state.is_help_open);
    assert_eq!(type_text(&mut state, "q"), [Effect::Quit]);
}

#[test]
fn interrupt_quits_everywhere() {
    let interrupt = || Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    for keys in ["", "?", "/", "/text", "l", "ll"] {
        let mut state = loaded(SIZE);
        type_text(&mut state, keys);

        assert_eq!(state.update(interrupt()), [Effect::Quit], "{keys}");
    }
    assert_eq!(loaded(SIZE).update(Event::Terminated), [Effect::Quit]);
}

#[test]
fn text_scrolls_to_its_end_and_no_further() {
    let mut state = opened(Size::new(30, 8));

    press(&mut state, KeyCode::End);
    let details = state.details.as_ref().unwrap();
    let (top, lines) = (details.top, details.text(30).len());
    assert_eq!(top + 6, lines);

    press(&mut state, KeyCode::Down);
    assert_eq!(state.details.as_ref().unwrap().top, top);
    state.update(Event::Resized(SIZE));
    assert_eq!(state.details.as_ref().unwrap().top, 0);
}
