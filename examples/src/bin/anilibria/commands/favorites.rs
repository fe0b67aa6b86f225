//! `anilibria favorites`: the favorites of the account.

use clap::{Args, Subcommand};
use futures::TryStreamExt as _;

use super::{Context, releases::ids, search};
use crate::output;

/// Lists and changes the favorites of the account
#[derive(Debug, Subcommand)]
pub(crate) enum Favorites {
    /// Lists the favorites
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
                return context.print(&releases, search::table, "the account has no favorites");
            }
            Self::Add(Releases { releases }) => favorites.add(ids(context, &releases).await?).await?,
            Self::Remove(Releases { releases }) => favorites.remove(ids(context, &releases).await?).await?,
        };
        if context.is_json {
            return output::json(&left);
        }
        output::line(format_args!("{} favorites", left.len()))?;
        Ok(())
    }
}
