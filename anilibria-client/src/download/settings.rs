//! The settings of a download.

use std::time::Duration;

use super::{DownloadError, speed_limit::SpeedLimit};
use crate::RetryPolicy;

/// Settings of a download.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) parallel: usize,
    pub(super) speed_limit: SpeedLimit,
    pub(super) retry: RetryPolicy,
    pub(super) segment_timeout: Duration,
    pub(super) max_segment_size: usize,
    pub(super) deadline: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            parallel: 2,
            speed_limit: SpeedLimit::default(),
            retry: RetryPolicy::exponential().max_retries(3).first_delay(Duration::from_millis(500)),
            segment_timeout: Duration::from_mins(2),
            max_segment_size: 64 << 20,
            deadline: None,
        }
    }
}

impl Settings {
    /// Maximum number of segments that are fetched at the same time.
    const MAX_PARALLEL: usize = 16;

    /// Fails if a setting is invalid.
    pub(super) fn check(&self) -> Result<(), DownloadError> {
        let refusals = [
            (!(1..=Self::MAX_PARALLEL).contains(&self.parallel), "parallel", "must be from 1 to 16"),
            (self.speed_limit.is_zero(), "speed_limit", "must be more than zero"),
            (self.segment_timeout.is_zero(), "segment_timeout", "must be longer than zero"),
            (self.max_segment_size == 0, "max_segment_size", "must be more than zero"),
        ];
        match refusals.into_iter().find(|(is_wrong, ..)| *is_wrong) {
            Some((_, setting, reason)) => Err(DownloadError::Setting { setting, reason }),
            None => Ok(()),
        }
    }
}
