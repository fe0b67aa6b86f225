//! `canary`: sets the share of clients that are served version 1 of the API by this service.

use std::{path::PathBuf, sync::LazyLock};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use regex::{Captures, Regex};

use super::{block_on, file, flags::flags};
use crate::{
    config::RedisAddress,
    migration::flags::{Flags, ROLLOUT_FEATURE, Setting, Switch},
};

/// Percentages of the rollout, in order.
const STEPS: [u8; 6] = [0, 10, 25, 50, 75, 100];

/// Command that reloads the configuration of nginx in containers.
const RELOAD_IN_COMPOSE: &str =
    "docker compose exec nginx nginx -t && docker compose exec nginx nginx -s reload";

/// Command that reloads the configuration of nginx without containers.
const RELOAD_PLAIN: &str = "sudo nginx -t && sudo systemctl reload nginx";

/// Line of nginx's `split_clients` with the share of this service. If the line is commented out, the share is 0.
static SHARE_LINE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^([ \t]*)(#?)[ \t]*([0-9]{1,3})%([ \t]+anilibria;)").ok());

/// Options of `canary`.
#[derive(Clone, Debug, Args)]
pub struct CanaryArgs {
    /// Path of the nginx file with the share.
    #[arg(long, env = "CANARY_FILE", default_value = "nginx/anilibria/canary.conf", global = true)]
    pub file: PathBuf,

    /// URL of Redis, where the feature flags are stored.
    #[command(flatten)]
    pub redis: RedisAddress,

    /// Action.
    #[command(subcommand)]
    pub action: Action,
}

/// An action of `canary`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Action {
    /// Show the share and the state of the feature flag.
    Status,
    /// Set the share, in percent: 0, 10, 25, 50, 75 or 100.
    Set {
        /// Share in percent.
        #[arg(value_parser = parse_step)]
        percent: u8,
    },
    /// Roll the canary back: set the share to 0 and disable the feature.
    Rollback,
}

/// Runs the command and prints the result.
///
/// # Errors
///
/// Returns an error if the file or the feature flag cannot be read or changed.
pub fn run(args: &CanaryArgs) -> anyhow::Result<()> {
    let flags = flags(&args.redis)?;
    match args.action {
        Action::Status => println!("{}", share_text(parse_share(&read_file(args)?)?)),
        Action::Set { percent } => set_share(args, percent)?,
        Action::Rollback => return rollback(args, flags.as_ref()),
    }
    block_on(print_feature(flags.as_ref()))
}

/// Sets the share to 0 and disables the feature. If one of the two fails, the other is done nevertheless.
fn rollback(args: &CanaryArgs, flags: Option<&Flags>) -> anyhow::Result<()> {
    let share_set = set_share(args, 0).context("the share is not set to 0");
    let feature_set = block_on(async {
        if let Some(flags) = flags {
            let disabled = flags.set_global(ROLLOUT_FEATURE, Switch::Disabled).await;
            disabled.with_context(|| format!("the feature {ROLLOUT_FEATURE} is not disabled"))?;
        }
        print_feature(flags).await
    });
    let failures = [share_set, feature_set].into_iter().filter_map(Result::err);
    let failures: Vec<_> = failures.map(|failure| format!("{failure:#}")).collect();
    ensure!(failures.is_empty(), failures.join("; "));
    Ok(())
}

/// Prints the state of the feature.
async fn print_feature(flags: Option<&Flags>) -> anyhow::Result<()> {
    match flags {
        Some(flags) => println!("{}", feature_text(flags).await?),
        None => println!("The feature {ROLLOUT_FEATURE} is unknown: REDIS_URL is not set"),
    }
    Ok(())
}

async fn feature_text(flags: &Flags) -> anyhow::Result<String> {
    let Setting { global, .. } = flags.read(ROLLOUT_FEATURE, None).await?;
    Ok(match global {
        Some(Switch::Disabled) => format!(
            "The feature {ROLLOUT_FEATURE} is disabled; `anilibria-server flags set {ROLLOUT_FEATURE} enabled` enables it"
        ),
        Some(Switch::Enabled) => format!("The feature {ROLLOUT_FEATURE} is enabled"),
        None => format!("The feature {ROLLOUT_FEATURE} is not set"),
    })
}

