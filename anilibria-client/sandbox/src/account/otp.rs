//! One-time passwords. A device requests a code, the account accepts it, and the device signs in with it once.

use std::fmt;

use time::{Duration, OffsetDateTime};

use crate::random;

use super::queue::Queue;

/// Lifetime of a code.
const TTL: Duration = Duration::minutes(5);
/// Number of codes with six digits.
const CODE_COUNT: u32 = 1_000_000;

/// A code and the device that requested it.
#[derive(Clone)]
pub(crate) struct Otp {
    pub(crate) code: u32,
    pub(crate) device_id: String,
    pub(crate) expires_at: OffsetDateTime,
    /// True if the account has accepted the code.
    pub(crate) is_accepted: bool,
}

impl Otp {
    /// Formats the code with six digits and leading zeros.
    pub(crate) fn digits(&self) -> String {
        format!("{:06}", self.code)
    }
}

impl fmt::Debug for Otp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Otp").field("is_accepted", &self.is_accepted).finish_non_exhaustive()
    }
}

/// Reasons for a rejected code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtpError {
    /// The code does not exist or has expired.
    Unknown,
    /// The account has not accepted the code yet.
    Pending,
}

/// Codes that have not expired.
#[derive(Debug)]
pub(crate) struct Otps {
    seed: u64,
    drawn: u64,
    alive: Queue<Otp>,
}

impl Otps {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0, alive: Queue::default() }
    }

    /// Returns the valid code of a device, or creates one.
    pub(crate) fn get(&mut self, device_id: &str, now: OffsetDateTime) -> Otp {
        self.expire(now);
        if let Some(otp) = self.alive.find(|otp| otp.device_id == device_id) {
            return otp.clone();
        }
        let otp = Otp {
            code: self.draw(),
            device_id: device_id.to_owned(),
            expires_at: now.saturating_add(TTL),
            is_accepted: false,
        };
        self.alive.push(otp.clone());
        otp
    }

    /// Returns an unused code. There are a thousand times more codes than valid ones.
    fn draw(&mut self) -> u32 {
        loop {
            let code = random::stream(self.seed, "otp", self.drawn).u32(..CODE_COUNT);
            self.drawn += 1;
            if self.alive.find(|otp| otp.code == code).is_none() {
                return code;
            }
        }
    }

    /// Links a code to the account. Returns false if there is no such code.
    pub(crate) fn accept(&mut self, code: u32, now: OffsetDateTime) -> bool {
        self.expire(now);
        match self.alive.find_mut(|otp| otp.code == code) {
            Some(otp) => {
                otp.is_accepted = true;
                true
            }
            None => false,
        }
    }

    /// Uses up an accepted code.
    pub(super) fn redeem(&mut self, code: u32, device_id: &str, now: OffsetDateTime) -> Result<(), OtpError> {
        self.expire(now);
        let is_it = |otp: &Otp| otp.code == code && otp.device_id == device_id;
        match self.alive.find(is_it) {
            None => Err(OtpError::Unknown),
            Some(otp) if !otp.is_accepted => Err(OtpError::Pending),
            Some(_) => {
                self.alive.take(is_it);
                Ok(())
            }
        }
    }

    fn expire(&mut self, now: OffsetDateTime) {
        self.alive.retain(|otp| otp.expires_at > now);
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-01 12:00 UTC);

    #[test]
    fn code_of_a_device_is_valid_for_five_minutes() {
        let mut otps = Otps::new(1);
        let first = otps.get("tv", NOW);
        let last_moment = NOW + Duration::seconds(299);

        assert_eq!(otps.get("tv", last_moment).code, first.code);
        assert_ne!(otps.get("phone", last_moment).code, first.code);
        assert_ne!(otps.get("tv", NOW + Duration::minutes(5)).code, first.code);
    }

    #[test]
    fn accepted_code_signs_in_once() {
        let mut otps = Otps::new(1);
        let code = otps.get("tv", NOW).code;

        assert_eq!(otps.redeem(code, "tv", NOW), Err(OtpError::Pending));
        assert!(otps.accept(code, NOW));
        assert_eq!(otps.redeem(code, "phone", NOW), Err(OtpError::Unknown));
        assert_eq!(otps.redeem(code, "tv", NOW), Ok(()));
        assert_eq!(otps.redeem(code, "tv", NOW), Err(OtpError::Unknown));
    }

    #[test]
    fn expired_code_is_unknown() {
        let mut otps = Otps::new(1);
        let code = otps.get("tv", NOW).code;
        let later = NOW + Duration::minutes(5);

        assert!(!otps.accept(code, later));
        assert_eq!(otps.redeem(code, "tv", later), Err(OtpError::Unknown));
    }

    #[test]
    fn codes_have_six_digits() {
        let otp = Otp { code: 58_701, device_id: String::new(), expires_at: NOW, is_accepted: false };

        assert_eq!(otp.digits(), "058701");
    }
}
