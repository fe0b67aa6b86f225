//! The screen for a state. Drawing neither changes the state nor waits for anything.

mod details;
mod help;
mod rows;
mod theme;

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span, Text},
};

use super::{
    layout::Areas,
    state::{Load, Screen, State},
};
use crate::output::text;
pub(super) use theme::Theme;

/// Draws the state.
pub(super) fn draw(state: &State, theme: &Theme, frame: &mut Frame<'_>) {
    // The terminal may be smaller by now than the state knows.
    let Areas { header, body, footer } = state.areas();
    let [header, body, footer] = [header, body, footer].map(|area| area.intersection(frame.area()));
    draw_header(state, theme, frame, header);
    match state.screen {
        Screen::List => rows::draw_releases(state, theme, frame, body),
        Screen::Details => details::draw(state, theme, frame),
        Screen::Episodes => rows::draw_episodes(state, theme, frame, body),
    }
    draw_footer(state, theme, frame, footer);
    if state.is_help_open {
        help::draw(theme, frame, frame.area());
    }
}

fn draw_header(state: &State, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    if state.screen == Screen::List && state.search.is_editing {
        let label = if width < 20 { "/" } else { "Search: " };
        // One column is left for the cursor.
        let typed = tail(state.search.text(), width.saturating_sub(label.len() + 1));
        let line = Line::from(vec![Span::styled(label, theme.title), Span::raw(typed)]);
        let column = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
        frame.render_widget(line, area);
        if !area.is_empty() && !state.is_help_open {
            frame.set_cursor_position(Position::new(area.x + column, area.y));
        }
        return;
    }
    let (title, position) = title(state);
    frame.render_widget(columns(&title, &position, width).style(theme.title), area);
}

/// Returns the title of the screen, and the place of the selected row in its list.
fn title(state: &State) -> (String, String) {
    if let Some(details) = state.details.as_ref().filter(|_| state.screen == Screen::Episodes) {
        let count = details.contents.episodes.len() as u64;
        return (details.entry.name.clone(), place(details.episode.selected(), count));
    }
    let title = match state.search.text().trim() {
        "" => "AniLibria: latest releases".to_owned(),
        searched => format!("Search: {searched}"),
    };
    let count = state.list.entries.len() as u64;
    (title, place(state.list.cursor.selected(), state.list.total.unwrap_or(count)))
}

/// Returns the place of the selected row in its list.
fn place(selected: usize, count: u64) -> String {
    if count == 0 { String::new() } else { format!("{} of {count}", selected + 1) }
}

/// Returns the end of `text` that fits in `width` columns.
fn tail(text: &str, width: usize) -> &str {
    let fits = |&(index, _): &(usize, char)| text::width(&text[index..]) <= width;
    text.char_indices().find(fits).map_or("", |(index, _)| &text[index..])
}

/// Returns a line with one text at the left and one at the right end. The left one is cut off if both do not fit.
fn columns(left: &str, right: &str, width: usize) -> Line<'static> {
    let used = text::width(right);
    // A text needs a few columns to be of any use.
    if right.is_empty() || width < used + 8 {
        return Line::raw(text::shorten(left, width));
    }
    let left = text::shorten(left, width - used - 1);
    let gap = width - used - text::width(&left);
    Line::raw(format!("{left}{:gap$}{right}", ""))
}

fn draw_footer(state: &State, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let load = state.details.as_ref().map_or(&state.list.load, |details| &details.load);
    let (message, style) = match (&state.notice, load) {
        (Some(notice), _) => {
            let lines: Text<'_> = text::wrap(notice, area.width.into()).into_iter().map(Line::raw).collect();
            frame.render_widget(lines.style(theme.error), area);
            return;
        }
        (None, Load::Failed(reason)) => (format!("{reason} (r: try again)"), theme.error),
        (None, Load::Running) => ("Loading…".to_owned(), theme.quiet),
        (None, Load::Idle) => (keys(state).to_owned(), theme.quiet),
    };
    frame.render_widget(Line::raw(text::shorten(&message, area.width.into())).style(style), area);
}

/// Returns the keys of the screen that matter most.
fn keys(state: &State) -> &'static str {
    match state.screen {
        Screen::List if state.search.is_editing => "Enter: done  Esc: latest releases  ↑↓: move",
        Screen::List => "Enter: open  /: search  ?: help  q: quit",
        Screen::Details => "Enter: episodes  Esc: back  ?: help  q: quit",
        Screen::Episodes => "Enter: play  Esc: back  ?: help  q: quit",
    }
}

#[cfg(test)]
mod tests;
