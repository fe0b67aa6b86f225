//! `flags`: shows and sets feature flags.

use anilibria_cache::Redis;
use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};

use super::block_on;
use crate::{
    config::RedisAddress,
    migration::flags::{Feature, Flags, Percentage, Setting, Switch, is_name},
};

/// What to do with which features.
#[derive(Clone, Debug, Args)]
pub struct FlagsCommand {
    /// Where they are.
    #[command(flatten)]
    pub redis: RedisAddress,

    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with features.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// Show all features that anything is set for.
    List,
    /// Show what is set for a feature, and whether it is on.
    Get {
        /// Name of the feature.
        #[arg(value_parser = name)]
        name: String,
        /// For whom it may be on, by id; for somebody who has not said who they are when left out.
        #[arg(long)]
        user: Option<u64>,
    },
    /// Set a feature for all, for a share of users or for one.
    Set {
        /// Name of the feature.
        #[arg(value_parser = name)]
        name: String,
        /// `enabled`, `disabled`, or a share of users such as `25%`.
        value: String,
        /// For whom alone, by id.
        #[arg(long)]
        user: Option<u64>,
    },
    /// Forget all that is set for a feature.
    Clear {
        /// Name of the feature.
        #[arg(value_parser = name)]
        name: String,
        /// Forget only what is set for this user.
        #[arg(long)]
        user: Option<u64>,
    },
}

/// Runs the command and prints the result.
pub fn run(command: &FlagsCommand) -> anyhow::Result<()> {
    block_on(async {
        let flags = flags(&command.redis)?.context("REDIS_URL is not set: features are there")?;
        let outcome = act(&flags, &command.action).await;
        outcome.map(|text| print!("{text}"))
    })
}

/// Returns the feature flags in the Redis at `address`; `None` if no address is set.
pub(super) fn flags(address: &RedisAddress) -> anyhow::Result<Option<Flags>> {
    let Some(url) = address.url().map_err(anyhow::Error::msg)? else { return Ok(None) };
    let redis = Redis::builder(url.expose()).build().with_context(|| format!("REDIS_URL is {url}"))?;
    Ok(Some(Flags::new(&redis)))
}

async fn act(flags: &Flags, action: &Action) -> anyhow::Result<String> {
    match action {
        Action::List => Ok(flags.list().await?.iter().map(|(name, feature)| line(name, feature)).collect()),
        Action::Get { name, user } => Ok(described(name, flags.read(name, *user).await?, *user)),
        Action::Set { name, value, user } => {
            set(flags, name, value, *user).await?;
            Ok(described(name, flags.read(name, *user).await?, *user))
        }
        Action::Clear { name, user } => {
            flags.clear(name, *user).await?;
            Ok(described(name, flags.read(name, *user).await?, *user))
        }
    }
}

async fn set(flags: &Flags, name: &str, value: &str, user: Option<u64>) -> anyhow::Result<()> {
    let switch = match value {
        "enabled" => Switch::Enabled,
        "disabled" => Switch::Disabled,
        _ => {
            let Some(share) = value.strip_suffix('%') else {
                bail!("`{value}` is none of `enabled`, `disabled` and a share such as `25%`")
            };
            let share: Percentage = share.parse().with_context(|| format!("`{value}`"))?;
            ensure!(user.is_none(), "a share is of all users: leave --user out");
            return Ok(flags.set_percentage(name, share).await?);
        }
    };
    match user {
        Some(user) => flags.set_user(name, user, switch).await?,
        None => flags.set_global(name, switch).await?,
    }
    Ok(())
}

fn line(name: &str, Feature { global, percentage, users }: &Feature) -> String {
    let users = users.iter().map(|(user, switch)| format!(" user:{user}={}", switch.as_str()));
    format!("{name}: {}{}\n", set_for_all(*global, *percentage), users.collect::<String>())
}

fn described(name: &str, setting: Setting, user: Option<u64>) -> String {
    let Setting { global, percentage, user: own } = setting;
    let own = own.map(|switch| format!(" user={}", switch.as_str())).unwrap_or_default();
    let whom = user.map(|user| format!(" for user {user}")).unwrap_or_default();
    let state = if setting.is_on(user) { "on" } else { "off" };
    format!("{name}: {}{own}, so it is {state}{whom}\n", set_for_all(global, percentage))
}

fn set_for_all(global: Option<Switch>, percentage: Option<Percentage>) -> String {
    let global = global.map_or("unset", Switch::as_str);
    let percentage = percentage.map_or_else(|| "unset".to_owned(), |share| format!("{share}%"));
    format!("global={global} percentage={percentage}")
}

fn name(text: &str) -> Result<String, String> {
    if is_name(text) {
        Ok(text.to_owned())
    } else {
        Err("must be up to 64 letters, digits, `_`, `-` and `.`".into())
    }
}
