//! `anilibria history import`.

use std::{io, path::PathBuf};

use anilibria_client::transfer::{AccountState, Applied, ListReader, Plan, plan};
use anyhow::Context as _;
use clap::{Args, ValueHint};
use serde_json::{Value, json};
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt as _, stdin},
};

use super::{Format, catalog};
use crate::{
    commands::Context,
    output::{self, FAINT, text},
};

/// Maximum size of a file in bytes.
const MAX_SIZE: usize = 16 << 20;

/// Compares a file with the account, and imports it with `--apply`
///
/// An import adds to the account and never removes. Entries that AniLibria does not know are reported, and so are values for
/// which the account is further than the file. A damaged file is refused as a whole.
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// Format of the file; detected if missing
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file; stdin if missing
    #[arg(long, value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Changes the account; only the changes are printed otherwise
    #[arg(long)]
    apply: bool,
}

impl Import {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let name =
            self.file.as_ref().map_or_else(|| "stdin".to_owned(), |file| format!("`{}`", file.display()));
        let bytes = self.read().await.with_context(|| format!("cannot read {name}"))?;
        let mut reader = ListReader::new().max_bytes(MAX_SIZE);
        if let Some(format) = self.format {
            reader = reader.format(format.into());
        }
        let document = reader.read(&bytes).with_context(|| format!("cannot import {name}"))?;

        let client = context.client();
        context.connection.log_in_to_sandbox().await?;
        let mut account = AccountState::read(client).await?;
        let catalog = catalog(context).await?;
        let mut changes = plan(&document, &catalog, &account);
        if !changes.unread_scores.is_empty() {
            account.read_scores(client, changes.unread_scores.iter().copied()).await?;
            changes = plan(&document, &catalog, &account);
        }
        if !context.is_json {
            print(&changes)?;
        }
        let report = report(&changes);
        let applied = if self.apply { Some(changes.apply(client).await?) } else { None };
        if context.is_json {
            return output::json(&json!({ "plan": report, "applied": applied.as_ref().map(applied_report) }));
        }
        let outcome = match applied {
            Some(applied) => format!("applied: {applied}"),
            None => format!("{FAINT}nothing was changed; `--apply` imports the file{FAINT:#}"),
        };
        Ok(output::line(outcome)?)
    }

    async fn read(&self) -> io::Result<Vec<u8>> {
        match &self.file {
            Some(path) => read(File::open(path).await?).await,
            None => read(stdin()).await,
        }
    }
}

/// Reads one byte more than the limit, so that the reader of lists refuses a longer file.
async fn read(source: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_SIZE as u64 + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Prints the changes, and everything that an import leaves out.
fn print(plan: &Plan) -> io::Result<()> {
    plan.to_string().lines().try_for_each(output::line)?;
    let details = details(plan).into_iter().flat_map(|(_, details)| details);
    details.map(|detail| format!("  {}", text::line(&detail))).try_for_each(output::line)
}

/// Returns the entries that need a look, by kind.
fn details(plan: &Plan) -> [(&'static str, Vec<String>); 3] {
    [
        ("conflicts", plan.conflicts.iter().map(ToString::to_string).collect()),
        ("ambiguous", plan.ambiguous.iter().map(ToString::to_string).collect()),
        ("skipped", plan.skipped.iter().map(ToString::to_string).collect()),
    ]
}

fn report(plan: &Plan) -> Value {
    let mut report = json!({
        "collections": plan.collections.len(),
        "favorites": plan.favorites.len(),
        "episodes": plan.timecodes.len(),
        "scores": plan.scores.len(),
        "unchanged": plan.unchanged,
    });
    for (kind, details) in details(plan) {
        report[kind] = details.into();
    }
    report
}

fn applied_report(applied: &Applied) -> Value {
    json!({
        "collections": applied.collections,
        "favorites": applied.favorites,
        "episodes": applied.timecodes,
        "scores": applied.scores,
    })
}
