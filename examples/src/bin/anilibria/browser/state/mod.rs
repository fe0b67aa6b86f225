//! The state of the browser. It changes by events only and asks for work by effects, so that it needs neither a terminal nor
//! a network.

mod cursor;
mod details;
mod event;
mod list;
mod search;

use anilibria_client::model::ReleaseId;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::{Rect, Size};

use super::{
    keys::{self, Command},
    layout::{self, Areas},
};
pub(super) use cursor::Cursor;
pub(super) use details::{Details, Tone};
pub(super) use event::{Effect, Event, Load};
pub(super) use list::{List, Page};
pub(super) use search::Search;

/// The visible screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    List,
    Details,
    Episodes,
}

/// The state of the browser.
#[derive(Debug)]
pub(super) struct State {
    pub(super) size: Size,
    pub(super) screen: Screen,
    pub(super) list: List,
    pub(super) search: Search,
    /// The open release; `None` on the list.
    pub(super) details: Option<Details>,
    pub(super) is_help_open: bool,
    /// A message that stays until the next key.
    pub(super) notice: Option<String>,
    has_pictures: bool,
    /// Number of the newest query. Results of older queries are dropped.
    query: u64,
    /// True while the newest query waits for the end of typing.
    is_typing: bool,
}

impl State {
    /// Creates the state at the start, with the effects that load the latest releases.
    pub(super) fn new(size: Size, has_pictures: bool) -> (Self, Vec<Effect>) {
        let mut state = Self {
            size,
            screen: Screen::List,
            list: List::default(),
            search: Search::default(),
            details: None,
            is_help_open: false,
            notice: None,
            has_pictures,
            query: 0,
            is_typing: false,
        };
        let effect = state.start_query();
        (state, vec![effect])
    }

