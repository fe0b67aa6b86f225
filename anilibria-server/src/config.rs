//! Settings, from flags and from the environment names the site deploys with.

mod auth;
mod cache;
mod catalog;
mod files;
mod http;
mod legacy;
mod migration;
mod node;
mod notify;
pub(crate) mod parse;
mod realtime;
mod redis_address;
mod refusal;
mod secret;
mod secret_url;
mod show;
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
    files::SecretFiles,
    http::HttpConfig,
    legacy::LegacyConfig,
    migration::MigrationConfig,
    node::NodeConfig,
    notify::NotifyConfig,
    parse::LogLevel,
    realtime::RealtimeConfig,
    redis_address::RedisAddress,
    refusal::refusal,
    secret::Secret,
    secret_url::SecretUrl,
    show::{Effective, show},
    telemetry::{LoggedRequests, OtlpProtocol, TelemetryConfig},
    torznab::TorznabConfig,
    v3::{V3Config, V3Dialect},
};
pub(crate) use self::{secret::guards, secret_url::without_passwords};

/// Origins of a site under development, permitted unless `CORS_ALLOW_ORIGIN` says otherwise.
const LOCAL_ORIGINS: [&str; 2] = ["http://localhost:3000", "http://127.0.0.1:3000"];

/// Settings of the service. Defaults are for a person at a desk.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// Where the service runs: tells how it logs.
    #[arg(long, env, value_enum, default_value_t = Environment::Development)]
    pub environment: Environment,

    /// Where to listen and how much to take on.
    #[command(flatten)]
    pub address: Address,

    /// Base URL of AniLiberty API v1; the public mirrors when unset.
    #[arg(long, env, value_parser = parse::api_url)]
    pub anilibria_api_url: Option<Url>,

    /// Base URL to fall back on.
    #[arg(long, env, value_parser = parse::api_url)]
    pub anilibria_fallback_url: Option<Url>,

    /// How the service introduces itself to AniLibria.
    #[arg(
        long, env, value_parser = parse::user_agent,
        default_value = concat!("anilibria-server/", env!("CARGO_PKG_VERSION"))
    )]
    pub anilibria_user_agent: String,

    /// Seconds one answer of AniLibria may take, all attempts together.
    #[arg(long, env = "UPSTREAM_TIMEOUT_SECONDS", value_name = "UPSTREAM_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "9")]
    pub upstream_timeout: Duration,

    /// Seconds one attempt may take.
    #[arg(long, env = "UPSTREAM_ATTEMPT_TIMEOUT_SECONDS", value_name = "UPSTREAM_ATTEMPT_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "4")]
    pub upstream_attempt_timeout: Duration,

    /// Calls per second to AniLibria that visitors may cause.
    #[arg(long, env, value_parser = parse::whole::<u32>(1..=u32::MAX.into()), default_value = "20")]
    pub upstream_requests_per_second: u32,

    /// Calls per second to AniLibria of the watcher for events, apart from those of visitors.
    #[arg(long, env, value_parser = parse::whole::<u32>(1..=u32::MAX.into()), default_value = "5")]
    pub watcher_requests_per_second: u32,

    /// Calls per second to AniLibria that mirror the catalog, apart from those of visitors.
    #[arg(long, env, value_parser = parse::whole::<u32>(1..=u32::MAX.into()), default_value = "10")]
    pub sync_requests_per_second: u32,

    /// Most bytes of a request's body.
    #[arg(long, env, value_parser = parse::bytes, default_value = "64KiB")]
    pub max_body_bytes: usize,

    /// Most bytes of a request's address.
    #[arg(long, env, value_parser = parse::bytes, default_value = "8KiB")]
    pub max_uri_bytes: usize,

    /// Most bytes of a request's headers.
    #[arg(long, env, value_parser = parse::bytes, default_value = "32KiB")]
    pub max_header_bytes: usize,

    /// Most requests in progress; more are refused.
    #[arg(long, env, value_parser = parse::count, default_value = "2048")]
    pub max_concurrent_requests: usize,

    /// Seconds requests in progress are waited for when the service stops.
    #[arg(long, env = "SHUTDOWN_TIMEOUT_SECONDS", value_name = "SHUTDOWN_TIMEOUT_SECONDS",
          value_parser = parse::seconds, default_value = "8")]
    pub shutdown_timeout: Duration,

    /// Other origins that may read answers, with credentials: a comma list, or `*` for all, without credentials. Of API v3,
    /// this applies to requests with a session and to writes: all origins may read its public answers.
    #[arg(long, env, value_parser = parse::origins)]
    pub cors_allow_origin: Option<AllowedOrigins>,

    /// Address of the site, permitted as an origin when no list is set.
    #[arg(long, env, value_parser = parse::origin)]
    pub client_url: Option<HeaderValue>,

    /// What to log.
    #[command(flatten)]
    pub log: LogConfig,

    /// How requests are taken on and answers handed out.
    // Among the last, as is the cache: a heading in the help stands over whatever follows.
    #[command(flatten)]
    pub http: HttpConfig,

    /// Where answers are kept, and for how long.
    // Such groups come last: the heading of one in the help stands over whatever follows.
    #[command(flatten)]
    pub cache: CacheConfig,

    /// How the catalog is mirrored.
    #[command(flatten)]
    pub catalog: CatalogConfig,

    /// By what users and other services are known.
    #[command(flatten)]
    pub auth: AuthConfig,

    /// What is answered as the site's old service did.
    #[command(flatten)]
    pub legacy: LegacyConfig,

    /// What the service tells of itself.
    #[command(flatten)]
    pub telemetry: TelemetryConfig,

    /// How clients of AniLibria's old API v3 are answered.
    #[command(flatten)]
    pub v3: V3Config,

    /// Settings of the Torznab indexer.
    #[command(flatten)]
    pub torznab: TorznabConfig,

    /// Where the site's Node service is.
    #[command(flatten)]
    pub node: NodeConfig,

    /// How clients are kept up to date.
    #[command(flatten)]
    pub realtime: RealtimeConfig,

    /// How the Node service is told of events.
    #[command(flatten)]
    pub notify: NotifyConfig,

    /// How the site moves over from the Node service, and when it goes back.
    #[command(flatten)]
    pub migration: MigrationConfig,

    /// Which of these settings are in files.
    #[command(flatten)]
    pub files: SecretFiles,
}

