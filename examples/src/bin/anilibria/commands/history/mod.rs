//! `anilibria history`: lists and watch history as files of this service and of others.

mod export;
mod import;

use std::sync::Arc;

use anilibria_client::{reflector::Catalog, transfer};
use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};

use self::{export::Export, import::Import};
use super::Context;

/// Exports and imports favorites, collections, watch history and scores
#[derive(Debug, Subcommand)]
pub(crate) enum History {
    Export(Export),
    Import(Import),
}

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Everything that AniLibria knows
    Json,
    /// JSON of Shikimori
    Shikimori,
    /// XML of MyAnimeList, which Shikimori imports as well
    Mal,
}

impl From<Format> for transfer::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Shikimori => Self::Shikimori,
            Format::Mal => Self::Mal,
        }
    }
}

impl History {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Export(export) => export.run(context).await,
            Self::Import(import) => import.run(context).await,
        }
    }
}

/// Reads the catalog, which knows the ids of other services.
async fn catalog(context: &Context) -> anyhow::Result<Arc<Catalog>> {
    let reflector = context.client().reflector();
    let reflector =
        if context.connection.sandbox.is_some() { reflector.unpaced() } else { reflector }.build();
    reflector.load().await.context("cannot read the catalog")?;
    Ok(reflector.catalog())
}
