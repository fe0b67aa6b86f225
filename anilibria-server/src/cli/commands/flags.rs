//! `flags`: shows and sets feature flags.

use anilibria_cache::Redis;
use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};

use super::block_on;
use crate::{
    config::RedisAddress,
    migration::flags::{Feature, Flags, Percentage, Setting, Switch, is_name},
};

/// Options of `flags`.
#[derive(Clone, Debug, Args)]
pub struct FlagsArgs {
    /// URL of Redis, where the feature flags are stored.
    #[command(flatten)]
    pub redis: RedisAddress,

    /// Action.
    #[command(subcommand)]
    pub action: Action,
}

/// An action of `flags`.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// Show all features with their settings.
    List,
    /// Show the settings of a feature, and whether it is on.
    Get {
        /// Name of the feature.
        #[arg(value_parser = name)]
        name: String,
        /// Id of a user for whom the feature is evaluated; an anonymous client if omitted.
        #[arg(long)]
        user: Option<u64>,
    },
    /// Set a feature for all users, for a share of users or for one user.
    Set {
        /// Name of the feature.
        #[arg(value_parser = name)]
        name: String,
        /// Value of the feature: `enabled`, `disabled`, or a share of users such as `25%`.
        value: String,
        /// Id of the only user for whom the feature is set; all users if omitted.
        #[arg(long)]
        user: Option<u64>,
    },
    /// Remove the settings of a feature.
    Clear {
        /// Name of the feature.
        #[arg(value_parser = name)]
        name: String,
        /// Id of the only user whose setting is removed; all settings if omitted.
        #[arg(long)]
        user: Option<u64>,
    },
}

/// Runs the command and prints the result.
///
/// # Errors
///
/// Returns an error if `REDIS_URL` is not set, or if Redis fails.
pub fn run(args: &FlagsArgs) -> anyhow::Result<()> {
    block_on(async {
        let flags = flags(&args.redis)?.context("REDIS_URL is not set: feature flags are stored in Redis")?;
        let text = execute(&flags, &args.action).await?;
        print!("{text}");
        Ok(())
    })
}

/// Returns the feature flags in the Redis at `address`; `None` if no address is set.
pub(super) fn flags(address: &RedisAddress) -> anyhow::Result<Option<Flags>> {
    let Some(url) = address.url().map_err(anyhow::Error::msg)? else { return Ok(None) };
    let redis = Redis::builder(url.expose()).build().with_context(|| format!("REDIS_URL is {url}"))?;
    Ok(Some(Flags::new(&redis)))
}

/// Executes `action` and returns the text to print.
async fn execute(flags: &Flags, action: &Action) -> anyhow::Result<String> {
    match action {
        Action::List => {
            Ok(flags.list().await?.iter().map(|(name, feature)| feature_line(name, feature)).collect())
        }
        Action::Get { name, user } => Ok(setting_text(name, flags.read(name, *user).await?, *user)),
        Action::Set { name, value, user } => {
            set(flags, name, value, *user).await?;
            Ok(setting_text(name, flags.read(name, *user).await?, *user))
        }
        Action::Clear { name, user } => {
            flags.clear(name, *user).await?;
            Ok(setting_text(name, flags.read(name, *user).await?, *user))
        }
    }
}

async fn set(flags: &Flags, name: &str, value: &str, user: Option<u64>) -> anyhow::Result<()> {
    let switch = match value {
        "enabled" => Switch::Enabled,
        "disabled" => Switch::Disabled,
        _ => {
            let Some(share) = value.strip_suffix('%') else {
                bail!("`{value}` is not `enabled`, `disabled` or a share such as `25%`")
            };
            let share: Percentage = share.parse().with_context(|| format!("`{value}`"))?;
            ensure!(user.is_none(), "a share applies to all users: omit --user");
            return Ok(flags.set_percentage(name, share).await?);
        }
    };
    match user {
        Some(user) => flags.set_user(name, user, switch).await?,
        None => flags.set_global(name, switch).await?,
    }
    Ok(())
}

/// Returns the line of a feature in the list.
fn feature_line(name: &str, Feature { global, percentage, users }: &Feature) -> String {
    let users = users.iter().map(|(user, switch)| format!(" user:{user}={}", switch.as_str()));
    format!("{name}: {}{}\n", global_text(*global, *percentage), users.collect::<String>())
}

/// Returns the settings of a feature, and its state for `user`.
fn setting_text(name: &str, setting: Setting, user: Option<u64>) -> String {
    let Setting { global, percentage, user: own } = setting;
    let own = own.map(|switch| format!(" user={}", switch.as_str())).unwrap_or_default();
    let for_user = user.map(|user| format!(" for user {user}")).unwrap_or_default();
    let state = if setting.is_on(user) { "on" } else { "off" };
    format!("{name}: {}{own}, so it is {state}{for_user}\n", global_text(global, percentage))
}

fn global_text(global: Option<Switch>, percentage: Option<Percentage>) -> String {
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
