//! What is wanted of the service.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::{Error, Result};

/// The most subscriptions of one stream.
const MAX_SUBSCRIPTIONS: usize = 50;

/// The longest subscription, in bytes of JSON.
const MAX_SIZE: usize = 16 << 10;

/// Which events are wanted, and how much of them. Without any subscription all events are told; with some, those that
/// match at least one of them.
///
/// The pattern is a part of a notification: an event matches when it has all that is in it. `"*"` stands for any value.
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
    /// A subscription to events that have all that is in `pattern`.
    pub fn new(pattern: impl Into<Value>) -> Self {
        Self { pattern: pattern.into(), filter: String::new(), remove: String::new() }
    }

    /// Only these fields of the title, or of what else the event is about; written as those of a call.
    pub fn filter(mut self, fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        join(&mut self.filter, fields);
        self
    }

    /// All fields but these.
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

/// Which subscription of a stream it is. It stays the same over reconnects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub(super) usize);

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is wanted, as text that can be sent.
#[derive(Clone, Debug, Default)]
pub(super) struct SubscriptionSet(Vec<String>);

impl SubscriptionSet {
    pub(super) fn add(&mut self, subscription: &Subscription) -> Result<SubscriptionId> {
        let refused = |reason| Error::InvalidRequest { field: "subscription".to_owned(), reason };
        if self.0.len() >= MAX_SUBSCRIPTIONS {
            return Err(refused("a stream has 50 subscriptions at most"));
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

    /// The message of one subscription.
    pub(super) fn get(&self, place: usize) -> Option<&String> {
        self.0.get(place)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Adds subscriptions to an [`Events`](super::Events) stream while it runs. Cheap to clone.
///
/// The API has no way to end one. All are made anew on every connection.
#[derive(Clone, Debug)]
pub struct Subscriptions(pub(super) watch::Sender<SubscriptionSet>);

impl Subscriptions {
    /// Subscribes. [`Event::Subscription`](super::Event::Subscription) with this id tells when the service has taken it.
    ///
    /// Fails with [`Error::InvalidRequest`] for the 51st, for one over 16 KiB, and for a pattern that is no object.
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
