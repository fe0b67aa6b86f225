//! One-time passwords: asked for by a device, accepted by an account, then good for one login.

use std::fmt;

use time::{Duration, OffsetDateTime};

use crate::chance;

use super::queue::Queue;

/// How long a code lives.
const LIFE: Duration = Duration::minutes(5);
/// How many codes there are: those of six digits.
const CODES: u32 = 1_000_000;

/// A code and the device that asked for it.
#[derive(Clone)]
pub(crate) struct Otp {
    pub(crate) code: u32,
    pub(crate) device_id: String,
    pub(crate) expires_at: OffsetDateTime,
    /// Whether an account has accepted it.
    pub(crate) is_accepted: bool,
}

impl Otp {
    /// The code as it is shown: six digits, the first of which may be 0.
    pub(crate) fn digits(&self) -> String {
        format!("{:06}", self.code)
    }
}

impl fmt::Debug for Otp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Otp").field("is_accepted", &self.is_accepted).finish_non_exhaustive()
    }
}

/// Why a code does not sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No such code, or its time is over.
    Unknown,
    /// No account has accepted it yet.
    Pending,
}

/// The codes that are alive.
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

    /// The code of a device: a new one unless it has one that is alive.
    pub(crate) fn get(&mut self, device_id: &str, now: OffsetDateTime) -> Otp {
        self.expire(now);
        if let Some(otp) = self.alive.find(|otp| otp.device_id == device_id) {
            return otp.clone();
        }
        let otp = Otp {
            code: self.draw(),
            device_id: device_id.to_owned(),
            expires_at: now.saturating_add(LIFE),
            is_accepted: false,
        };
        self.alive.push(otp.clone());
        otp
    }

    /// A code that nobody has. There are a thousand times more codes than can be alive.
    fn draw(&mut self) -> u32 {
        loop {
            let code = chance::stream(self.seed, "otp", self.drawn).u32(..CODES);
            self.drawn += 1;
            if self.alive.find(|otp| otp.code == code).is_none() {
                return code;
            }
        }
    }

    /// Links a code to the account; false if there is no such code.
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

    /// Uses an accepted code up.
    pub(super) fn redeem(&mut self, code: u32, device_id: &str, now: OffsetDateTime) -> Result<(), Refused> {
        self.expire(now);
        let is_it = |otp: &Otp| otp.code == code && otp.device_id == device_id;
        match self.alive.find(is_it) {
            None => Err(Refused::Unknown),
            Some(otp) if !otp.is_accepted => Err(Refused::Pending),
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
    fn a_device_keeps_its_code_for_five_minutes() {
        let mut otps = Otps::new(1);
        let first = otps.get("tv", NOW);
        let last_moment = NOW + Duration::seconds(299);

        assert_eq!(otps.get("tv", last_moment).code, first.code);
        assert_ne!(otps.get("phone", last_moment).code, first.code);
        assert_ne!(otps.get("tv", NOW + Duration::minutes(5)).code, first.code);
    }

    #[test]
    fn a_code_signs_in_once_after_it_was_accepted() {
        let mut otps = Otps::new(1);
        let code = otps.get("tv", NOW).code;

        assert_eq!(otps.redeem(code, "tv", NOW), Err(Refused::Pending));
        assert!(otps.accept(code, NOW));
        assert_eq!(otps.redeem(code, "phone", NOW), Err(Refused::Unknown));
        assert_eq!(otps.redeem(code, "tv", NOW), Ok(()));
        assert_eq!(otps.redeem(code, "tv", NOW), Err(Refused::Unknown));
    }

    #[test]
    fn an_expired_code_is_unknown() {
        let mut otps = Otps::new(1);
        let code = otps.get("tv", NOW).code;
        let later = NOW + Duration::minutes(5);

        assert!(!otps.accept(code, later));
        assert_eq!(otps.redeem(code, "tv", later), Err(Refused::Unknown));
    }

    #[test]
    fn codes_show_six_digits() {
        let otp = Otp { code: 58_701, device_id: String::new(), expires_at: NOW, is_accepted: false };

        assert_eq!(otp.digits(), "058701");
    }
}
