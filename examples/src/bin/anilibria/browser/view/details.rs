//! The details of a release, with its poster.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Text},
};
use ratatui_image::{Image, protocol::Protocol};

use super::theme::Theme;
use crate::browser::state::{Details, State, Tone};

pub(super) fn draw(state: &State, theme: &Theme, frame: &mut Frame<'_>) {
    let Some(details) = &state.details else { return };
    let (poster, text) = state.details_areas();
    // The help covers the poster, and a picture that is no text would cover the help.
    if let Some(area) = poster.filter(|_| !state.is_help_open) {
        draw_poster(details, theme, frame, area);
    }
    let lines = details.text(text.width).into_iter().skip(details.top).take(text.height.into());
    let lines: Text<'_> = lines
        .map(|(tone, line)| match tone {
            Tone::Title => Line::styled(line, theme.title),
            Tone::Plain => Line::raw(line),
            Tone::Quiet => Line::styled(line, theme.quiet),
        })
        .collect();
    frame.render_widget(lines, text.intersection(frame.area()));
}

fn draw_poster(details: &Details, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let Some(poster) = details.poster.drawn(area.as_size()) else { return };
    let visible = area.intersection(frame.area());
    frame.render_widget(Image::new(poster), visible);
    // The other protocols use the colours of cells for other purposes.
    if !matches!(poster, Protocol::Halfblocks(_)) {
        return;
    }
    let buffer = frame.buffer_mut();
    for position in visible.positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            let (front, back) = (theme.colors.nearest(cell.fg), theme.colors.nearest(cell.bg));
            cell.set_fg(front).set_bg(back);
        }
    }
}
