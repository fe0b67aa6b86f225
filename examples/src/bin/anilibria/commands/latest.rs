//! `anilibria latest`: the releases with the newest episodes.

use anilibria_client::model::Release;
use clap::Args;

use super::Context;
use crate::output::{Column, Table, format, names};

/// Lists the releases with the newest episodes, newest first
#[derive(Args, Debug)]
pub(crate) struct Latest {
    /// Maximum number of releases, from 1 to 50
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=50))]
    limit: u32,
}

impl Latest {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let latest = context.client().releases().latest().limit(self.limit).await?;
        context.print(&latest, |latest| table(latest))
    }
}

fn table(latest: &[Release]) -> Table {
    let columns = [
        Column::right("ID"),
        Column::flexible("NAME"),
        Column::right("EPISODE"),
        Column::left("DATE"),
        Column::left("ALIAS"),
    ];
    Table::new(columns).rows(latest, |release| {
        [
            release.id.to_string(),
            names(release),
            release.latest_episode.as_ref().map(|episode| episode.ordinal.to_string()).unwrap_or_default(),
            release.fresh_at.map(format::date).unwrap_or_default(),
            release.alias.clone(),
        ]
    })
}
