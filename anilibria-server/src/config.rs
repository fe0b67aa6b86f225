//! Settings of the service, from flags, environment variables and files.

mod auth;
mod cache;
mod catalog;
mod effective;
mod files;
mod http;
mod legacy;
mod migration;
mod node;
mod notify;
pub(crate) mod parse;
mod parse_error;
mod realtime;
mod redis_address;
mod secret;
mod secret_url;
mod telemetry;
mod torznab;
mod v3;

use std::{ffi::OsString, time::Duration};

use anilibria_http::cors::AllowedOrigins;
use clap::{Args, FromArgMatches as _, ValueEnum};
use poem::http::HeaderValue;
use url::Url;

pub use self::{
    auth::{AuthConfig, ServiceNames},
    cache::{CacheConfig, CacheDir},
    catalog::CatalogConfig,
    effective::{EffectiveSetting, settings_as_yaml},
    files::SecretFiles,
    http::HttpConfig,
    legacy::LegacyConfig,
    migration::MigrationConfig,
    node::NodeConfig,
    notify::NotifyConfig,
    parse::LogLevel,
    parse_error::parse_error_message,
    realtime::RealtimeConfig,
    redis_address::RedisAddress,
    secret::Secret,
    secret_url::SecretUrl,
    telemetry::{LoggedRequests, OtlpProtocol, TelemetryConfig},
    torznab::TorznabConfig,
    v3::{V3Config, V3Dialect},
};
pub(crate) use self::{secret::is_secret_setting, secret_url::without_passwords};

/// Origins of a site under development, which are allowed if `CORS_ALLOW_ORIGIN` is not set.
const LOCAL_ORIGINS: [&str; 2] = ["http://localhost:3000", "http://127.0.0.1:3000"];

/// Settings of the service. The defaults are for development.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// Environment of the service.
    #[arg(long, env, value_enum, default_value_t = Environment::Development)]
    pub environment: Environment,

    /// Address to listen on.
    #[command(flatten)]
    pub address: ListenAddress,

    /// Base URL of AniLiberty API v1; the public mirrors if unset.
    #[arg(long, env, value_parser = parse::api_url)]
    pub anilibria_api_url: Option<Url>,

    /// Base URL of a fallback mirror of AniLiberty API v1.
    #[arg(long, env, value_parser = parse::api_url)]
    pub anilibria_fallback_url: Option<Url>,

    /// Value of `User-Agent` in requests to AniLibria.
    #[arg(
        long, env, value_parser = parse::user_agent,
        default_value = concat!("anilibria-server/", env!("CARGO_PKG_VERSION"))
    )]
    pub anilibria_user_agent: String,

    /// Timeout in seconds of a call to AniLibria, including all attempts.
    #[arg(long, env = "UPSTREAM_TIMEOUT_SECONDS", value_name = "UPSTREAM_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "9")]
    pub upstream_timeout: Duration,

    /// Timeout in seconds of one attempt of a call to AniLibria.
    #[arg(long, env = "UPSTREAM_ATTEMPT_TIMEOUT_SECONDS", value_name = "UPSTREAM_ATTEMPT_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "4")]
    pub upstream_attempt_timeout: Duration,

    /// Maximum number of calls to AniLibria per second for requests of clients.
    #[arg(long, env, value_parser = parse::integer::<u32>(1..=u32::MAX.into()), default_value = "20")]
    pub upstream_requests_per_second: u32,

    /// Maximum number of calls to AniLibria per second for the event watcher, in addition to those for clients.
    #[arg(long, env, value_parser = parse::integer::<u32>(1..=u32::MAX.into()), default_value = "5")]
    pub watcher_requests_per_second: u32,

    /// Maximum number of calls to AniLibria per second for the catalog sync, in addition to those for clients.
    #[arg(long, env, value_parser = parse::integer::<u32>(1..=u32::MAX.into()), default_value = "10")]
    pub sync_requests_per_second: u32,

    /// Maximum size of a request body. Units: KiB, MiB and GiB; bytes without a unit.
    #[arg(long, env, value_parser = parse::bytes, default_value = "64KiB")]
    pub max_body_bytes: usize,

    /// Maximum size of a request URI.
    #[arg(long, env, value_parser = parse::bytes, default_value = "8KiB")]
    pub max_uri_bytes: usize,

    /// Maximum size of the request headers.
    #[arg(long, env, value_parser = parse::bytes, default_value = "32KiB")]
    pub max_header_bytes: usize,

    /// Maximum number of concurrent requests; further ones are rejected.
    #[arg(long, env, value_parser = parse::count, default_value = "2048")]
    pub max_concurrent_requests: usize,

    /// Maximum time in seconds to finish requests at a shutdown.
    #[arg(long, env = "SHUTDOWN_TIMEOUT_SECONDS", value_name = "SHUTDOWN_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "8")]
    pub shutdown_timeout: Duration,

    /// Other origins that may read responses, with credentials: a comma-separated list, or `*` for all, without credentials. For
    /// API v3, this applies to requests with a session and to writes: all origins may read its public responses.
    #[arg(long, env, value_parser = parse::origins)]
    pub cors_allow_origin: Option<AllowedOrigins>,

    /// URL of the site, which is an allowed origin if no list is set.
    #[arg(long, env, value_parser = parse::origin)]
    pub client_url: Option<HeaderValue>,

    /// Settings of the log.
    #[command(flatten)]
    pub log: LogConfig,

    /// Settings of HTTP.
    // This group and the following ones come last: the heading of a group in the help applies to all arguments after it.
    #[command(flatten)]
    pub http: HttpConfig,

    /// Settings of the cache.
    #[command(flatten)]
    pub cache: CacheConfig,

    /// Settings of the local catalog.
    #[command(flatten)]
    pub catalog: CatalogConfig,

    /// Settings of the tokens of users and other services.
    #[command(flatten)]
    pub auth: AuthConfig,

    /// Settings of the routes for old clients of the site.
    #[command(flatten)]
    pub legacy: LegacyConfig,

    /// Settings of metrics, traces and the request log.
    #[command(flatten)]
    pub telemetry: TelemetryConfig,

    /// Settings of the gateway for API v3.
    #[command(flatten)]
    pub v3: V3Config,

    /// Settings of the Torznab indexer.
    #[command(flatten)]
    pub torznab: TorznabConfig,

    /// Settings of the Node service.
    #[command(flatten)]
    pub node: NodeConfig,

    /// Settings of events and live connections.
    #[command(flatten)]
    pub realtime: RealtimeConfig,

    /// Settings of the notifications to the Node service.
    #[command(flatten)]
    pub notify: NotifyConfig,

    /// Settings of the migration from the Node service.
    #[command(flatten)]
    pub migration: MigrationConfig,

    /// Files with secrets.
    #[command(flatten)]
    pub files: SecretFiles,
}

