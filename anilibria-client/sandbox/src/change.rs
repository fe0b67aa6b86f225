//! Changes of the catalog: the typed form of the control API.

use uuid::Uuid;

use super::Sandbox;
use super::catalog::{ChangeError, torrent};

/// An episode that [`Sandbox::publish_episode`] published.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PublishedEpisode {
    /// Id of the episode.
    pub id: Uuid,
    /// Number of the episode.
    pub ordinal: f64,
}

/// A torrent that [`Sandbox::publish_torrent`] published.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedTorrent {
    /// Id of the torrent.
    pub id: u32,
    /// Info hash in lower-case hexadecimal digits.
    pub hash: String,
}

/// Status of a release, given as two flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// True if the original is on air.
    pub is_ongoing: bool,
    /// True if the team still works on the release.
    pub is_in_production: bool,
}

impl Status {
    /// The original is on air, and the team works on the release.
    pub const ONGOING: Self = Self { is_ongoing: true, is_in_production: true };

    /// The original has ended, and the team works on the release.
    pub const IN_PRODUCTION: Self = Self { is_ongoing: false, is_in_production: true };

    /// The original has ended, and the team has finished the release.
    pub const COMPLETED: Self = Self { is_ongoing: false, is_in_production: false };
}

impl Sandbox {
    /// Publishes the next episode of a release, which becomes the latest release.
    ///
    /// The number is the integer after the last number.
    ///
    /// # Errors
    ///
    /// [`ChangeError::UnknownRelease`], or [`ChangeError::Full`] if the release has 5,000 episodes.
    ///
    /// ```
    /// use anilibria_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::new();
    ///
    /// let (first, second) = (sandbox.publish_episode(7)?, sandbox.publish_episode(7)?);
    ///
    /// assert_eq!(second.ordinal, first.ordinal + 1.0);
    /// # Ok::<(), anilibria_sandbox::ChangeError>(())
    /// ```
    pub fn publish_episode(&self, release: u32) -> Result<PublishedEpisode, ChangeError> {
        let mut catalog = self.state.catalog_mut();
        let place = catalog.publish_episode(release)?;
        let episode = catalog.release(release).and_then(|release| release.episodes.get(place));
        let episode = episode.ok_or(ChangeError::UnknownRelease)?;
        Ok(PublishedEpisode { id: episode.id, ordinal: f64::from(episode.ordinal_tenths) / 10.0 })
    }

    /// Replaces the first torrent of a release with one of all published episodes, or adds one if there is none.
    ///
    /// The torrent keeps its id and gets another hash.
    ///
    /// # Errors
    ///
    /// [`ChangeError::UnknownRelease`], or [`ChangeError::NoEpisodes`] if no episode of the release is published.
    ///
    /// ```
    /// use anilibria_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::new();
    /// let before = sandbox.publish_torrent(7)?;
    ///
    /// sandbox.publish_episode(7)?;
    /// let after = sandbox.publish_torrent(7)?;
    ///
    /// assert_eq!(before.id, after.id);
    /// assert_ne!(before.hash, after.hash);
    /// # Ok::<(), anilibria_sandbox::ChangeError>(())
    /// ```
    pub fn publish_torrent(&self, release: u32) -> Result<PublishedTorrent, ChangeError> {
        let torrent = self.state.catalog_mut().publish_torrent(release)?;
        Ok(PublishedTorrent { id: torrent::id(release, 0), hash: torrent.hex() })
    }

    /// Adds a release with one episode, which becomes the latest release, and returns its id.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Full`] if the catalog has 200,000 releases.
    ///
    /// ```
    /// use anilibria_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::builder().releases(20).build();
    ///
    /// assert_eq!(sandbox.add_release()?, 21);
    /// # Ok::<(), anilibria_sandbox::ChangeError>(())
    /// ```
    pub fn add_release(&self) -> Result<u32, ChangeError> {
        self.state.catalog_mut().add_release()
    }

    /// Changes the main name of a release, which becomes the latest release unless it has no episode.
    ///
    /// # Errors
    ///
    /// [`ChangeError::UnknownRelease`], or [`ChangeError::EmptyName`].
    ///
    /// ```
    /// use anilibria_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::new();
    ///
    /// sandbox.rename(7, "Совсем другое")?;
    /// # Ok::<(), anilibria_sandbox::ChangeError>(())
    /// ```
    pub fn rename(&self, release: u32, name: &str) -> Result<(), ChangeError> {
        self.state.catalog_mut().rename(release, name)
    }

    /// Changes the status of a release, which becomes the latest release unless it has no episode.
    ///
    /// # Errors
    ///
    /// [`ChangeError::UnknownRelease`].
    ///
    /// ```
    /// use anilibria_sandbox::{Sandbox, Status};
    ///
    /// let sandbox = Sandbox::new();
    ///
    /// sandbox.set_status(7, Status::COMPLETED)?;
    /// # Ok::<(), anilibria_sandbox::ChangeError>(())
    /// ```
    pub fn set_status(&self, release: u32, status: Status) -> Result<(), ChangeError> {
        let Status { is_ongoing, is_in_production } = status;
        self.state.catalog_mut().set_status(release, Some(is_ongoing), Some(is_in_production))
    }
}
