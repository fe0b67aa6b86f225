//! Error messages about settings that cannot be parsed.

use std::ffi::OsString;

use clap::{
    Arg, Command,
    builder::PossibleValue,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::secret::is_secret;

/// Maximum number of characters of an invalid value that a message quotes.
const MAX_QUOTED: usize = 80;

/// Returns the message for `error` if it is about the value of an argument of `command`; `None` otherwise. The message names the
/// environment variable, the flag and the reason.
///
/// `command` must be built. `variable` returns environment variables.
pub fn parse_error_message(
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

/// Returns the environment variable and the flag of `arg`, or the one that it has.
fn name(arg: &Arg) -> String {
    let variable = arg.get_env().and_then(|name| name.to_str());
    match (variable, arg.get_long()) {
        (Some(variable), Some(flag)) => format!("{variable} (--{flag})"),
        (Some(name), None) => name.to_owned(),
        (None, Some(flag)) => format!("--{flag}"),
        (None, None) => arg.get_id().to_string(),
    }
}

/// Returns the reason. It continues a sentence that begins with the name of the setting.
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

/// Returns the end of the message: the value, unless it is secret. The login and the query of a URL are masked, because they may
/// be secret.
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

    /// Settings whose value is not checked by the parser: any text is valid, or the value is checked when it is used.
    const UNCHECKED: [&str; 18] = [
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

    const INTEGER: &str = "must be a whole number";
    const BYTES: &str = "must be a number of bytes";
    const SWITCH: &str = "must be true or false";
    const SITE: &str = "such as https://anime.example";

    /// Flag, invalid value, and a part of the reason.
    const INVALID: &[(&str, &str, &str)] = &[
        ("environment", "moon", "must be development, staging or production"),
        ("port", "x", "must be a whole number from 0 to 65535"),
        ("port", "65536", "must be a whole number from 0 to 65535"),
        ("anilibria-api-url", "anilibria.top", "is not a URL"),
        ("anilibria-api-url", "ftp://a.example", "must begin with http:// or https://"),
        ("anilibria-api-url", "https://api.anilibria.tv/v3", "switched off in 2025"),
        ("anilibria-fallback-url", "x", "is not a URL"),
        ("anilibria-user-agent", "кот", "must be visible ASCII characters"),
        ("upstream-timeout", "-1", INTEGER),
        ("upstream-attempt-timeout", "1.5", INTEGER),
        ("upstream-requests-per-second", "0", "must be a whole number from 1 to 4294967295"),
        ("watcher-requests-per-second", "0", INTEGER),
        ("sync-requests-per-second", "0", INTEGER),
        ("max-body-bytes", "1 GB", BYTES),
        ("max-uri-bytes", "0", BYTES),
        ("max-header-bytes", "99999999999999999 GiB", BYTES),
        ("max-concurrent-requests", "0", INTEGER),
        ("shutdown-timeout", "soon", INTEGER),
        ("cors-allow-origin", "https://a.example,anime", SITE),
        ("client-url", "anime", SITE),
        ("log-level", "loud", "must be trace, debug, info, warn"),
        ("log-format", "xml", "must be text or json"),
        ("log-requests", "some", "must be failed or all"),
        ("strict-parameters", "perhaps", SWITCH),
        ("log-slow-request-ms", "0", INTEGER),
        ("compression-memory-bytes", "many", BYTES),
        ("request-timeout", "0", INTEGER),
        ("header-timeout", "0", INTEGER),
        ("idle-timeout", "x", INTEGER),
        ("max-connections", "0", INTEGER),
        ("max-connections-per-client", "x", INTEGER),
        ("max-concurrent-requests-per-client", "x", INTEGER),
        ("max-answer-bytes-in-flight", "x", BYTES),
        ("max-concurrent-bodies", "x", INTEGER),
        ("rate-limit-requests-per-minute", "-1", INTEGER),
        ("rate-limit-burst", "0", INTEGER),
        ("rate-limit-user-per-minute", "x", INTEGER),
        ("rate-limit-service-per-minute", "4294967296", INTEGER),
        ("rate-limit-service-burst", "0", INTEGER),
        ("rate-limit-login-per-minute", "x", INTEGER),
        ("rate-limit-login-burst", "0", INTEGER),
        ("trusted-proxies", "10.0.0.0/8,proxy", "must be a list of addresses and networks"),
        ("trusted-clients", "10.0.0.0/99", "must be a list of addresses and networks"),
        ("cache-ttl-memory", "0", INTEGER),
        ("cache-ttl-redis", "0", INTEGER),
        ("cache-ttl-database", "soon", INTEGER),
        ("cache-stale", "-1", INTEGER),
        ("cache-memory-bytes", "many", BYTES),
        ("cache-disk-bytes", "many", BYTES),
        ("cache-dir", "", "must be a directory or `off`"),
        ("catalogue-enabled", "perhaps", SWITCH),
        ("sync-interval", "0", INTEGER),
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
        ("v3-session", "0", INTEGER),
        ("v3-session-memory-bytes", "many", BYTES),
        ("v3-search-threads", "0", INTEGER),
        ("v3-search-queue", "0", INTEGER),
        ("v3-page-queue", "0", INTEGER),
        ("v3-max-answer-bytes", "0", BYTES),
        ("v3-subscriptions", "0", INTEGER),
        ("v3-events-queue", "0", INTEGER),
        ("nodejs-service-url", "http://server?x=1", "must end with the path"),
        ("nodejs-fallback-enabled", "perhaps", SWITCH),
        ("auth-remote-validation", "perhaps", SWITCH),
        ("events-enabled", "perhaps", SWITCH),
        ("events-replay", "0", INTEGER),
        ("websocket-max-connections", "0", INTEGER),
        ("websocket-max-connections-per-client", "0", INTEGER),
        ("websocket-ping-interval", "0", INTEGER),
        ("websocket-ping-timeout", "x", INTEGER),
        ("notify-enabled", "perhaps", SWITCH),
        ("notify-attempts", "0", INTEGER),
        ("notify-retry", "0", INTEGER),
        ("notify-queue", "0", INTEGER),
        ("migration-mode", "perhaps", SWITCH),
        ("rollback-auto", "perhaps", SWITCH),
        ("rollback-error-rate", "5", "must be a number from 0 to 1"),
        ("rollback-mean", "0", INTEGER),
        ("rollback-min-requests", "few", INTEGER),
        ("rollback-window", "0", INTEGER),
        ("rollback-check", "0", INTEGER),
    ];

    fn command() -> Command {
        let mut command = Config::augment_args(Command::new("config").no_binary_name(true));
        command.build();
        command
    }

    /// Returns the message about `value` for the flag `flag`.
    fn message(flag: &str, value: &str) -> String {
        let error = Config::from_flags([format!("--{flag}={value}")]).unwrap_err();
        parse_error_message(&command(), &error, |_| None).unwrap_or_else(|| panic!("no message: {error}"))
    }

    #[test]
    fn message_names_variable_flag_and_reason() {
        let command = command();
        for (flag, value, reason) in INVALID {
            let arg = command.get_arguments().find(|arg| arg.get_long() == Some(flag)).unwrap();
            let variable = arg.get_env().unwrap().to_str().unwrap();

            let message = message(flag, value);

            assert!(message.starts_with(&format!("{variable} (--{flag}) ")), "{message}");
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn every_setting_has_a_test_case_or_is_unchecked() {
        let command = command();
        let covered: BTreeSet<_> = INVALID.iter().map(|(flag, ..)| *flag).collect();
        for arg in command.get_arguments().filter(|arg| arg.get_env().is_some()) {
            let variable = arg.get_env().unwrap().to_str().unwrap();
            let is_covered =
                UNCHECKED.contains(&variable) || arg.get_long().is_some_and(|flag| covered.contains(flag));
            assert!(is_covered, "no case for {variable}");
        }
    }

    #[test]
    fn login_and_query_of_a_quoted_value_are_masked() {
        for (flag, value) in [
            ("nodejs-service-url", "http://me:hunter2@server?x=1"),
            ("nodejs-service-url", "me:hunter2@server"),
            ("nodejs-service-url", "http://server?token=hunter2"),
            ("otel-exporter-otlp-endpoint", "ftp://me:hun@ter2:hunter2@jaeger"),
            ("anilibria-api-url", "https://me:hunter2@api.anilibria.tv/v3"),
            ("client-url", "me:hunter2@site"),
            ("cors-allow-origin", "https://a.example,me:hunter2@site"),
        ] {
            let message = message(flag, value);

            assert!(!message.contains("hunter2"), "{message}");
        }
        assert!(message("port", "x").ends_with("; got \"x\""));
        assert!(message("port", &"x".repeat(500)).len() < 200);
    }

    #[test]
    fn message_about_invalid_utf8_names_the_variable() {
        let error = clap::Error::new(ErrorKind::InvalidUtf8);
        let invalid = || {
            use std::os::unix::ffi::OsStringExt as _;
            OsString::from_vec(vec![0xff])
        };

        let message =
            parse_error_message(&command(), &error, |name| (name == "CACHE_TTL_REDIS").then(invalid))
                .unwrap();

        assert_eq!(message, "CACHE_TTL_REDIS (--cache-ttl-redis) must be UTF-8");
    }
}