/// Address to listen on.
#[derive(Clone, Debug, Args)]
pub struct ListenAddress {
    /// Name or address to listen on; `0.0.0.0` for all addresses.
    #[arg(long, env, default_value = "127.0.0.1")]
    pub host: String,

    /// Port to listen on; 0 for a free port.
    #[arg(long, env, value_parser = parse::integer::<u16>(0..=u16::MAX.into()), default_value = "8000")]
    pub port: u16,
}

/// Settings of the log.
#[derive(Clone, Copy, Debug, Args)]
pub struct LogConfig {
    /// Minimum level to log: trace, debug, info, warn or warning, error or critical.
    #[arg(long, env, value_parser = parse::log_level, default_value = "info")]
    pub log_level: LogLevel,

    /// Format of the log. If unset: `json` in production and staging, otherwise `text`.
    #[arg(long, env, value_enum, ignore_case = true)]
    pub log_format: Option<LogFormat>,
}

/// Environment of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// Local development, with a text log.
    #[value(aliases = ["dev", "test"])]
    Development,
    /// Copy of production, with a JSON log.
    Staging,
    /// Production, with a JSON log. Weak secrets are errors.
    #[value(alias = "prod")]
    Production,
}

/// Format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines of text.
    Text,
    /// One JSON object per line.
    Json,
}

impl LogConfig {
    /// Returns the format of the log for a command without an environment. Default: text.
    pub fn format(&self) -> LogFormat {
        self.log_format.unwrap_or(LogFormat::Text)
    }
}

