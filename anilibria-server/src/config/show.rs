//! The effective configuration as text.

use clap::{Arg, ArgMatches, Command, parser::ValueSource};

use super::{secret::is_secret, secret_url::without_password};

/// What stands in place of a secret.
const MASK: &str = "***";

/// Every setting of `command` that has an environment name, as YAML: its value in `matches` and where that is from.
/// Passwords in URLs and values of settings that hide them are masked.
pub fn show(command: &Command, matches: &ArgMatches) -> String {
    command.get_arguments().filter_map(|arg| line(arg, matches)).collect()
}

fn line(arg: &Arg, matches: &ArgMatches) -> Option<String> {
    let name = arg.get_env()?.to_str()?;
    let id = arg.get_id().as_str();
    let raw = matches.get_raw(id).and_then(|mut values| values.next()).and_then(|value| value.to_str());
    let value = match raw {
        None => "null".to_owned(),
        Some(_) if is_secret(name) => quoted(MASK),
        Some(text) if arg.is_hide_env_values_set() && !text.contains("://") => quoted(MASK),
        Some(text) => quoted(&without_password(text)),
    };
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => "from the command line",
        Some(ValueSource::EnvVariable) => "from the environment",
        Some(_) => "default",
        None => "not set",
    };
    Some(format!("{name}: {value}  # {source}\n"))
}

/// `text` in double quotes, which JSON and YAML read alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_value_is_masked_and_absent_one_is_null() {
        let command = Command::new("test")
            .no_binary_name(true)
            .arg(Arg::new("secret").long("secret").env("SOME_SECRET_FOR_TEST").hide_env_values(true))
            .arg(Arg::new("other").long("other").env("SOME_OTHER_FOR_TEST"))
            .arg(Arg::new("plain").long("plain"));
        let matches = command.clone().get_matches_from(["--secret=hunter2", "--plain=x"]);

        let text = show(&command, &matches);

        let expected =
            "SOME_SECRET_FOR_TEST: \"***\"  # from the command line\nSOME_OTHER_FOR_TEST: null  # not set\n";
        assert_eq!(text, expected);
    }
}
