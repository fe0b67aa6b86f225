//! Settings of the tokens of users and other services.

use std::{convert::Infallible, str::FromStr};

use clap::Args;

use super::{Environment, secret::Secret};

/// Settings of the tokens of users and other services.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Tokens")]
pub struct AuthConfig {
    /// Secret of the tokens of users, at least 32 bytes. If unset, tokens are ignored.
    #[arg(long, env, hide_env_values = true)]
    pub jwt_secret: Option<Secret>,

    /// Previous secret of the tokens of users, which is still accepted.
    #[arg(long, env, hide_env_values = true)]
    pub jwt_secret_previous: Option<Secret>,

    /// Secret of the tokens of other services, at least 32 bytes. If unset, `/internal` is disabled.
    #[arg(long, env, hide_env_values = true)]
    pub internal_jwt_secret: Option<Secret>,

    /// Previous secret of the tokens of other services, which is still accepted.
    #[arg(long, env, hide_env_values = true)]
    pub internal_jwt_secret_previous: Option<Secret>,

    /// Services that may call `/internal`: a comma-separated list.
    #[arg(long, env, default_value = "nodejs,nodejs-service,python-anilibria")]
    pub allowed_services: ServiceNames,
}

/// Names of services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceNames(Vec<String>);

impl ServiceNames {
    /// Returns true if `name` is one of the names.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|listed| listed == name)
    }
}

impl FromStr for ServiceNames {
    type Err = Infallible;

    fn from_str(list: &str) -> Result<Self, Infallible> {
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        Ok(Self(names.map(str::to_owned).collect()))
    }
}

impl AuthConfig {
    /// Returns an error for a weak secret in production, and for a previous secret without a current one.
    pub(super) fn check(&self, environment: Environment) -> Result<(), String> {
        for (name, current, previous) in [
            ("JWT_SECRET", &self.jwt_secret, &self.jwt_secret_previous),
            ("INTERNAL_JWT_SECRET", &self.internal_jwt_secret, &self.internal_jwt_secret_previous),
        ] {
            if previous.is_some() && current.is_none() {
                return Err(format!("{name}_PREVIOUS needs {name}"));
            }
        }
        match self.weaknesses().next() {
            Some(weakness) if environment == Environment::Production => Err(weakness),
            _ => Ok(()),
        }
    }

    /// Returns true if tokens of users are accepted, which needs a secret.
    pub fn accepts_user_tokens(&self) -> bool {
        self.jwt_secret.as_ref().is_some_and(|secret| !secret.is_empty())
    }

    /// Returns the warnings to log at the start of the service: a missing secret of users, and weak secrets.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let no_users = "JWT_SECRET is not set: user tokens are ignored, every client is anonymous";
        let no_users = (!self.accepts_user_tokens()).then(|| no_users.to_owned());
        no_users.into_iter().chain(self.weaknesses())
    }

    /// Returns a message for each weak secret.
    fn weaknesses(&self) -> impl Iterator<Item = String> {
        let secrets = [
            ("JWT_SECRET", &self.jwt_secret),
            ("JWT_SECRET_PREVIOUS", &self.jwt_secret_previous),
            ("INTERNAL_JWT_SECRET", &self.internal_jwt_secret),
            ("INTERNAL_JWT_SECRET_PREVIOUS", &self.internal_jwt_secret_previous),
        ];
        secrets.into_iter().filter_map(|(name, secret)| {
            let weakness = secret.as_ref()?.weakness()?;
            Some(format!("{name} {weakness}: set at least 32 random bytes, or leave it unset"))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const GOOD: &str = "0123456789abcdef0123456789abcdef";

    fn check(flags: &[String]) -> Result<(), String> {
        Config::from_flags(flags).unwrap().check()
    }

    #[test]
    fn weak_secret_is_an_error_only_in_production() {
        for flag in
            ["jwt-secret", "internal-jwt-secret", "jwt-secret-previous", "internal-jwt-secret-previous"]
        {
            let current = flag.trim_end_matches("-previous");
            let flags = [format!("--{current}={GOOD}"), format!("--{flag}=hunter2")];
            let flags = if current == flag { &flags[1..] } else { &flags[..] };
            let production = [flags, &["--environment=production".to_owned()]].concat();

            assert_eq!(check(flags), Ok(()), "{flag}");
            let error = check(&production).unwrap_err();
            assert!(error.starts_with(&flag.to_uppercase().replace('-', "_")), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn empty_secret_is_an_error_in_production() {
        let flags = ["--environment=production".to_owned(), "--jwt-secret=".to_owned()];

        assert!(check(&flags).unwrap_err().contains("JWT_SECRET is empty"));
    }

    #[test]
    fn production_accepts_strong_secrets_and_no_secrets() {
        let production = "--environment=production".to_owned();

        assert_eq!(check(std::slice::from_ref(&production)), Ok(()));
        assert_eq!(check(&[production, format!("--jwt-secret={GOOD}")]), Ok(()));
    }

    #[test]
    fn missing_secret_of_users_is_a_warning() {
        let warnings =
            |flags: &[&str]| -> Vec<String> { Config::from_flags(flags).unwrap().auth.warnings().collect() };

        assert_eq!(
            warnings(&[]),
            ["JWT_SECRET is not set: user tokens are ignored, every client is anonymous"]
        );
        assert_eq!(warnings(&[&format!("--jwt-secret={GOOD}")]), [""; 0]);
        assert!(warnings(&["--jwt-secret=hunter2"])[0].contains("shorter"));
    }

    #[test]
    fn previous_secret_needs_a_current_one() {
        let error = check(&[format!("--internal-jwt-secret-previous={GOOD}")]).unwrap_err();

        assert_eq!(error, "INTERNAL_JWT_SECRET_PREVIOUS needs INTERNAL_JWT_SECRET");
    }

    #[test]
    fn secrets_are_not_printed_with_the_settings() {
        let config = Config::from_flags(["--jwt-secret=hunter2"]).unwrap();

        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
