//! The subscriptions of one client.

use super::{
    event_pattern::EventPattern,
    message_error::{MAX_BYTES, MessageError},
    subscription::Subscription,
};
use crate::{events::Event, projection::Projection};

/// The subscriptions of one client. Without any, the client receives all events.
#[derive(Clone, Debug)]
pub(super) struct Subscriptions {
    list: Vec<(EventPattern, Projection)>,
    bytes: usize,
    max: usize,
    all_fields: Projection,
}

impl Subscriptions {
    /// Creates an empty list of at most `max` subscriptions.
    pub(super) fn new(max: usize) -> Self {
        Self { list: Vec::new(), bytes: 0, max, all_fields: Projection::default() }
    }

    /// Adds a subscription and returns its id.
    pub(super) fn add(
        &mut self,
        Subscription { pattern, projection, length }: Subscription,
    ) -> Result<usize, MessageError> {
        if self.list.len() >= self.max {
            return Err(MessageError::TooMany(self.max));
        }
        if self.bytes + length > MAX_BYTES {
            return Err(MessageError::TooLong);
        }
        self.bytes += length;
        self.list.push((pattern, projection));
        Ok(self.list.len() - 1)
    }

    /// Returns the fields of `event` to send; `None` if no subscription matches. If several match, the first one decides.
    pub(super) fn projection_of(&self, event: &Event) -> Option<&Projection> {
        if self.list.is_empty() {
            return Some(&self.all_fields);
        }
        let first = self.list.iter().find(|(pattern, _)| pattern.matches(event));
        first.map(|(_, projection)| projection)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::events::EventKind;

    fn subscription(text: &str) -> Subscription {
        Subscription::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn client_without_subscriptions_receives_all_events_and_else_the_first_match_decides() {
        let (title, other) = (
            Event::new(EventKind::TitleUpdate, json!({"title": {"id": 7}})),
            Event::new(EventKind::TorrentUpdate, json!({"id": "7"})),
        );
        let mut subscriptions = Subscriptions::new(3);
        assert!(subscriptions.projection_of(&title).unwrap().keeps_all());

        let by_kind = subscription(r#"{"subscribe":{"title_update":{"title":{"id":7}}},"filter":"id"}"#);
        assert_eq!(subscriptions.add(by_kind), Ok(0));
        assert_eq!(subscriptions.add(subscription(r#"{"subscribe":{"type":"title_update"}}"#)), Ok(1));

        assert!(!subscriptions.projection_of(&title).unwrap().keeps_all());
        assert!(subscriptions.projection_of(&other).is_none());
    }

    #[test]
    fn number_and_size_of_subscriptions_are_limited() {
        let mut many = Subscriptions::new(3);
        for id in 0..3 {
            assert_eq!(many.add(subscription(r#"{"subscribe":{}}"#)), Ok(id));
        }
        assert_eq!(many.add(subscription(r#"{"subscribe":{}}"#)), Err(MessageError::TooMany(3)));

        let long = subscription(&format!(r#"{{"subscribe":{{"type":"{}"}}}}"#, "x".repeat(MAX_BYTES / 2)));
        let mut large = Subscriptions::new(3);
        assert_eq!(large.add(long.clone()), Ok(0));
        assert_eq!(large.add(long), Err(MessageError::TooLong));
    }
}
