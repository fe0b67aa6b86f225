//! Drawing of posters: by the kitty or the sixel protocol where the terminal has one, by half blocks elsewhere.

use std::sync::atomic::{AtomicU32, Ordering};

use ratatui::layout::Size;
use ratatui_image::{
    FilterType, FontSize, Resize,
    picker::cap_parser::Response,
    protocol::{Protocol, halfblocks::Halfblocks, kitty::Kitty, sixel::Sixel},
};

use super::poster::Picture;

mod query;

/// Way in which the terminal shows pictures.
#[derive(Debug)]
pub(super) struct Graphics {
    format: Format,
    /// Pixels of a cell.
    cell: FontSize,
    /// Id of the next picture of the kitty protocol.
    next_id: AtomicU32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    HalfBlocks,
    Kitty,
    Sixel,
}

impl Graphics {
    /// Asks the terminal for its protocols, and waits half a second at most for the response. Blocks the thread.
    ///
    /// The terminal must be in raw mode, and nothing else may read from it. Keys that are pressed in that time are lost.
    pub(super) fn detect() -> Self {
        Self::of(&query::replies(), query::cell_size())
    }

    /// Returns the way that every terminal with colours has.
    #[cfg(test)]
    pub(super) fn half_blocks() -> Self {
        Self::of(&[], None)
    }

    /// Chooses the best protocol. Both need the size of a cell, which `cell` is unless the terminal has answered it.
    fn of(replies: &[Response], cell: Option<FontSize>) -> Self {
        let answered = replies.iter().find_map(|reply| match reply {
            Response::CellSize(size) => size.map(FontSize::from),
            _ => None,
        });
        let (format, cell) = match answered.or(cell) {
            Some(cell) if replies.contains(&Response::Kitty) => (Format::Kitty, cell),
            Some(cell) if replies.contains(&Response::Sixel) => (Format::Sixel, cell),
            // A half block shows two pixels, one above the other.
            _ => (Format::HalfBlocks, FontSize::new(1, 2)),
        };
        Self { format, cell, next_id: AtomicU32::new(std::process::id() << 12) }
    }

    /// Returns true if pictures are no text, so that a picture remains on the screen until it is cleared.
    pub(super) fn needs_clearing(&self) -> bool {
        self.format != Format::HalfBlocks
    }

    /// Draws `picture` as large as an area of `size` permits; `None` if the protocol cannot encode the picture.
    pub(super) fn draw(&self, picture: &Picture, size: Size) -> Option<Protocol> {
        let resize = Resize::Scale(Some(FilterType::Triangle));
        let cells = resize.size_for(picture.pixels(), self.cell, size);
        let resized = || resize.resize(picture.pixels(), self.cell, cells, None);
        match self.format {
            // Half blocks are resized to whole cells without a border.
            Format::HalfBlocks => Halfblocks::new(picture.pixels().clone(), cells).map(Protocol::Halfblocks),
            Format::Kitty => {
                let id = self.next_id.fetch_add(1, Ordering::Relaxed);
                Kitty::new(resized(), cells, id, false, false).map(Protocol::Kitty)
            }
            Format::Sixel => Sixel::new(resized(), cells, false).map(Protocol::Sixel),
        }
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::poster::tests::picture;

    #[test]
    fn protocol_needs_an_answer_and_the_size_of_a_cell() {
        let size = Response::CellSize(Some((8, 16)));
        let table: [(&[Response], Option<FontSize>, Format); 6] = [
            (&[], None, Format::HalfBlocks),
            (&[], Some(FontSize::new(8, 16)), Format::HalfBlocks),
            (&[Response::Kitty], None, Format::HalfBlocks),
            (&[Response::Sixel], Some(FontSize::new(8, 16)), Format::Sixel),
            (&[Response::Sixel, size.clone()], None, Format::Sixel),
            (&[Response::Sixel, Response::Kitty, size], None, Format::Kitty),
        ];
        for (replies, cell, format) in table {
            assert_eq!(Graphics::of(replies, cell).format, format, "{replies:?} {cell:?}");
        }
    }

    #[test]
    fn picture_fills_its_area_and_keeps_its_proportions() {
        let size = Size::new(20, 20);
        for replies in [&[][..], &[Response::Sixel], &[Response::Kitty]] {
            let graphics = Graphics::of(replies, Some(FontSize::new(10, 20)));

            assert_eq!(graphics.draw(&picture(40, 40), size).unwrap().size(), Size::new(20, 10));
            assert_eq!(graphics.draw(&picture(350, 500), size).unwrap().size(), Size::new(20, 15));
        }
    }
}
