//! Subscriptions of an event stream.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::{Error, Result};

/// Maximum number of subscriptions of a stream.
const MAX_SUBSCRIPTIONS: usize = 50;

/// Maximum size of a subscription, in bytes of JSON.
const MAX_SIZE: usize = 16 << 10;

/// A subscription: selects events and their fields. Without any subscription the service sends all events, otherwise those that
/// match at least one subscription.
///
/// The pattern is a part of a notification. An event matches if it has all fields of the pattern with the same values; `"*"`
/// matches any value.
///
/// ```
/// use anilibria_client::v3::Subscription;
/// use serde_json::json;
///
/// let winter = json!({"type": "title_update", "data": {"title": {"season": {"code": 1}}}});
/// let subscription = Subscription::new(winter).filter(["id", "names", "season"]).remove(["names.alternative"]);
/// # let _ = subscription;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subscription {
    #[serde(rename = "subscribe")]
    pattern: Value,
    #[serde(skip_serializing_if = "String::is_empty")]
    filter: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    remove: String,
}

impl Subscription {
    /// Creates a subscription to the events that match `pattern`, an object.
    pub fn new(pattern: impl Into<Value>) -> Self {
        Self { pattern: pattern.into(), filter: String::new(), remove: String::new() }
    }

    /// Selects fields of the title, or of the other subject of the event. The syntax is that of
    /// [`Call::filter`](crate::call::Call::filter).
    pub fn filter(mut self, fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        join(&mut self.filter, fields);
        self
    }

    /// Removes fields. The syntax is that of [`filter`](Self::filter).
    pub fn remove(mut self, fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        join(&mut self.remove, fields);
        self
    }
}

fn join(list: &mut String, fields: impl IntoIterator<Item = impl AsRef<str>>) {
    for field in fields {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(field.as_ref());
    }
}

/// Id of a subscription of a stream. It stays the same after a reconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub(super) usize);

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The subscriptions of a stream, as messages.
#[derive(Clone, Debug, Default)]
pub(super) struct SubscriptionSet(Vec<String>);

impl SubscriptionSet {
    pub(super) fn add(&mut self, subscription: &Subscription) -> Result<SubscriptionId> {
        let refused = |reason| Error::InvalidRequest { field: "subscription".to_owned(), reason };
        if self.0.len() >= MAX_SUBSCRIPTIONS {
            return Err(refused("a stream can have at most 50 subscriptions"));
        }
        if !subscription.pattern.is_object() {
            return Err(refused("the pattern must be an object"));
        }
        let text = serde_json::to_string(subscription).map_err(|_| refused("cannot be written as JSON"))?;
        if text.len() > MAX_SIZE {
            return Err(refused("must not be longer than 16 KiB"));
        }
        self.0.push(text);
        Ok(SubscriptionId(self.0.len() - 1))
    }

    /// Returns the message of the subscription at `place`.
    pub(super) fn get(&self, place: usize) -> Option<&String> {
        self.0.get(place)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Adds subscriptions to an [`Events`](super::Events) stream while it runs. Cheap to clone.
///
/// The API cannot end a subscription. All subscriptions are sent again on every connection.
#[derive(Clone, Debug)]
pub struct Subscriptions(pub(super) watch::Sender<SubscriptionSet>);

impl Subscriptions {
    /// Adds a subscription and returns its id. [`Event::Subscription`](super::Event::Subscription) with this id confirms it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if the stream has 50 subscriptions, if the subscription is larger than 16 KiB, or if its
    /// pattern is not an object.
    pub fn subscribe(&self, subscription: &Subscription) -> Result<SubscriptionId> {
        let mut outcome = Ok(SubscriptionId(0));
        self.0.send_if_modified(|desired| {
            outcome = desired.add(subscription);
            outcome.is_ok()
        });
        outcome
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn subscription_is_written_as_the_service_reads_it() {
        let plain = Subscription::new(json!({"type": "*"}));
        let shaped = plain.clone().filter(["id", "names"]).filter(["code"]).remove(["names.en"]);

        assert_eq!(json!(plain), json!({"subscribe": {"type": "*"}}));
        assert_eq!(
            json!(shaped),
            json!({"subscribe": {"type": "*"}, "filter": "id,names,code", "remove": "names.en"})
        );
    }

    #[test]
    fn subscriptions_are_bounded_in_number_and_size() {
        let mut desired = SubscriptionSet::default();
        let good = Subscription::new(json!({"type": "title_update"}));

        assert!(desired.add(&Subscription::new(json!({"data": "x".repeat(MAX_SIZE)}))).is_err());
        assert!(desired.add(&Subscription::new("title_update")).is_err());
        let ids: Vec<_> = (0..60).filter_map(|_| desired.add(&good).ok()).collect();

        assert_eq!((ids.len(), ids[49].to_string().as_str(), desired.len()), (50, "49", 50));
    }
}