/// Where to listen.
#[derive(Clone, Debug, Args)]
pub struct Address {
    /// Name or address to listen at; `0.0.0.0` for all.
    #[arg(long, env, default_value = "127.0.0.1")]
    pub host: String,

    /// Port to listen at; 0 for a free one.
    #[arg(long, env, value_parser = parse::whole::<u16>(0..=u16::MAX.into()), default_value = "8000")]
    pub port: u16,
}

/// What to log and how.
#[derive(Clone, Copy, Debug, Args)]
pub struct LogConfig {
    /// Least important level to log: trace, debug, info, warn or warning, error or critical.
    #[arg(long, env, value_parser = parse::log_level, default_value = "info")]
    pub log_level: LogLevel,

    /// Form of the log; `json` in production and `text` elsewhere when unset.
    #[arg(long, env, value_enum, ignore_case = true)]
    pub log_format: Option<LogFormat>,
}

/// Where the service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// At a desk.
    #[value(aliases = ["dev", "test"])]
    Development,
    /// In a copy of production.
    Staging,
    /// In production.
    #[value(alias = "prod")]
    Production,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// An object a line, for programs.
    Json,
}

impl LogConfig {
    /// Form of the log of a command that knows no environment.
    pub fn format(&self) -> LogFormat {
        self.log_format.unwrap_or(LogFormat::Text)
    }
}

