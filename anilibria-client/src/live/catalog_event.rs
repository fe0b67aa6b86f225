//! One set of questions for what the service tells and for what the watcher finds.

use super::{Event, Kind};
use crate::{
    model::{Ordinal, ReleaseId},
    watch,
};

/// What a change is about, whichever way it was heard of: by a [`Live`](super::Live) connection, or by the
/// [watcher](crate::watch), which needs no service but AniLibria itself.
///
/// ```
/// use anilibria_client::live::{Kind, CatalogEvent};
///
/// /// What a bot says; the same for either source.
/// fn line(event: &impl CatalogEvent) -> Option<String> {
///     match (event.kind()?, event.ordinal()) {
///         (Kind::NewEpisode, Some(ordinal)) => Some(format!("{}: episode {ordinal}", event.title()?)),
///         _ => None,
///     }
/// }
///
/// assert_eq!(line(&anilibria_client::watch::Event::Resync), None);
/// ```
pub trait CatalogEvent {
    /// What kind of change it is; `None` for word that some were missed.
    fn kind(&self) -> Option<Kind>;

    /// The release that it is about.
    fn release_id(&self) -> Option<ReleaseId>;

    /// The name of that release.
    fn title(&self) -> Option<&str>;

    /// The number of the episode that it is about, if it is about one.
    fn ordinal(&self) -> Option<Ordinal>;

    /// Whether changes were missed, so that what is kept has to be read anew.
    fn is_gap(&self) -> bool {
        self.kind().is_none()
    }
}

impl CatalogEvent for Event {
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::NewRelease(_) => Some(Kind::NewRelease),
            Self::NewEpisode(_) => Some(Kind::NewEpisode),
            Self::EpisodeUpdate(_) => Some(Kind::EpisodeUpdate),
            Self::StatusChange(_) => Some(Kind::StatusChange),
            Self::Unknown(event) => Some(Kind::from(event.kind.as_str())),
            Self::Missed { .. } => None,
        }
    }

    fn release_id(&self) -> Option<ReleaseId> {
        match self {
            Self::NewRelease(event) => Some(event.release_id),
            Self::NewEpisode(event) | Self::EpisodeUpdate(event) => Some(event.release_id),
            Self::StatusChange(event) => Some(event.release_id),
            Self::Unknown(_) | Self::Missed { .. } => None,
        }
    }

    fn title(&self) -> Option<&str> {
        match self {
            Self::NewRelease(event) => event.title.as_deref(),
            Self::NewEpisode(event) | Self::EpisodeUpdate(event) => event.title.as_deref(),
            Self::StatusChange(_) | Self::Unknown(_) | Self::Missed { .. } => None,
        }
    }

    fn ordinal(&self) -> Option<Ordinal> {
        match self {
            Self::NewEpisode(event) | Self::EpisodeUpdate(event) => Some(event.ordinal),
            _ => None,
        }
    }
}

impl CatalogEvent for watch::Event {
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::NewRelease { .. } => Some(Kind::NewRelease),
            Self::NewEpisode { .. } => Some(Kind::NewEpisode),
            Self::EpisodeUpdate { .. } => Some(Kind::EpisodeUpdate),
            Self::StatusChange { .. } => Some(Kind::StatusChange),
            Self::Resync => None,
        }
    }

    fn release_id(&self) -> Option<ReleaseId> {
        self.release_id()
    }

    fn title(&self) -> Option<&str> {
        self.release().map(|release| release.name.main.as_str())
    }

    fn ordinal(&self) -> Option<Ordinal> {
        self.episode().map(|episode| episode.ordinal)
    }
}
