//! Settings of the Torznab indexer.

use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::secret::Secret;

/// Settings of the indexer for Sonarr, Radarr, Prowlarr and Jackett.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Torznab")]
pub struct TorznabConfig {
    /// Enables the Torznab indexer at `/torznab/api`. Needs `CATALOGUE_ENABLED`.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub torznab_enabled: bool,

    /// Key that searches of the indexer require as `apikey`; no key is required if unset.
    #[arg(long, env, hide_env_values = true)]
    pub torznab_api_key: Option<Secret>,
}

impl TorznabConfig {
    /// Returns an error for an empty key, because requests without a key would match it.
    pub(super) fn check(&self) -> Result<(), String> {
        match &self.torznab_api_key {
            Some(key) if key.is_empty() => {
                Err("TORZNAB_API_KEY is empty: set a key, or leave the variable unset".to_owned())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn empty_key_is_an_error_and_keys_are_not_printed() {
        let config = |key: &str| Config::from_flags([format!("--torznab-api-key={key}")]).unwrap();

        assert!(config(" ").check().unwrap_err().starts_with("TORZNAB_API_KEY is empty"));
        assert_eq!(config("hunter2").check(), Ok(()));
        assert!(!format!("{:?}", config("hunter2")).contains("hunter2"));
    }
}
