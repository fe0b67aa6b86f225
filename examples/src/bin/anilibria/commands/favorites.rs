//! `anilibria favorites`: the favourites of the account.

use clap::{Args, Subcommand};
use futures::TryStreamExt as _;

use super::{Context, releases::ids, search};
use crate::{exit::Failure, output};

/// Lists and changes the favourites of the account
#[derive(Debug, Subcommand)]
pub(crate) enum Favorites {
    /// Lists the favourites
    List,
    /// Adds releases
    Add(Releases),
    /// Removes releases
    Remove(Releases),
}

/// Releases to add or remove.
#[derive(Args, Debug)]
pub(crate) struct Releases {
    /// Ids or aliases
    #[arg(required = true, value_name = "RELEASE")]
    releases: Vec<String>,
}

impl Favorites {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        context.connection.log_in_to_sandbox().await?;
        let favorites = context.client().favorites();
        let left = match self {
            Self::List => {
                let releases: Vec<_> = favorites.releases().limit(50).items().try_collect().await?;
                if releases.is_empty() && !context.is_json {
                    return Err(Failure::NothingFound("the account has no favourites".to_owned()).into());
                }
                return context.print(&releases, |releases| search::table(releases));
            }
            Self::Add(Releases { releases }) => favorites.add(ids(context, &releases).await?).await?,
            Self::Remove(Releases { releases }) => favorites.remove(ids(context, &releases).await?).await?,
        };
        if context.is_json {
            return output::json(&left);
        }
        output::line(format_args!("{} favourites", left.len()))?;
        Ok(())
    }
}
