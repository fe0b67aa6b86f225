//! The setting of a feature, and its evaluation for a user.

use std::{fmt, str::FromStr};

use super::bucket;

/// State of a switch: on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// On.
    Enabled,
    /// Off.
    Disabled,
}

/// A percentage of users, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentage(u8);

/// Error of parsing a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from 0 to 100")]
pub struct InvalidPercentage;

/// Setting of a feature for one user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Switch for all users.
    pub global: Option<Switch>,
    /// Percentage of users.
    pub percentage: Option<Percentage>,
    /// Switch for the user.
    pub user: Option<Switch>,
}

impl Setting {
    /// Returns true if the feature is on for `user`. The setting must be the one of this user.
    pub fn is_on(&self, user: Option<u64>) -> bool {
        match *self {
            Self { global: Some(Switch::Disabled), .. } => false,
            Self { user: Some(switch), .. } => switch == Switch::Enabled,
            Self { percentage: Some(share), .. } => share.covers(user),
            Self { global, .. } => global == Some(Switch::Enabled),
        }
    }

    /// Returns true if nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Switch {
    /// Returns the text that is stored in Redis.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }

    /// Parses the switch for all users; `None` for any text but `enabled` and `disabled`.
    pub(super) fn global(text: &str) -> Option<Self> {
        match text {
            "enabled" => Some(Self::Enabled),
            "disabled" => Some(Self::Disabled),
            _ => None,
        }
    }

    /// Parses the switch for a user. Any text but `enabled` is [`Disabled`](Self::Disabled).
    pub(super) fn user(text: &str) -> Self {
        if text == "enabled" { Self::Enabled } else { Self::Disabled }
    }
}

impl Percentage {
    /// Creates a percentage; `None` if `percent` is greater than 100.
    pub const fn new(percent: u8) -> Option<Self> {
        if percent <= 100 { Some(Self(percent)) } else { None }
    }

    /// Returns true if the percentage includes `user`.
    pub fn covers(self, user: Option<u64>) -> bool {
        bucket(user) < self.0
    }
}

impl FromStr for Percentage {
    type Err = InvalidPercentage;

    fn from_str(text: &str) -> Result<Self, InvalidPercentage> {
        text.parse().ok().and_then(Self::new).ok_or(InvalidPercentage)
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: Option<Switch> = Some(Switch::Enabled);
    const OFF: Option<Switch> = Some(Switch::Disabled);

    /// A user in bucket 19.
    const USER: Option<u64> = Some(1);

    fn is_on(global: Option<Switch>, percentage: Option<u8>, user: Option<Switch>) -> bool {
        Setting { global, percentage: percentage.and_then(Percentage::new), user }.is_on(USER)
    }

    #[test]
    fn disabled_feature_is_off_for_all_users() {
        assert!(!is_on(OFF, Some(100), ON));
    }

    #[test]
    fn setting_of_the_user_overrides_the_percentage() {
        assert!(is_on(None, Some(0), ON));
        assert!(!is_on(ON, Some(100), OFF));
    }

    #[test]
    fn percentage_overrides_the_global_setting() {
        assert!(!is_on(ON, Some(19), None));
        assert!(is_on(None, Some(20), None));
    }

    #[test]
    fn global_setting_applies_without_a_percentage() {
        assert!(is_on(ON, None, None));
        assert!(!is_on(None, None, None));
    }

    #[test]
    fn percentages_are_whole_numbers_up_to_100() {
        assert_eq!("25".parse(), Ok(Percentage(25)));
        for text in ["101", "-1", "2.5", "", "all"] {
            assert_eq!(text.parse::<Percentage>(), Err(InvalidPercentage), "{text}");
        }
    }
}
