//! Elections within one process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::Election;
use crate::{Lease, Result};

/// An [`Election`] among those of one process who share it: for tests, and for a process that is alone. Clones are the
/// same.
#[derive(Clone, Debug, Default)]
pub struct LocalElection {
    offices: Arc<Mutex<HashMap<String, Seat>>>,
}

#[derive(Debug)]
struct Seat {
    token: u64,
    /// Who has it and until when; `None` when it was given back.
    held: Option<(Lease, Instant)>,
}

impl LocalElection {
    /// An election in which nobody stands yet.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Election for LocalElection {
    fn name(&self) -> &'static str {
        "local"
    }

    async fn hold(&self, office: &str, candidate: &Lease, term: Duration) -> Result<Option<u64>> {
        let now = Instant::now();
        let mut offices = self.offices.lock().unwrap_or_else(PoisonError::into_inner);
        let seat = offices.entry(office.to_owned()).or_insert(Seat { token: 0, held: None });
        match &seat.held {
            Some((holder, until)) if *until > now => {
                if holder != candidate {
                    return Ok(None);
                }
            }
            _ => seat.token += 1,
        }
        seat.held = Some((candidate.clone(), now + term));
        Ok(Some(seat.token))
    }

    async fn resign(&self, office: &str, candidate: &Lease) -> Result<()> {
        let mut offices = self.offices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seat) = offices.get_mut(office)
            && seat.held.as_ref().is_some_and(|(holder, _)| holder == candidate)
        {
            seat.held = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn each_holder_has_a_greater_token_than_the_one_before() {
        let election = LocalElection::new();
        let (one, other) = (Lease::new(), Lease::new());
        let hold = async |candidate| election.hold("office", candidate, TERM).await.unwrap();

        let (won, refused) = (hold(&one).await, hold(&other).await);
        tokio::time::advance(TERM / 2).await;
        let prolonged = hold(&one).await;
        tokio::time::advance(TERM).await;
        let after_it_ran_out = hold(&other).await;
        election.resign("office", &one).await.unwrap();
        let still_held = hold(&one).await;
        election.resign("office", &other).await.unwrap();
        let given_back = hold(&one).await;

        assert_eq!((won, refused, prolonged), (Some(1), None, Some(1)));
        assert_eq!((after_it_ran_out, still_held, given_back), (Some(2), None, Some(3)));
    }

    #[tokio::test]
    async fn offices_have_nothing_to_do_with_each_other() {
        let election = LocalElection::new();

        let one = election.hold("one", &Lease::new(), TERM).await.unwrap();
        let other = election.hold("other", &Lease::new(), TERM).await.unwrap();

        assert!(one.is_some() && other.is_some());
    }
}
