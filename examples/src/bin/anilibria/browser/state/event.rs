//! Events, effects, and the progress of loading.

use anilibria_client::model::ReleaseId;
use crossterm::event::KeyEvent;
use ratatui::layout::Size;
use ratatui_image::protocol::Protocol;

use super::Page;
use crate::browser::{poster::Picture, release::Contents};

/// Something that happened: a key, a new size, or the end of an effect.
pub(in crate::browser) enum Event {
    Key(KeyEvent),
    Resized(Size),
    /// The user stopped typing the text of this query for a moment.
    TypingPaused {
        query: u64,
    },
    PageLoaded {
        query: u64,
        result: Result<Page, String>,
    },
    ReleaseLoaded {
        id: ReleaseId,
        result: Result<Contents, String>,
    },
    /// The poster of a release was loaded and decoded, or is not available.
    PictureLoaded {
        id: ReleaseId,
        picture: Option<Picture>,
    },
    /// The poster of a release was drawn for an area of this size.
    PosterDrawn {
        id: ReleaseId,
        size: Size,
        poster: Option<Protocol>,
    },
    PlayerFailed(String),
    /// A signal asks the program to end.
    Terminated,
}

/// Work that the state asks for.
#[derive(Debug, PartialEq)]
pub(in crate::browser) enum Effect {
    /// Waits until typing has probably ended, then sends [`Event::TypingPaused`].
    WaitForTyping {
        query: u64,
    },
    /// Loads a page of the releases whose name contains the text, or of all if the text is empty.
    LoadPage {
        query: u64,
        text: String,
        page: u32,
    },
    LoadRelease(ReleaseId),
    LoadPicture {
        id: ReleaseId,
        path: String,
    },
    DrawPoster {
        id: ReleaseId,
        picture: Picture,
        size: Size,
    },
    Play {
        title: String,
        url: String,
    },
    Quit,
}

/// Progress of the loading of something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::browser) enum Load {
    #[default]
    Idle,
    Running,
    /// The reason, in one line.
    Failed(String),
}