impl Config {
    /// Settings from `flags` alone, whatever the environment holds: for tests and benches.
    pub fn from_flags<I, F>(flags: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = F>,
        F: Into<OsString> + Clone,
    {
        let command = Self::augment_args(clap::Command::new("config").no_binary_name(true));
        let matches = command.mut_args(|arg| arg.env(None)).try_get_matches_from(flags)?;
        Self::from_arg_matches(&matches)
    }

    /// These settings with those in files, after [`Config::check`].
    pub fn complete(&self) -> Result<Self, String> {
        let mut config = self.clone();
        config.read_files()?;
        config.check()?;
        Ok(config)
    }

    /// Refuses settings that do not go together.
    pub fn check(&self) -> Result<(), String> {
        if self.upstream_attempt_timeout > self.upstream_timeout {
            return Err(
                "UPSTREAM_ATTEMPT_TIMEOUT_SECONDS must not be longer than UPSTREAM_TIMEOUT_SECONDS".into()
            );
        }
        if self.anilibria_fallback_url.is_some() && self.anilibria_api_url.is_none() {
            return Err(
                "ANILIBRIA_FALLBACK_URL needs ANILIBRIA_API_URL: without it the public mirrors are used, \
                        which stand in for each other"
                    .into(),
            );
        }
        self.node.check()?;
        self.telemetry.check()?;
        self.torznab.check()?;
        self.migration.check(self.cache.redis_url.is_some())?;
        if self.realtime.websocket_ping_interval >= self.http.idle_timeout {
            return Err(
                "WEBSOCKET_PING_INTERVAL must be below IDLE_TIMEOUT_SECONDS, after which a silent connection ends".into(),
            );
        }
        self.auth.check(self.environment)
    }

    /// Base URLs of AniLiberty, the preferred one first; `None` for the public mirrors.
    pub fn mirrors(&self) -> Option<Vec<Url>> {
        let first = self.anilibria_api_url.clone()?;
        Some(std::iter::once(first).chain(self.anilibria_fallback_url.clone()).collect())
    }

    /// Other origins that may read answers.
    pub fn origins(&self) -> AllowedOrigins {
        self.cors_allow_origin.clone().unwrap_or_else(|| {
            let local = LOCAL_ORIGINS.map(HeaderValue::from_static);
            AllowedOrigins::Listed(self.client_url.iter().cloned().chain(local).collect())
        })
    }

    /// Form of the log.
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

    /// What is wrong with these flags.
    pub(super) fn check(flags: &[&str]) -> Result<(), String> {
        config(flags).check()
    }

    #[test]
    fn defaults_are_for_a_desk() {
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
    fn own_mirrors_replace_the_public_ones() {
        let config = config(&[
            "--anilibria-api-url=https://a.example/api/v1",
            "--anilibria-fallback-url=https://b.example/api/v1",
        ]);

        let mirrors: Vec<_> = config.mirrors().unwrap().iter().map(ToString::to_string).collect();

        assert_eq!(mirrors, ["https://a.example/api/v1", "https://b.example/api/v1"]);
    }

    #[test]
    fn settings_that_do_not_go_together_are_refused_by_name() {
        let fallback_alone = config(&["--anilibria-fallback-url=https://b.example/api/v1"]);
        assert!(fallback_alone.check().unwrap_err().contains("ANILIBRIA_FALLBACK_URL"));

        let silent = config(&["--websocket-ping-interval=90"]);
        assert!(silent.check().unwrap_err().contains("IDLE_TIMEOUT_SECONDS"));

        let impatient = config(&["--upstream-timeout=3"]);
        assert!(impatient.check().unwrap_err().contains("UPSTREAM_ATTEMPT_TIMEOUT_SECONDS"));
    }

    #[test]
    fn site_is_permitted_beside_the_local_origins() {
        let config = config(&["--client-url=https://anime.example/"]);

        let AllowedOrigins::Listed(origins) = config.origins() else { panic!("not a list") };

        assert_eq!(origins, ["https://anime.example", LOCAL_ORIGINS[0], LOCAL_ORIGINS[1]]);
    }

    #[test]
    fn production_logs_for_programs_unless_told_otherwise() {
        assert_eq!(config(&["--environment=production"]).log_format(), LogFormat::Json);
        assert_eq!(config(&["--environment=production", "--log-format=TEXT"]).log_format(), LogFormat::Text);
    }
}
