//! Messages about settings that cannot be parsed.

use std::ffi::OsString;

use clap::{
    Arg, Command,
    builder::PossibleValue,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::secret::is_secret;

/// Maximum number of characters of a refused value that a message quotes.
const MAX_QUOTED: usize = 80;

/// Returns the message for `error`, if it is about the value of one argument of `command`, which is built. The message names
/// the environment variable, the flag and the reason. `variable` returns environment variables.
pub fn refusal(
    command: &Command,
    error: &clap::Error,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<String> {
    match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let shown = text(error, ContextKind::InvalidArg)?;
            let arg = arguments(command).find(|arg| arg.to_string() == shown)?;
            let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
            Some(format!("{} {}{}", name(arg), reason(arg, error), quoted(arg, value)))
        }
        ErrorKind::InvalidUtf8 => {
            let is_invalid = |arg: &&Arg| {
                let value = arg.get_env().and_then(|name| variable(name.to_str()?));
                value.is_some_and(|value| value.to_str().is_none())
            };
            arguments(command).find(is_invalid).map(|arg| format!("{} must be UTF-8", name(arg)))
        }
        _ => None,
    }
}

/// Returns the arguments of `command` and of its subcommands.
fn arguments(command: &Command) -> Box<dyn Iterator<Item = &Arg> + '_> {
    Box::new(command.get_arguments().chain(command.get_subcommands().flat_map(arguments)))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

/// Returns the environment variable and the flag of `arg`, as far as it has them.
fn name(arg: &Arg) -> String {
    let variable = arg.get_env().and_then(|name| name.to_str());
    match (variable, arg.get_long()) {
        (Some(variable), Some(flag)) => format!("{variable} (--{flag})"),
        (Some(name), None) => name.to_owned(),
        (None, Some(flag)) => format!("--{flag}"),
        (None, None) => arg.get_id().to_string(),
    }
}

/// Returns the reason, as a continuation of the name of the setting.
fn reason(arg: &Arg, error: &clap::Error) -> String {
    let possible = arg.get_possible_values();
    let names: Vec<_> =
        possible.iter().filter(|value| !value.is_hide_set()).map(PossibleValue::get_name).collect();
    match names.split_last() {
        Some((last, [])) => format!("must be {last}"),
        Some((last, others)) => format!("must be {} or {last}", others.join(", ")),
        None => match std::error::Error::source(error) {
            Some(reason) => reason.to_string(),
            None => "needs a value".to_owned(),
        },
    }
}