impl Config {
    /// Parses `flags` and ignores the environment variables. For tests and benches.
    ///
    /// # Errors
    ///
    /// Returns an error if a flag is unknown or its value is invalid.
    pub fn from_flags<I, F>(flags: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = F>,
        F: Into<OsString> + Clone,
    {
        let command = Self::augment_args(clap::Command::new("config").no_binary_name(true));
        let matches = command.mut_args(|arg| arg.env(None)).try_get_matches_from(flags)?;
        Self::from_arg_matches(&matches)
    }

    /// Returns these settings together with those in files, and [checks](Config::check) them.
    ///
    /// # Errors
    ///
    /// Returns a message if a file cannot be used, or if the check fails.
    pub fn resolve(&self) -> Result<Self, String> {
        let mut config = self.clone();
        config.read_files()?;
        config.check()?;
        Ok(config)
    }

    /// Checks that the settings are consistent.
    ///
    /// # Errors
    ///
    /// Returns a message that names the inconsistent settings.
    pub fn check(&self) -> Result<(), String> {
        if self.upstream_attempt_timeout > self.upstream_timeout {
            return Err(
                "UPSTREAM_ATTEMPT_TIMEOUT_SECONDS must not be longer than UPSTREAM_TIMEOUT_SECONDS".into()
            );
        }
        if self.anilibria_fallback_url.is_some() && self.anilibria_api_url.is_none() {
            return Err(
                "ANILIBRIA_FALLBACK_URL needs ANILIBRIA_API_URL: the public mirrors need no fallback".into(),
            );
        }
        self.node.check()?;
        self.telemetry.check()?;
        self.torznab.check()?;
        self.migration.check(self.cache.redis_url.is_some())?;
        if self.realtime.websocket_ping_interval >= self.http.idle_timeout {
            return Err(
                "WEBSOCKET_PING_INTERVAL must be less than IDLE_TIMEOUT_SECONDS: otherwise idle connections are closed".into(),
            );
        }
        self.auth.check(self.environment)
    }

    /// Returns the base URLs of AniLiberty, the preferred one first; `None` for the public mirrors.
    pub fn mirrors(&self) -> Option<Vec<Url>> {
        let first = self.anilibria_api_url.clone()?;
        Some(std::iter::once(first).chain(self.anilibria_fallback_url.clone()).collect())
    }

    /// Returns the other origins that may read responses.
    pub fn origins(&self) -> AllowedOrigins {
        self.cors_allow_origin.clone().unwrap_or_else(|| {
            let local = LOCAL_ORIGINS.map(HeaderValue::from_static);
            AllowedOrigins::Listed(self.client_url.iter().cloned().chain(local).collect())
        })
    }

    /// Returns the format of the log.
    pub fn log_format(&self) -> LogFormat {
        self.log.log_format.unwrap_or(match self.environment {
            Environment::Development => LogFormat::Text,
            Environment::Staging | Environment::Production => LogFormat::Json,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(flags: &[&str]) -> Config {
        Config::from_flags(flags.iter().map(OsString::from)).unwrap()
    }

    /// Checks the settings in `flags`.
    pub(super) fn check(flags: &[&str]) -> Result<(), String> {
        config(flags).check()
    }

    #[test]
    fn defaults_are_for_development() {
        let config = config(&[]);

        assert_eq!(config.address.host, "127.0.0.1");
        assert_eq!(config.address.port, 8000);
        assert_eq!(config.mirrors(), None);
        assert_eq!(config.upstream_timeout, Duration::from_secs(9));
        assert_eq!(config.max_body_bytes, 64 * 1024);
        assert_eq!(config.log_format(), LogFormat::Text);
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn configured_mirrors_replace_the_public_ones() {
        let config = config(&[
            "--anilibria-api-url=https://a.example/api/v1",
            "--anilibria-fallback-url=https://b.example/api/v1",
        ]);

        let mirrors: Vec<_> = config.mirrors().unwrap().iter().map(ToString::to_string).collect();

        assert_eq!(mirrors, ["https://a.example/api/v1", "https://b.example/api/v1"]);
    }

    #[test]
    fn error_about_inconsistent_settings_names_them() {
        let fallback_alone = config(&["--anilibria-fallback-url=https://b.example/api/v1"]);
        assert!(fallback_alone.check().unwrap_err().contains("ANILIBRIA_FALLBACK_URL"));

        let long_interval = config(&["--websocket-ping-interval=90"]);
        assert!(long_interval.check().unwrap_err().contains("IDLE_TIMEOUT_SECONDS"));

        let short_timeout = config(&["--upstream-timeout=3"]);
        assert!(short_timeout.check().unwrap_err().contains("UPSTREAM_ATTEMPT_TIMEOUT_SECONDS"));
    }

    #[test]
    fn site_is_allowed_in_addition_to_local_origins() {
        let config = config(&["--client-url=https://anime.example/"]);

        let AllowedOrigins::Listed(origins) = config.origins() else { panic!("not a list") };

        assert_eq!(origins, ["https://anime.example", LOCAL_ORIGINS[0], LOCAL_ORIGINS[1]]);
    }

    #[test]
    fn production_logs_in_json_by_default() {
        assert_eq!(config(&["--environment=production"]).log_format(), LogFormat::Json);
        assert_eq!(config(&["--environment=production", "--log-format=TEXT"]).log_format(), LogFormat::Text);
    }
}
