//! Settings of the site's Node service.

use clap::{ArgAction, Args, builder::BoolishValueParser};
use url::Url;

use super::parse;

/// Settings of the site's Node service.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Node service")]
pub struct NodeConfig {
    /// Base URL of the site's Node service, such as `http://server:5000`; no Node service if unset.
    #[arg(long, env, value_parser = parse::base_url)]
    pub nodejs_service_url: Option<Url>,

    /// Enables reads of a title from the Node service if neither a cache nor AniLibria returns it.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub nodejs_fallback_enabled: bool,

    /// Enables the validation of WebSocket users by the Node service, in addition to their token.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    pub auth_remote_validation: bool,
}

impl NodeConfig {
    /// Returns an error if a setting needs a URL that is not set, or if the URL contains a login.
    pub(super) fn check(&self) -> Result<(), String> {
        let Some(url) = &self.nodejs_service_url else {
            if self.auth_remote_validation {
                return Err("AUTH_REMOTE_VALIDATION needs NODEJS_SERVICE_URL".into());
            }
            return if self.nodejs_fallback_enabled {
                Err("NODEJS_FALLBACK_ENABLED needs NODEJS_SERVICE_URL".into())
            } else {
                Ok(())
            };
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "NODEJS_SERVICE_URL must not contain a login: calls are authenticated with INTERNAL_JWT_SECRET".into()
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, tests::check};

    #[test]
    fn fallback_is_off_and_needs_an_address() {
        let config = Config::from_flags([""; 0]).unwrap().node;

        assert!(config.nodejs_service_url.is_none() && !config.nodejs_fallback_enabled);
        let error = check(&["--nodejs-fallback-enabled=true"]).unwrap_err();
        assert!(error.contains("NODEJS_FALLBACK_ENABLED") && error.contains("NODEJS_SERVICE_URL"), "{error}");
        let address = "--nodejs-service-url=http://server:5000";
        assert_eq!(check(&[address, "--nodejs-fallback-enabled=true"]), Ok(()));
    }

    #[test]
    fn validation_is_off_and_needs_an_address() {
        let flag = "--auth-remote-validation=true";

        assert!(!Config::from_flags([""; 0]).unwrap().node.auth_remote_validation);
        let error = check(&[flag]).unwrap_err();
        assert!(error.contains("AUTH_REMOTE_VALIDATION") && error.contains("NODEJS_SERVICE_URL"), "{error}");
        assert_eq!(check(&["--nodejs-service-url=http://server:5000", flag]), Ok(()));
    }

    #[test]
    fn login_in_the_address_is_an_error_and_not_printed() {
        let error = check(&["--nodejs-service-url=http://me:hunter2@server:5000"]).unwrap_err();

        assert!(error.contains("NODEJS_SERVICE_URL") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn invalid_base_url_is_an_error() {
        for url in ["server:5000", "ftp://server", "http://server?x=1", "http://server#top", ""] {
            let error = Config::from_flags([format!("--nodejs-service-url={url}")]).unwrap_err().to_string();

            assert!(error.contains("<NODEJS_SERVICE_URL>"), "{url}: {error}");
        }
    }
}
