//! `anilibria search`: releases by name.

use anilibria_client::model::Release;
use clap::Args;

use super::Context;
use crate::output::{Column, Table, names};

/// Searches releases by name, in Russian or in Latin letters
#[derive(Args, Debug)]
pub(crate) struct Search {
    /// A part of a name; several words need no quotes
    #[arg(required = true)]
    text: Vec<String>,
}

impl Search {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let text = self.text.join(" ");
        let found = context.client().search(&text).await?;
        context.print(&found, table, format!("nothing found for `{text}`"))
    }
}

/// Returns a table of releases.
pub(super) fn table(releases: &[Release]) -> Table {
    let columns = [
        Column::right("ID"),
        Column::flexible("NAME"),
        Column::left("YEAR"),
        Column::left("KIND"),
        Column::left("STATUS"),
        Column::left("ALIAS"),
    ];
    Table::new(columns).rows(releases, |release| {
        [
            release.id.to_string(),
            names(release),
            release.year.map(|year| year.to_string()).unwrap_or_default(),
            release.kind.as_ref().map(ToString::to_string).unwrap_or_default(),
            release.status().to_string(),
            release.alias.clone(),
        ]
    })
}
