//! Subscriptions, which can change while the stream runs.

use std::collections::BTreeSet;

use tokio::sync::watch;

use super::{event::Kind, message::Outgoing};
use crate::{Error, Result, Secret, model::ReleaseId};

/// Maximum number of releases that one connection can follow.
pub(super) const MAX_RELEASES: usize = 200;

/// Maximum number of kinds. The service has fewer.
const MAX_KINDS: usize = 16;

/// A set of subscriptions: the desired one, or the one that was sent to the service.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SubscriptionSet {
    pub(super) token: Option<Secret>,
    pub(super) kinds: Vec<Kind>,
    pub(super) releases: BTreeSet<ReleaseId>,
}

impl SubscriptionSet {
    pub(super) fn set_kinds(&mut self, kinds: impl IntoIterator<Item = Kind>) {
        self.kinds.clear();
        for kind in kinds.into_iter().filter(|kind| *kind != Kind::EpisodeUpdate).take(MAX_KINDS) {
            if !self.kinds.contains(&kind) {
                self.kinds.push(kind);
            }
        }
    }

    pub(super) fn follow(&mut self, release: ReleaseId) -> Result<()> {
        if self.releases.len() >= MAX_RELEASES && !self.releases.contains(&release) {
            let field = "release".to_owned();
            return Err(Error::InvalidRequest { field, reason: "at most 200 releases can be followed" });
        }
        self.releases.insert(release);
        Ok(())
    }

    /// Returns the next message that brings the service from `sent` to this set, and updates `sent`. `None` if both are equal.
    ///
    /// The caller must send the message.
    pub(super) fn next_message(&self, sent: &mut Self) -> Option<Outgoing> {
        if let Some(token) = self.token.as_ref().filter(|_| self.token != sent.token) {
            sent.token = Some(token.clone());
            return Some(Outgoing::Auth { token: token.clone() });
        }
        if self.kinds != sent.kinds {
            sent.kinds.clone_from(&self.kinds);
            return Some(Outgoing::SubscribeUpdates { types: self.kinds.clone() });
        }
        // Unsubscribing first keeps the number of releases below the limit.
        if let Some(&title_id) = sent.releases.difference(&self.releases).next() {
            sent.releases.remove(&title_id);
            return Some(Outgoing::UnsubscribeTitle { title_id });
        }
        let title_id = *self.releases.difference(&sent.releases).next()?;
        sent.releases.insert(title_id);
        Some(Outgoing::SubscribeTitle { title_id })
    }
}

/// Changes the subscriptions of a [`Live`](super::Live) stream while it runs. Cheap to clone.
///
/// Changes without a connection apply to the next connection.
#[derive(Clone, Debug)]
pub struct Subscriptions(pub(super) watch::Sender<SubscriptionSet>);

impl Subscriptions {
    /// Subscribes to all events of a release. At most 200 releases can be followed.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if 200 other releases are followed already.
    pub fn follow(&self, release: impl Into<ReleaseId>) -> Result<()> {
        let mut outcome = Ok(());
        self.0.send_if_modified(|desired| {
            outcome = desired.follow(release.into());
            outcome.is_ok()
        });
        outcome
    }

    /// Ends the subscription to a release.
    pub fn unfollow(&self, release: impl Into<ReleaseId>) {
        let release = release.into();
        self.0.send_if_modified(|desired| desired.releases.remove(&release));
    }

    /// Returns the releases that are followed.
    pub fn releases(&self) -> Vec<ReleaseId> {
        self.0.borrow().releases.iter().copied().collect()
    }

    /// Replaces the kinds of events of all releases. An empty list ends these subscriptions.
    pub fn kinds(&self, kinds: impl IntoIterator<Item = Kind>) {
        self.0.send_modify(|desired| desired.set_kinds(kinds));
    }

    /// Replaces the token of the user, for example after it was renewed.
    pub fn token(&self, token: impl Into<Secret>) {
        self.0.send_modify(|desired| desired.token = Some(token.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired(kinds: &[Kind], releases: &[u32]) -> SubscriptionSet {
        SubscriptionSet {
            token: None,
            kinds: kinds.to_vec(),
            releases: releases.iter().copied().map(ReleaseId).collect(),
        }
    }

    /// Returns the messages that bring the service from `sent` to `desired`.
    fn messages(desired: &SubscriptionSet, mut sent: SubscriptionSet) -> Vec<String> {
        let messages = std::iter::from_fn(|| desired.next_message(&mut sent));
        messages.map(|message| serde_json::to_string(&message).unwrap()).collect()
    }

    #[test]
    fn new_connection_sends_token_then_kinds_then_releases() {
        let mut all = desired(&[Kind::NewEpisode], &[7, 9]);
        all.token = Some("secret".into());

        assert_eq!(
            messages(&all, SubscriptionSet::default()),
            [
                r#"{"type":"auth","data":{"token":"secret"}}"#,
                r#"{"type":"subscribe_updates","data":{"types":["new_episode"]}}"#,
                r#"{"type":"subscribe_title","data":{"title_id":7}}"#,
                r#"{"type":"subscribe_title","data":{"title_id":9}}"#,
            ]
        );
    }

    #[test]
    fn only_the_difference_is_sent() {
        assert_eq!(
            messages(&desired(&[], &[9]), desired(&[Kind::NewEpisode], &[7])),
            [
                r#"{"type":"subscribe_updates","data":{"types":[]}}"#,
                r#"{"type":"unsubscribe_title","data":{"title_id":7}}"#,
                r#"{"type":"subscribe_title","data":{"title_id":9}}"#,
            ]
        );
        assert!(messages(&desired(&[], &[7]), desired(&[], &[7])).is_empty());
    }

    #[test]
    fn followed_releases_are_limited_and_following_twice_is_allowed() {
        let subscriptions = Subscriptions(watch::Sender::new(SubscriptionSet::default()));
        for release in 1..=200 {
            subscriptions.follow(release).unwrap();
        }

        assert!(matches!(subscriptions.follow(201), Err(Error::InvalidRequest { .. })));
        assert!(subscriptions.follow(7).is_ok());
        subscriptions.unfollow(7);
        assert!(subscriptions.follow(201).is_ok());
    }

    #[test]
    fn duplicate_kinds_and_episode_updates_are_left_out() {
        let mut desired = SubscriptionSet::default();

        desired.set_kinds([Kind::NewEpisode, Kind::EpisodeUpdate, Kind::NewEpisode, "other".into()]);

        assert_eq!(desired.kinds, [Kind::NewEpisode, "other".into()]);
    }
}
