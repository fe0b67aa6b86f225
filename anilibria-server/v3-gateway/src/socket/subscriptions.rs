//! The subscriptions of one client.

use super::{
    command::Command,
    invalid::{Invalid, MAX_BYTES},
    pattern::Pattern,
};
use crate::{news::Event, projection::Projection};

/// The subscriptions of one client. Without any, the client receives all events.
#[derive(Clone, Debug)]
pub(super) struct Subscriptions {
    list: Vec<(Pattern, Projection)>,
    bytes: usize,
    most: usize,
    everything: Projection,
}

impl Subscriptions {
    /// Creates an empty list of at most `most` subscriptions.
    pub(super) fn new(most: usize) -> Self {
        Self { list: Vec::new(), bytes: 0, most, everything: Projection::default() }
    }

    /// Adds a subscription and returns its id.
    pub(super) fn add(&mut self, Command { pattern, projection, length }: Command) -> Result<usize, Invalid> {
        if self.list.len() >= self.most {
            return Err(Invalid::TooMany(self.most));
        }
        if self.bytes + length > MAX_BYTES {
            return Err(Invalid::TooLong);
        }
        self.bytes += length;
        self.list.push((pattern, projection));
        Ok(self.list.len() - 1)
    }

    /// Returns the fields of `event` to send; `None` if no subscription matches. If several match, the first one decides.
    pub(super) fn shape(&self, event: &Event) -> Option<&Projection> {
        if self.list.is_empty() {
            return Some(&self.everything);
        }
        let first = self.list.iter().find(|(pattern, _)| pattern.matches(event));
        first.map(|(_, projection)| projection)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::news::Kind;

    fn command(text: &str) -> Command {
        Command::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn everything_is_told_until_something_is_subscribed_to_and_the_first_that_fits_decides() {
        let (title, other) = (
            Event::new(Kind::TitleUpdate, json!({"title": {"id": 7}})),
            Event::new(Kind::TorrentUpdate, json!({"id": "7"})),
        );
        let mut subscriptions = Subscriptions::new(3);
        assert!(subscriptions.shape(&title).unwrap().keeps_all());

        let named = command(r#"{"subscribe":{"title_update":{"title":{"id":7}}},"filter":"id"}"#);
        assert_eq!(subscriptions.add(named), Ok(0));
        assert_eq!(subscriptions.add(command(r#"{"subscribe":{"type":"title_update"}}"#)), Ok(1));

        assert!(!subscriptions.shape(&title).unwrap().keeps_all());
        assert!(subscriptions.shape(&other).is_none());
    }

    #[test]
    fn subscriptions_are_bounded_in_number_and_in_size() {
        let mut many = Subscriptions::new(3);
        for id in 0..3 {
            assert_eq!(many.add(command(r#"{"subscribe":{}}"#)), Ok(id));
        }
        assert_eq!(many.add(command(r#"{"subscribe":{}}"#)), Err(Invalid::TooMany(3)));

        let long = command(&format!(r#"{{"subscribe":{{"type":"{}"}}}}"#, "x".repeat(MAX_BYTES / 2)));
        let mut large = Subscriptions::new(3);
        assert_eq!(large.add(long.clone()), Ok(0));
        assert_eq!(large.add(long), Err(Invalid::TooLong));
    }
}
