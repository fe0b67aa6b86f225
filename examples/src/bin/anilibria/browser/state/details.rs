//! The open release: its text, its poster and its episodes.

use anilibria_client::model::ReleaseId;
use ratatui::layout::{Rect, Size};
use ratatui_image::protocol::Protocol;

use super::{Cursor, Effect, Load};
use crate::browser::{
    keys::Command,
    poster::Picture,
    release::{Contents, Entry},
};
use crate::output::text;

/// An open release.
#[derive(Debug)]
pub(in crate::browser) struct Details {
    pub(in crate::browser) entry: Entry,
    pub(in crate::browser) contents: Contents,
    pub(in crate::browser) load: Load,
    pub(in crate::browser) poster: Poster,
    /// The selected episode.
    pub(in crate::browser) episode: Cursor,
    /// Index of the first visible line of the text.
    pub(in crate::browser) top: usize,
}

/// Importance of a line of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) enum Tone {
    Title,
    Plain,
    Quiet,
}

impl Details {
    pub(super) fn new(entry: Entry) -> Self {
        let poster = entry.poster.clone().map_or(Source::Missing, Source::Path);
        Self {
            entry,
            contents: Contents::default(),
            load: Load::Running,
            poster: Poster { source: poster, drawn: None, pending: None },
            episode: Cursor::default(),
            top: 0,
        }
    }

    pub(super) fn add(&mut self, result: Result<Contents, String>) {
        match result {
            Ok(contents) => {
                self.contents = contents;
                self.load = Load::Idle;
            }
            Err(reason) => self.load = Load::Failed(reason),
        }
    }

    /// Loads the release again if that failed.
    pub(super) fn retry(&mut self) -> Option<Effect> {
        matches!(self.load, Load::Failed(_)).then(|| {
            self.load = Load::Running;
            Effect::LoadRelease(self.entry.id)
        })
    }

    /// Plays the selected episode. Fails if the episode has no stream.
    pub(super) fn play(&self) -> Option<Result<Effect, String>> {
        let episode = self.contents.episodes.get(self.episode.selected())?;
        let Some(url) = episode.stream.clone() else {
            return Some(Err(format!("episode {} has no stream", episode.ordinal)));
        };
        let mut title = format!("{} - {}", self.entry.name, episode.ordinal);
        if !episode.name.is_empty() {
            title = format!("{title}. {}", episode.name);
        }
        Some(Ok(Effect::Play { title, url }))
    }

    /// Moves the text, of which as many lines as `area` has rows are visible.
    pub(super) fn scroll(&mut self, command: Command, area: Rect) {
        let page = usize::from(area.height.max(1));
        self.top = match command {
            Command::Up => self.top.saturating_sub(1),
            Command::Down => self.top.saturating_add(1),
            Command::PageUp => self.top.saturating_sub(page),
            Command::PageDown => self.top.saturating_add(page),
            Command::First => 0,
            Command::Last => usize::MAX,
            _ => self.top,
        };
        self.fit(area);
    }

    /// Keeps the end of the text at the end of its area.
    pub(super) fn fit(&mut self, area: Rect) {
        let lines = self.text(area.width).len();
        self.top = self.top.min(lines.saturating_sub(area.height.max(1).into()));
    }

    /// Returns the text in lines of at most `columns`.
    pub(in crate::browser) fn text(&self, columns: u16) -> Vec<(Tone, String)> {
        let Entry { name, other_names, origin, facts, genres, status, notification, description, .. } =
            &self.entry;
        let mut paragraphs = vec![(Tone::Title, name.clone())];
        paragraphs.extend(other_names.iter().map(|name| (Tone::Quiet, name.clone())));
        paragraphs.push((Tone::Plain, String::new()));
        for fact in [origin, facts, genres, &(*status).to_owned(), notification] {
            if !fact.is_empty() {
                paragraphs.push((Tone::Plain, fact.clone()));
            }
        }
        paragraphs.push((Tone::Plain, self.episodes()));
        paragraphs.push((Tone::Plain, String::new()));
        paragraphs.extend(description.iter().map(|line| (Tone::Plain, line.clone())));
        if !self.contents.torrents.is_empty() {
            paragraphs.push((Tone::Plain, String::new()));
            paragraphs.push((Tone::Title, "Torrents".to_owned()));
            paragraphs.extend(self.contents.torrents.iter().map(|line| (Tone::Plain, line.clone())));
        }
        let wrap = |(tone, line): (Tone, String)| {
            text::wrap(&line, columns.into()).into_iter().map(move |line| (tone, line))
        };
        paragraphs.into_iter().flat_map(wrap).collect()
    }

    fn episodes(&self) -> String {
        match (&self.load, self.contents.episodes.len()) {
            (Load::Running, _) => "Loading the episodes…".to_owned(),
            (Load::Failed(_), _) => "The episodes could not be loaded.".to_owned(),
            (Load::Idle, 0) => "No episodes yet.".to_owned(),
            (Load::Idle, 1) => "1 episode: Enter opens the list.".to_owned(),
            (Load::Idle, count) => format!("{count} episodes: Enter opens the list."),
        }
    }
}

/// The poster of an open release.
pub(in crate::browser) struct Poster {
    source: Source,
    /// The drawn poster, and the size that it was drawn for.
    drawn: Option<(Size, Protocol)>,
    /// Size that the poster is being drawn for.
    pending: Option<Size>,
}

enum Source {
    /// There is no poster, or it is not available.
    Missing,
    /// The path of a picture that is not being loaded yet.
    Path(String),
    Loading,
    Ready(Picture),
}

impl Poster {
    /// Returns false if there is no poster, or if it could not be loaded or drawn.
    pub(super) fn is_expected(&self) -> bool {
        !matches!(self.source, Source::Missing)
    }

    /// Returns the drawn poster, if it was drawn for this size.
    pub(in crate::browser) fn drawn(&self, size: Size) -> Option<&Protocol> {
        self.drawn.as_ref().filter(|(drawn, _)| *drawn == size).map(|(_, poster)| poster)
    }

    pub(super) fn load(&mut self, picture: Option<Picture>) {
        self.source = picture.map_or(Source::Missing, Source::Ready);
    }

    pub(super) fn show(&mut self, size: Size, poster: Option<Protocol>) {
        match poster {
            Some(poster) => self.drawn = Some((size, poster)),
            None => self.source = Source::Missing,
        }
    }

    /// Returns the next step towards a poster for an area of `size`.
    pub(super) fn next(&mut self, id: ReleaseId, size: Size) -> Option<Effect> {
        match &self.source {
            Source::Missing | Source::Loading => None,
            Source::Path(path) => {
                let load = Effect::LoadPicture { id, path: path.clone() };
                self.source = Source::Loading;
                Some(load)
            }
            Source::Ready(_) if self.pending == Some(size) => None,
            Source::Ready(picture) => {
                self.pending = Some(size);
                Some(Effect::DrawPoster { id, picture: picture.clone(), size })
            }
        }
    }
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Poster").field("pending", &self.pending).finish_non_exhaustive()
    }
}
