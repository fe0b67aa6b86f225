//! Lists: releases and episodes.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Text},
};

use super::{columns, theme::Theme};
use crate::browser::{
    release::{Entry, Episode},
    state::{Cursor, Load, State},
};

/// Width from which on a row has room for the kind and the year, or for the qualities.
const WIDE: usize = 50;

pub(super) fn draw_releases(state: &State, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let list = &state.list;
    if list.entries.is_empty() && list.load == Load::Idle {
        let message = if state.search.text().trim().is_empty() { "No releases." } else { "Nothing found." };
        frame.render_widget(Line::raw(message).style(theme.quiet), area);
        return;
    }
    draw_rows(&list.entries, list.cursor, theme, frame, area, release);
}

pub(super) fn draw_episodes(state: &State, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let Some(details) = &state.details else { return };
    let episodes = &details.contents.episodes;
    if episodes.is_empty() && details.load == Load::Idle {
        frame.render_widget(Line::raw("No episodes yet.").style(theme.quiet), area);
        return;
    }
    let ordinals = episodes.iter().map(|episode| episode.ordinal.len()).max().unwrap_or(0);
    draw_rows(episodes, details.episode, theme, frame, area, |row, width| episode(row, ordinals, width));
}

/// Draws the rows that are on the screen, with a mark beside the selected one.
fn draw_rows<T>(
    rows: &[T],
    cursor: Cursor,
    theme: &Theme,
    frame: &mut Frame<'_>,
    area: Rect,
    draw: impl Fn(&T, usize) -> Line<'static>,
) {
    let width = usize::from(area.width);
    let visible = rows.iter().enumerate().skip(cursor.offset()).take(area.height.into());
    let lines: Text<'_> = visible
        .map(|(index, row)| {
            let is_selected = index == cursor.selected();
            let mut line = draw(row, width.saturating_sub(2));
            line.spans.insert(0, if is_selected { "› ".into() } else { "  ".into() });
            if is_selected { line.style(theme.selected) } else { line }
        })
        .collect();
    frame.render_widget(lines, area);
}

fn release(entry: &Entry, width: usize) -> Line<'static> {
    let origin = if width < WIDE { "" } else { &entry.origin };
    columns(&entry.name, origin, width)
}

fn episode(episode: &Episode, ordinals: usize, width: usize) -> Line<'static> {
    let name = format!("{:>ordinals$}  {}", episode.ordinal, episode.name);
    let qualities = if episode.stream.is_some() { &episode.qualities } else { "no stream" };
    let right = match width {
        WIDE.. => format!("{:>8}  {qualities}", episode.duration),
        _ => episode.duration.clone(),
    };
    columns(name.trim_end(), &right, width)
}
