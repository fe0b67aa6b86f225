//! The help: all keys.

use ratatui::{
    Frame,
    layout::{Constraint, Rect},
    text::{Line, Text},
    widgets::{Block, Clear},
};

use super::theme::Theme;
use crate::{browser::keys, output::text};

/// Draws the help over the middle of `area`. Lines that do not fit are cut off.
pub(super) fn draw(theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let keys = keys::HELP.iter().map(|(keys, _)| text::width(keys)).max().unwrap_or(0);
    let lines = keys::HELP.map(|(key, meaning)| format!("{key:keys$}  {meaning}"));
    let width = lines.iter().map(|line| text::width(line)).max().unwrap_or(0) + 2;
    let (width, height) =
        (u16::try_from(width).unwrap_or(u16::MAX), u16::try_from(lines.len() + 2).unwrap_or(u16::MAX));
    let area = area.centered(Constraint::Length(width), Constraint::Length(height));
    let frame_around = Block::bordered().title(Line::styled("Keys", theme.title));
    let inner = frame_around.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(frame_around, area);
    frame.render_widget(lines.into_iter().map(Line::raw).collect::<Text<'_>>(), inner);
}