/// Sets the share in the file, and prints how to reload nginx.
fn set_share(args: &CanaryArgs, percent: u8) -> anyhow::Result<()> {
    let text = read_file(args)?;
    let before = parse_share(&text)?;
    file::replace(&args.file, &with_share(&text, percent)?)?;
    println!("{} (before: {before} %)", share_text(percent));
    println!(
        "Reload nginx to apply {}:\n  {RELOAD_IN_COMPOSE}\nor without containers:\n  {RELOAD_PLAIN}",
        args.file.display()
    );
    Ok(())
}

fn read_file(args: &CanaryArgs) -> anyhow::Result<String> {
    let text = file::read(&args.file)?;
    text.with_context(|| format!("{} does not exist: set the path with --file", args.file.display()))
}

fn share_text(percent: u8) -> String {
    format!("{percent} % of clients are served version 1 by anilibria-server")
}

/// Returns the share in `text`, the contents of the file.
///
/// # Errors
///
/// Returns an error if `text` does not contain exactly one line with a share up to 100 %.
fn parse_share(text: &str) -> anyhow::Result<u8> {
    let pattern = SHARE_LINE.as_ref().context("the pattern is invalid")?;
    let mut lines = pattern.captures_iter(text);
    let line = lines.next().context("the file has no line with a share, such as `10% anilibria;`")?;
    ensure!(lines.next().is_none(), "the file has several lines with a share");
    let percent: u8 =
        line[3].parse().ok().filter(|percent| *percent <= 100).context("the share is over 100 %")?;
    Ok(if line[2].is_empty() { percent } else { 0 })
}

/// Returns `text` with its share replaced by `percent`, and otherwise unchanged.
fn with_share(text: &str, percent: u8) -> anyhow::Result<String> {
    parse_share(text)?;
    let pattern = SHARE_LINE.as_ref().context("the pattern is invalid")?;
    let line = |line: &Captures<'_>| match percent {
        // nginx rejects a share of 0 %, so the line is commented out.
        0 => format!("{}#{}%{}", &line[1], &line[3], &line[4]),
        percent => format!("{}{percent}%{}", &line[1], &line[4]),
    };
    Ok(pattern.replace(text, line).into_owned())
}

/// Parses one of the [`STEPS`].
fn parse_step(text: &str) -> Result<u8, String> {
    let percent = text.trim_end_matches('%').parse().ok().filter(|percent| STEPS.contains(percent));
    percent.ok_or_else(|| "must be one of the steps 0, 10, 25, 50, 75 and 100".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contents of the file that is shipped with the service.
    const FILE: &str = include_str!("../../../deploy/nginx/anilibria/canary.conf");

    #[test]
    fn shipped_file_accepts_every_step_and_is_restored() {
        let mut text = FILE.to_owned();

        for step in [25, 0, 50, 100, 75, 0, 10] {
            text = with_share(&text, step).unwrap();

            assert_eq!(parse_share(&text).unwrap(), step);
            assert_eq!(text.lines().count(), FILE.lines().count());
        }

        assert_eq!(text, FILE);
    }

    #[test]
    fn share_of_zero_comments_the_line_out() {
        let text = with_share(FILE, 0).unwrap();

        assert!(text.contains("\n    #10% anilibria;\n"), "{text}");
    }

    #[test]
    fn file_without_exactly_one_share_is_an_error() {
        for text in
            ["", "server {}\n", "10% nodejs;\n", "10% anilibria;\n25% anilibria;\n", "101% anilibria;\n"]
        {
            assert!(with_share(text, 25).is_err(), "{text}");
        }
    }

    #[test]
    fn other_percentages_are_errors() {
        assert_eq!(parse_step("25"), Ok(25));
        assert_eq!(parse_step("25%"), Ok(25));
        for text in ["11", "101", "-1", "", "all"] {
            assert!(parse_step(text).is_err(), "{text}");
        }
    }
}