    /// Applies an event and returns the work to do.
    pub(super) fn update(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Key(key) => effects.extend(self.press(key)),
            Event::Resized(size) => self.size = size,
            Event::TypingPaused { query } => {
                effects.extend((query == self.query && self.is_typing).then(|| self.start_query()));
            }
            Event::PageLoaded { query, result } if query == self.query => match result {
                Ok(page) => self.list.add(page),
                Err(reason) => self.list.load = Load::Failed(reason),
            },
            Event::ReleaseLoaded { id, result } => {
                if let Some(details) = self.details_of(id) {
                    details.add(result);
                }
            }
            Event::PictureLoaded { id, picture } => {
                if let Some(details) = self.details_of(id) {
                    details.poster.load(picture);
                }
            }
            Event::PosterDrawn { id, size, poster } => {
                if let Some(details) = self.details_of(id) {
                    details.poster.show(size, poster);
                }
            }
            Event::PlayerFailed(reason) => self.notice = Some(reason),
            Event::Terminated => effects.push(Effect::Quit),
            Event::PageLoaded { .. } => {}
        }
        self.settle(&mut effects);
        effects
    }

    /// Returns what lies on the screen. A picture beneath a layer that changes has to be cleared from the terminal.
    pub(super) fn layers(&self) -> (Screen, bool, bool) {
        (self.screen, self.is_help_open, self.notice.is_some())
    }

    /// Returns the areas of the screen.
    pub(super) fn areas(&self) -> Areas {
        layout::areas(self.size, self.notice.as_deref())
    }

    /// Returns the area of the poster, if the open release has one and the screen has room for it, and the area of the text.
    pub(super) fn details_areas(&self) -> (Option<Rect>, Rect) {
        let has_poster =
            self.has_pictures && self.details.as_ref().is_some_and(|details| details.poster.is_expected());
        layout::details(self.areas().body, has_poster)
    }

    fn details_of(&mut self, id: ReleaseId) -> Option<&mut Details> {
        self.details.as_mut().filter(|details| details.entry.id == id)
    }

    fn press(&mut self, key: KeyEvent) -> Option<Effect> {
        self.notice = None;
        if self.is_help_open {
            self.is_help_open = false;
            return keys::is_interrupt(key).then_some(Effect::Quit);
        }
        if self.screen == Screen::List && self.search.is_editing {
            return self.press_in_search(key);
        }
        match keys::command(key)? {
            Command::Quit => Some(Effect::Quit),
            Command::Help => {
                self.is_help_open = true;
                None
            }
            Command::Search => {
                self.screen = Screen::List;
                self.details = None;
                self.search.is_editing = true;
                None
            }
            command => match self.screen {
                Screen::List => self.act_on_list(command),
                Screen::Details => self.act_on_details(command),
                Screen::Episodes => self.act_on_episodes(command),
            },
        }
    }

    fn press_in_search(&mut self, key: KeyEvent) -> Option<Effect> {
        match key.code {
            _ if keys::is_interrupt(key) => Some(Effect::Quit),
            KeyCode::Esc => {
                self.search.is_editing = false;
                self.search.clear().then(|| self.start_query())
            }
            KeyCode::Enter => {
                self.search.is_editing = false;
                self.is_typing.then(|| self.start_query())
            }
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
                keys::command(key).and_then(|command| self.act_on_list(command))
            }
            _ => self.search.edit(key).then(|| {
                self.query += 1;
                self.is_typing = true;
                Effect::WaitForTyping { query: self.query }
            }),
        }
    }

    fn act_on_list(&mut self, command: Command) -> Option<Effect> {
        match command {
            Command::Back => self.search.clear().then(|| self.start_query()),
            Command::Retry => Some(match self.list.retry() {
                Some(page) => self.load_page(page),
                None => self.start_query(),
            }),
            Command::Open => {
                let details = Details::new(self.list.selected()?.clone());
                let load = Effect::LoadRelease(details.entry.id);
                self.details = Some(details);
                self.screen = Screen::Details;
                Some(load)
            }
            movement => {
                let rows = self.areas().body.height.into();
                self.list.cursor.go(movement, self.list.entries.len(), rows);
                None
            }
        }
    }

    fn act_on_details(&mut self, command: Command) -> Option<Effect> {
        let text = self.details_areas().1;
        let details = self.details.as_mut()?;
        match command {
            Command::Back => {
                self.details = None;
                self.screen = Screen::List;
            }
            Command::Open => self.screen = Screen::Episodes,
            Command::Retry => return details.retry(),
            movement => details.scroll(movement, text),
        }
        None
    }

    fn act_on_episodes(&mut self, command: Command) -> Option<Effect> {
        let rows = self.areas().body.height.into();
        let details = self.details.as_mut()?;
        match command {
            Command::Back => self.screen = Screen::Details,
            Command::Retry => return details.retry(),
            Command::Open | Command::Play => match details.play() {
                Some(Ok(play)) => return Some(play),
                Some(Err(reason)) => self.notice = Some(reason),
                None => {}
            },
            movement => details.episode.go(movement, details.contents.episodes.len(), rows),
        }
        None
    }

    /// Begins a new query, so that the results of older ones are dropped.
    fn start_query(&mut self) -> Effect {
        self.query += 1;
        self.is_typing = false;
        let page = self.list.restart();
        self.load_page(page)
    }

    fn load_page(&self, page: u32) -> Effect {
        Effect::LoadPage { query: self.query, text: self.search.text().trim().to_owned(), page }
    }

    /// Keeps the selections on the screen, and asks for what the screen lacks: the next page, or the poster in its size.
    fn settle(&mut self, effects: &mut Vec<Effect>) {
        let rows = self.areas().body.height.into();
        self.list.cursor.fit(self.list.entries.len(), rows);
        if !self.is_typing
            && let Some(page) = self.list.next_page(rows)
        {
            effects.push(self.load_page(page));
        }
        let (poster, text) = self.details_areas();
        let Some(details) = &mut self.details else { return };
        details.episode.fit(details.contents.episodes.len(), rows);
        details.fit(text);
        if let Some(area) = poster {
            effects.extend(details.poster.next(details.entry.id, area.as_size()));
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