/// Returns the end of the message: the value, unless it is secret. A login in a URL and its query may be secret as well.
fn quoted(arg: &Arg, value: &str) -> String {
    let variable = arg.get_env().and_then(|name| name.to_str()).unwrap_or_default();
    if arg.is_hide_env_values_set() || is_secret(variable) {
        return String::new();
    }
    let (scheme, rest) = value.split_once("://").map_or(("", value), |(scheme, rest)| (scheme, rest));
    let separator = if scheme.is_empty() { "" } else { "://" };
    let (login, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("***@", rest));
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?***"));
    let value = format!("{scheme}{separator}{login}{rest}{query}");
    let mut start: String = value.chars().take(MAX_QUOTED).collect();
    if start.len() < value.len() {
        start.push('…');
    }
    format!("; got {start:?}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Args as _;

    use super::*;
    use crate::config::Config;

    /// Settings that are not refused by themselves: any text is valid, or it is checked when it is used.
    const FREE: [&str; 18] = [
        "ALLOWED_SERVICES",
        "CACHE_KEY_PREFIX",
        "HOST",
        "INTERNAL_JWT_SECRET",
        "INTERNAL_JWT_SECRET_FILE",
        "INTERNAL_JWT_SECRET_PREVIOUS",
        "INTERNAL_JWT_SECRET_PREVIOUS_FILE",
        "JWT_SECRET",
        "JWT_SECRET_FILE",
        "JWT_SECRET_PREVIOUS",
        "JWT_SECRET_PREVIOUS_FILE",
        "MONGODB_URI",
        "MONGODB_URI_FILE",
        "OTEL_SERVICE_NAME",
        "REDIS_URL",
        "REDIS_URL_FILE",
        "TORZNAB_API_KEY",
        "TORZNAB_API_KEY_FILE",
    ];

    const WHOLE: &str = "must be a whole number";
    const BYTES: &str = "must be a number of bytes";
    const SWITCH: &str = "must be true or false";
    const SITE: &str = "such as https://anime.example";

    /// Flag, refused value and start or part of the reason.
    const REFUSED: &[(&str, &str, &str)] = &[
        ("environment", "moon", "must be development, staging or production"),
        ("port", "x", "must be a whole number from 0 to 65535"),
        ("port", "65536", "must be a whole number from 0 to 65535"),
        ("anilibria-api-url", "anilibria.top", "is not a URL"),
        ("anilibria-api-url", "ftp://a.example", "must begin with http:// or https://"),
        ("anilibria-api-url", "https://api.anilibria.tv/v3", "switched off in 2025"),
        ("anilibria-fallback-url", "x", "is not a URL"),
        ("anilibria-user-agent", "кот", "must be visible ASCII characters"),
        ("upstream-timeout", "-1", WHOLE),
        ("upstream-attempt-timeout", "1.5", WHOLE),
        ("upstream-requests-per-second", "0", "must be a whole number from 1 to 4294967295"),
        ("watcher-requests-per-second", "0", WHOLE),
        ("sync-requests-per-second", "0", WHOLE),
        ("max-body-bytes", "1 GB", BYTES),
        ("max-uri-bytes", "0", BYTES),
        ("max-header-bytes", "99999999999999999 GiB", BYTES),
        ("max-concurrent-requests", "0", WHOLE),
        ("shutdown-timeout", "soon", WHOLE),
        ("cors-allow-origin", "https://a.example,anime", SITE),
        ("client-url", "anime", SITE),
        ("log-level", "loud", "must be trace, debug, info, warn"),
        ("log-format", "xml", "must be text or json"),
        ("log-requests", "some", "must be failed or all"),
        ("strict-parameters", "perhaps", SWITCH),
        ("log-slow-request-ms", "0", WHOLE),
        ("compression-memory-bytes", "many", BYTES),
        ("request-timeout", "0", WHOLE),
        ("header-timeout", "0", WHOLE),
        ("idle-timeout", "x", WHOLE),
        ("max-connections", "0", WHOLE),
        ("max-connections-per-client", "x", WHOLE),
        ("max-concurrent-requests-per-client", "x", WHOLE),
        ("max-answer-bytes-in-flight", "x", BYTES),
        ("max-concurrent-bodies", "x", WHOLE),
        ("rate-limit-requests-per-minute", "-1", WHOLE),
        ("rate-limit-burst", "0", WHOLE),
        ("rate-limit-user-per-minute", "x", WHOLE),
        ("rate-limit-service-per-minute", "4294967296", WHOLE),
        ("rate-limit-service-burst", "0", WHOLE),
        ("rate-limit-login-per-minute", "x", WHOLE),
        ("rate-limit-login-burst", "0", WHOLE),
        ("trusted-proxies", "10.0.0.0/8,proxy", "must be a list of addresses and networks"),
        ("trusted-clients", "10.0.0.0/99", "must be a list of addresses and networks"),
        ("cache-ttl-memory", "0", WHOLE),
        ("cache-ttl-redis", "0", WHOLE),
        ("cache-ttl-database", "soon", WHOLE),
        ("cache-stale", "-1", WHOLE),
        ("cache-memory-bytes", "many", BYTES),
        ("cache-disk-bytes", "many", BYTES),
        ("cache-dir", "", "must be a directory or `off`"),
        ("catalogue-enabled", "perhaps", SWITCH),
        ("sync-interval", "0", WHOLE),
        ("legacy-v1-enabled", "perhaps", SWITCH),
        ("video-helper-enabled", "perhaps", SWITCH),
        ("prometheus-enabled", "perhaps", SWITCH),
        ("metrics-enabled", "perhaps", SWITCH),
        ("otel-exporter-otlp-endpoint", "jaeger", "is not a URL"),
        ("otel-exporter-otlp-protocol", "udp", "must be grpc or http/protobuf"),
        ("otel-traces-sampler-arg", "2", "must be a number from 0 to 1"),
        ("torznab-enabled", "perhaps", SWITCH),
        ("v3-gateway-enabled", "perhaps", SWITCH),
        ("v3-strict-parameters", "perhaps", SWITCH),
        ("v3-dialect", "swift", "must be path, live or python"),
        ("v3-session", "0", WHOLE),
        ("v3-session-memory-bytes", "many", BYTES),
        ("v3-search-threads", "0", WHOLE),
        ("v3-search-queue", "0", WHOLE),
        ("v3-page-queue", "0", WHOLE),
        ("v3-max-answer-bytes", "0", BYTES),
        ("v3-subscriptions", "0", WHOLE),
        ("v3-events-queue", "0", WHOLE),
        ("nodejs-service-url", "http://server?x=1", "must end with the path"),
        ("nodejs-fallback-enabled", "perhaps", SWITCH),
        ("auth-remote-validation", "perhaps", SWITCH),
        ("events-enabled", "perhaps", SWITCH),
        ("events-replay", "0", WHOLE),
        ("websocket-max-connections", "0", WHOLE),
        ("websocket-max-connections-per-client", "0", WHOLE),
        ("websocket-ping-interval", "0", WHOLE),
        ("websocket-ping-timeout", "x", WHOLE),
        ("notify-enabled", "perhaps", SWITCH),
        ("notify-attempts", "0", WHOLE),
        ("notify-retry", "0", WHOLE),
        ("notify-queue", "0", WHOLE),
        ("migration-mode", "perhaps", SWITCH),
        ("rollback-auto", "perhaps", SWITCH),
        ("rollback-error-rate", "5", "must be a number from 0 to 1"),
        ("rollback-mean", "0", WHOLE),
        ("rollback-min-requests", "few", WHOLE),
        ("rollback-window", "0", WHOLE),
        ("rollback-check", "0", WHOLE),
    ];

    fn command() -> Command {
        let mut command = Config::augment_args(Command::new("config").no_binary_name(true));
        command.build();
        command
    }

    /// The message about a flag with this value.
    fn refused(flag: &str, value: &str) -> String {
        let error = Config::from_flags([format!("--{flag}={value}")]).unwrap_err();
        refusal(&command(), &error, |_| None).unwrap_or_else(|| panic!("no refusal: {error}"))
    }

    #[test]
    fn refused_value_is_named_by_variable_and_flag_with_the_reason() {
        let command = command();
        for (flag, value, reason) in REFUSED {
            let arg = command.get_arguments().find(|arg| arg.get_long() == Some(flag)).unwrap();
            let variable = arg.get_env().unwrap().to_str().unwrap();

            let message = refused(flag, value);

            assert!(message.starts_with(&format!("{variable} (--{flag}) ")), "{message}");
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn every_setting_has_a_value_that_is_refused_or_takes_any() {
        let command = command();
        let refused: BTreeSet<_> = REFUSED.iter().map(|(flag, ..)| *flag).collect();
        for arg in command.get_arguments().filter(|arg| arg.get_env().is_some()) {
            let variable = arg.get_env().unwrap().to_str().unwrap();
            let is_known =
                FREE.contains(&variable) || arg.get_long().is_some_and(|flag| refused.contains(flag));
            assert!(is_known, "no case for {variable}");
        }
    }

    #[test]
    fn quoted_value_shows_no_login_and_no_query() {
        for (flag, value) in [
            ("nodejs-service-url", "http://me:hunter2@server?x=1"),
            ("nodejs-service-url", "me:hunter2@server"),
            ("nodejs-service-url", "http://server?token=hunter2"),
            ("otel-exporter-otlp-endpoint", "ftp://me:hun@ter2:hunter2@jaeger"),
            ("anilibria-api-url", "https://me:hunter2@api.anilibria.tv/v3"),
            ("client-url", "me:hunter2@site"),
            ("cors-allow-origin", "https://a.example,me:hunter2@site"),
        ] {
            let message = refused(flag, value);

            assert!(!message.contains("hunter2"), "{message}");
        }
        assert!(refused("port", "x").ends_with("; got \"x\""));
        assert!(refused("port", &"x".repeat(500)).len() < 200);
    }

    #[test]
    fn variable_that_is_not_utf8_is_named() {
        let error = clap::Error::new(ErrorKind::InvalidUtf8);
        let invalid = || {
            use std::os::unix::ffi::OsStringExt as _;
            OsString::from_vec(vec![0xff])
        };

        let message = refusal(&command(), &error, |name| (name == "CACHE_TTL_REDIS").then(invalid)).unwrap();

        assert_eq!(message, "CACHE_TTL_REDIS (--cache-ttl-redis) must be UTF-8");
    }
}
