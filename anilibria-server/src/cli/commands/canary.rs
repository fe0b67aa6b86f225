//! `canary`: sets the share of clients that get version 1 of the API from this service.

use std::{path::PathBuf, sync::LazyLock};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use regex::{Captures, Regex};

use super::{block_on, file, flags::flags};
use crate::{
    config::RedisAddress,
    migration::flags::{Flags, ROLLOUT_FEATURE, Setting, Switch},
};

/// Percentages of the roll-out, in order.
const STEPS: [u8; 6] = [0, 10, 25, 50, 75, 100];

/// Command that reloads the configuration of nginx.
const RELOAD: &str = "docker compose exec nginx nginx -t && docker compose exec nginx nginx -s reload";

/// Command that reloads the configuration of nginx without containers.
const RELOAD_PLAIN: &str = "sudo nginx -t && sudo systemctl reload nginx";

/// Line of nginx's `split_clients` with the share of this service. A line that begins with `#` is disabled and means no
/// share.
static SHARE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^([ \t]*)(#?)[ \t]*([0-9]{1,3})%([ \t]+anilibria;)").ok());

/// What to do with the canary.
#[derive(Clone, Debug, Args)]
pub struct Canary {
    /// File of nginx that has the share.
    #[arg(long, env = "CANARY_FILE", default_value = "nginx/anilibria/canary.conf", global = true)]
    pub file: PathBuf,

    /// Where features are switched.
    #[command(flatten)]
    pub redis: RedisAddress,

    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the canary.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Action {
    /// Show the share, and whether the feature is switched off.
    Status,
    /// Set the share, in percent: 0, 10, 25, 50, 75 or 100.
    Set {
        /// The share.
        #[arg(value_parser = step)]
        percent: u8,
    },
    /// Take everything back: the share is 0, and the feature is switched off.
    Rollback,
}

/// Runs the command and prints the next step.
pub fn run(canary: &Canary) -> anyhow::Result<()> {
    let flags = flags(&canary.redis)?;
    match canary.action {
        Action::Status => println!("{}", shared(share(&read(canary)?)?)),
        Action::Set { percent } => change(canary, percent)?,
        Action::Rollback => return rollback(canary, flags.as_ref()),
    }
    block_on(tell(flags.as_ref()))
}

/// Sets the share to zero and switches the feature off. A failure of one does not prevent the other.
fn rollback(canary: &Canary, flags: Option<&Flags>) -> anyhow::Result<()> {
    let shared = change(canary, 0).context("the share is not taken back");
    let switched = block_on(async {
        if let Some(flags) = flags {
            let switched = flags.set_global(ROLLOUT_FEATURE, Switch::Disabled).await;
            switched.with_context(|| format!("the feature {ROLLOUT_FEATURE} is not switched off"))?;
        }
        tell(flags).await
    });
    let failures = [shared, switched].into_iter().filter_map(Result::err);
    let failures: Vec<_> = failures.map(|failure| format!("{failure:#}")).collect();
    ensure!(failures.is_empty(), failures.join("; "));
    Ok(())
}

/// Prints the setting of the feature.
async fn tell(flags: Option<&Flags>) -> anyhow::Result<()> {
    match flags {
        Some(flags) => println!("{}", feature(flags).await?),
        None => println!("The feature {ROLLOUT_FEATURE} is not looked at: REDIS_URL is not set"),
    }
    Ok(())
}

async fn feature(flags: &Flags) -> anyhow::Result<String> {
    let Setting { global, .. } = flags.read(ROLLOUT_FEATURE, None).await?;
    Ok(match global {
        Some(Switch::Disabled) => format!(
            "The feature {ROLLOUT_FEATURE} is disabled; `anilibria-server flags set {ROLLOUT_FEATURE} enabled` puts an end to that"
        ),
        Some(Switch::Enabled) => format!("The feature {ROLLOUT_FEATURE} is enabled"),
        None => format!("The feature {ROLLOUT_FEATURE} is not set"),
    })
}

fn change(canary: &Canary, percent: u8) -> anyhow::Result<()> {
    let text = read(canary)?;
    let before = share(&text)?;
    file::replace(&canary.file, &with_share(&text, percent)?)?;
    println!("{}; until now {before} %", shared(percent));
    println!(
        "nginx has yet to read {}:\n  {RELOAD}\nor without containers:\n  {RELOAD_PLAIN}",
        canary.file.display()
    );
    Ok(())
}

fn read(canary: &Canary) -> anyhow::Result<String> {
    let text = file::read(&canary.file)?;
    text.with_context(|| format!("there is no {}: name the file with --file", canary.file.display()))
}

fn shared(percent: u8) -> String {
    format!("{percent} % of clients get version 1 from anilibria-server")
}

/// Returns the share in `text`, the contents of such a file.
fn share(text: &str) -> anyhow::Result<u8> {
    let pattern = SHARE.as_ref().context("the pattern is none")?;
    let mut lines = pattern.captures_iter(text);
    let line = lines.next().context("the file has no line with a share, such as `10% anilibria;`")?;
    ensure!(lines.next().is_none(), "the file has several lines with a share");
    let percent: u8 =
        line[3].parse().ok().filter(|percent| *percent <= 100).context("the share is over 100 %")?;
    Ok(if line[2].is_empty() { percent } else { 0 })
}

/// Returns `text` with its share replaced by `percent`, and otherwise unchanged.
fn with_share(text: &str, percent: u8) -> anyhow::Result<String> {
    share(text)?;
    let pattern = SHARE.as_ref().context("the pattern is none")?;
    let line = |line: &Captures<'_>| match percent {
        // nginx rejects a share of 0 %, so the line is commented out.
        0 => format!("{}#{}%{}", &line[1], &line[3], &line[4]),
        percent => format!("{}{percent}%{}", &line[1], &line[4]),
    };
    Ok(pattern.replace(text, line).into_owned())
}

fn step(text: &str) -> Result<u8, String> {
    let percent = text.trim_end_matches('%').parse().ok().filter(|percent| STEPS.contains(percent));
    percent.ok_or_else(|| "must be one of the steps 0, 10, 25, 50, 75 and 100".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file as shipped with the service.
    const FILE: &str = include_str!("../../../deploy/nginx/anilibria/canary.conf");

    #[test]
    fn shipped_file_takes_every_step_and_comes_back() {
        let mut text = FILE.to_owned();

        for step in [25, 0, 50, 100, 75, 0, 10] {
            text = with_share(&text, step).unwrap();

            assert_eq!(share(&text).unwrap(), step);
            assert_eq!(text.lines().count(), FILE.lines().count());
        }

        assert_eq!(text, FILE);
    }

    #[test]
    fn no_share_is_a_line_behind_a_hash() {
        let text = with_share(FILE, 0).unwrap();

        assert!(text.contains("\n    #10% anilibria;\n"), "{text}");
    }

    #[test]
    fn file_that_is_another_is_left_alone() {
        for text in
            ["", "server {}\n", "10% nodejs;\n", "10% anilibria;\n25% anilibria;\n", "101% anilibria;\n"]
        {
            assert!(with_share(text, 25).is_err(), "{text}");
        }
    }

    #[test]
    fn only_the_steps_are_taken() {
        assert_eq!(step("25"), Ok(25));
        assert_eq!(step("25%"), Ok(25));
        for text in ["11", "101", "-1", "", "all"] {
            assert!(step(text).is_err(), "{text}");
        }
    }
}
