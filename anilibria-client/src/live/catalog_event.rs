//! Common accessors for events of a live stream and of a watcher.

use super::{Event, Kind};
use crate::{
    model::{Ordinal, ReleaseId},
    watch,
};

/// An event about a release, from a [`Live`](super::Live) stream or from the [watcher](crate::watch), which needs no live
/// service.
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
    /// Returns the kind of the event; `None` if it reports missed events.
    fn kind(&self) -> Option<Kind>;

    /// Returns the id of the release; `None` if the event has none.
    fn release_id(&self) -> Option<ReleaseId>;

    /// Returns the name of the release; `None` if the event does not contain it.
    fn title(&self) -> Option<&str>;

    /// Returns the number of the episode; `None` if the event is not about an episode.
    fn ordinal(&self) -> Option<Ordinal>;

    /// Returns true if events were missed, so that stored data must be reloaded.
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
