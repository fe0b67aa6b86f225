//! The areas of the screen, for any size of the terminal.

use ratatui::layout::{Rect, Size};

use crate::output::text;

/// Smallest width and height of the body that leave room for a poster beside the text.
const MIN_WITH_POSTER: Size = Size::new(38, 8);

/// Largest width of a poster, in columns.
const MAX_POSTER: u16 = 40;

/// The three areas of each screen, from top to bottom. The lower ones are empty if the terminal is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) header: Rect,
    pub(super) body: Rect,
    /// Keys, or a message.
    pub(super) footer: Rect,
}

/// Returns the areas. The footer grows with the message, up to half of the screen.
pub(super) fn areas(size: Size, message: Option<&str>) -> Areas {
    let Size { width, height } = size;
    let lines = message.map_or(1, |message| text::wrap(message, width.into()).len());
    let footer = u16::try_from(lines).unwrap_or(u16::MAX).min((height / 2).max(1));
    // The list matters most: the footer gives way first, then the header.
    let footer = if height < 3 { 0 } else { footer };
    let header = u16::from(height >= 2);
    let body = height - header - footer;
    Areas {
        header: Rect::new(0, 0, width, header),
        body: Rect::new(0, header, width, body),
        footer: Rect::new(0, header + body, width, footer),
    }
}

/// Returns the area of the poster, if it is wanted and there is room, and the area of the text beside it.
pub(super) fn details(body: Rect, with_poster: bool) -> (Option<Rect>, Rect) {
    if !with_poster || body.width < MIN_WITH_POSTER.width || body.height < MIN_WITH_POSTER.height {
        return (None, body);
    }
    // A cell is about twice as high as wide and a poster is higher than wide by two fifths, so that a poster of the
    // whole height takes three columns for two rows.
    let width = (body.width / 3).min(MAX_POSTER).min(body.height.saturating_mul(3) / 2);
    let poster = Rect { width, ..body };
    let text = Rect { x: body.x + width + 2, width: body.width - width - 2, ..body };
    (Some(poster), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_fill_any_size_without_overlap() {
        for (width, height) in [(0, 0), (1, 1), (10, 2), (10, 5), (40, 12), (300, 100)] {
            let size = Size { width, height };
            for message in [None, Some("a message that takes several lines in a narrow terminal")] {
                let Areas { header, body, footer } = areas(size, message);

                assert_eq!(header.height + body.height + footer.height, height, "{size:?}");
                assert_eq!((body.y, footer.y), (header.height, header.height + body.height), "{size:?}");
                assert!(height == 0 || body.height > 0, "{size:?}");
            }
        }
    }

    #[test]
    fn poster_stands_beside_the_text_if_there_is_room() {
        let body = |width, height| Rect::new(0, 1, width, height);

        assert_eq!(details(body(40, 10), true), (Some(Rect::new(0, 1, 13, 10)), Rect::new(15, 1, 25, 10)));
        assert_eq!(details(body(200, 40), true), (Some(Rect::new(0, 1, 40, 40)), Rect::new(42, 1, 158, 40)));
        assert_eq!(details(body(37, 10), true), (None, body(37, 10)));
        assert_eq!(details(body(80, 7), true), (None, body(80, 7)));
        assert_eq!(details(body(80, 20), false), (None, body(80, 20)));
    }
}
