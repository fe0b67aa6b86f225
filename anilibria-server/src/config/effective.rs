//! The settings in effect, as text.

use anilibria_http::cors::AllowedOrigins;
use clap::{Arg, ArgMatches, Command, ValueEnum as _, parser::ValueSource};
use serde_json::Value;

use super::{Config, secret::is_secret, secret_url::without_password};

/// Text shown in place of a secret.
pub(super) const MASK: &str = "***";

/// Value in effect of a setting that is not set directly.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveSetting {
    /// Environment variable of the setting.
    pub name: &'static str,
    /// Value: a text or a list of texts.
    pub value: Value,
    /// Origin of the value.
    pub origin: String,
}

impl EffectiveSetting {
    /// Creates the value that applies because the setting `name` is not set.
    pub fn unset(name: &'static str, value: impl Into<Value>, origin: &str) -> Self {
        Self { name, value: value.into(), origin: format!("not set: {origin}") }
    }
}

impl Config {
    /// Returns the values in effect of settings that are not set directly, except for those that this module cannot derive. Must
    /// be called on [resolved](Self::resolve) settings.
    pub fn effective_settings(&self) -> Vec<EffectiveSetting> {
        let mut effective = vec![EffectiveSetting {
            name: "PROMETHEUS_ENABLED",
            value: self.telemetry.serves_metrics().to_string().into(),
            origin: self.telemetry.metrics_enabled.map_or("default", |_| "from METRICS_ENABLED").to_owned(),
        }];
        if self.log.log_format.is_none() {
            let format = self.log_format().to_possible_value().map(|value| value.get_name().to_owned());
            effective.push(EffectiveSetting::unset("LOG_FORMAT", format, "by ENVIRONMENT"));
        }
        if self.cors_allow_origin.is_none()
            && let AllowedOrigins::Listed(origins) = self.origins()
        {
            let origins: Vec<_> = origins.iter().filter_map(|origin| origin.to_str().ok()).collect();
            effective.push(EffectiveSetting::unset(
                "CORS_ALLOW_ORIGIN",
                origins,
                "CLIENT_URL and local sites",
            ));
        }
        effective.extend(self.settings_in_files());
        effective
    }
}

/// Returns the settings of `command` as YAML: one line per environment variable, with its value and the origin of the value. A
/// value comes from `matches`, or from `effective` if it is not set. Secrets and passwords in URLs are masked.
pub fn settings_as_yaml(command: &Command, matches: &ArgMatches, effective: &[EffectiveSetting]) -> String {
    command.get_arguments().filter_map(|arg| line(arg, matches, effective)).collect()
}

fn line(arg: &Arg, matches: &ArgMatches, effective: &[EffectiveSetting]) -> Option<String> {
    let name = arg.get_env()?.to_str()?;
    let id = arg.get_id().as_str();
    let raw = matches.get_raw(id).map(|values| values.filter_map(|value| value.to_str()).collect::<Vec<_>>());
    let (value, origin) = match raw {
        Some(texts) => (masked(arg, name, &texts.join(",")), origin(matches.value_source(id)).to_owned()),
        None => match effective.iter().find(|effective| effective.name == name) {
            Some(EffectiveSetting { value, origin, .. }) => (value.to_string(), origin.clone()),
            None => ("null".to_owned(), "not set".to_owned()),
        },
    };
    Some(format!("{name}: {value}  # {origin}\n"))
}

fn origin(source: Option<ValueSource>) -> &'static str {
    match source {
        Some(ValueSource::CommandLine) => "from the command line",
        Some(ValueSource::EnvVariable) => "from the environment",
        _ => "default",
    }
}

fn masked(arg: &Arg, name: &str, text: &str) -> String {
    let is_hidden = is_secret(name) || (arg.is_hide_env_values_set() && !text.contains("://"));
    // JSON is valid YAML.
    Value::from(if is_hidden { MASK.to_owned() } else { without_password(text) }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_masked_and_unset_value_is_null() {
        let command = Command::new("test")
            .no_binary_name(true)
            .arg(Arg::new("secret").long("secret").env("SOME_SECRET_FOR_TEST").hide_env_values(true))
            .arg(Arg::new("other").long("other").env("SOME_OTHER_FOR_TEST"))
            .arg(Arg::new("list").long("list").env("SOME_LIST_FOR_TEST").value_delimiter(','))
            .arg(Arg::new("derived").long("derived").env("SOME_DERIVED_FOR_TEST"))
            .arg(Arg::new("plain").long("plain"));
        let matches = command.clone().get_matches_from(["--secret=hunter2", "--plain=x", "--list=a,b"]);
        let derived = EffectiveSetting::unset("SOME_DERIVED_FOR_TEST", vec!["a", "b"], "two letters");

        let text = settings_as_yaml(&command, &matches, &[derived]);

        let expected = "SOME_SECRET_FOR_TEST: \"***\"  # from the command line\n\
                        SOME_OTHER_FOR_TEST: null  # not set\n\
                        SOME_LIST_FOR_TEST: \"a,b\"  # from the command line\n\
                        SOME_DERIVED_FOR_TEST: [\"a\",\"b\"]  # not set: two letters\n";
        assert_eq!(text, expected);
    }

    fn effective(flags: &[&str]) -> Vec<(&'static str, String, String)> {
        let config = Config::from_flags(flags.iter().copied()).unwrap().resolve().unwrap();
        config.effective_settings().into_iter().map(|it| (it.name, it.value.to_string(), it.origin)).collect()
    }

    #[test]
    fn derived_settings_have_values() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("redis");
        std::fs::write(&file, "redis://:hunter2@redis\n").unwrap();
        let file = format!("--redis-url-file={}", file.display());

        let found = effective(&[
            "--metrics-enabled=false",
            "--environment=staging",
            "--client-url=https://a.example",
            &file,
        ]);

        let has = |name, value: &str, origin| {
            assert!(found.contains(&(name, value.to_owned(), String::from(origin))), "{name}: {found:?}");
        };
        has("PROMETHEUS_ENABLED", "\"false\"", "from METRICS_ENABLED");
        has("LOG_FORMAT", "\"json\"", "not set: by ENVIRONMENT");
        let origins = r#"["https://a.example","http://localhost:3000","http://127.0.0.1:3000"]"#;
        has("CORS_ALLOW_ORIGIN", origins, "not set: CLIENT_URL and local sites");
        has("REDIS_URL", "\"redis://:***@redis\"", "from REDIS_URL_FILE");
        assert!(effective(&[]).contains(&("PROMETHEUS_ENABLED", "\"true\"".into(), "default".into())));
    }
}
