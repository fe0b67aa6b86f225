//! `anilibria history export`.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anilibria_client::transfer::{AccountState, ListWriter, WrittenList};
use anyhow::Context as _;
use clap::{Args, ValueHint};
use serde_json::json;
use tokio::{fs::OpenOptions, io::AsyncWriteExt as _};

use super::{Format, catalog};
use crate::{
    commands::Context,
    output::{self, text},
};

/// Writes the lists and the watch history of the account to a file
///
/// Entries that the format cannot hold are reported. JSON holds all of them.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Format of the file
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// New file; stdout if missing
    #[arg(long, value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Replaces an existing file
    #[arg(long, requires = "file")]
    force: bool,
}

impl Export {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client();
        context.connection.log_in_to_sandbox().await?;
        let mut account = AccountState::read(client).await?;
        let catalog = catalog(context).await?;
        if self.format == Format::Json {
            account.read_history(client).await?;
        }
        let releases = account.releases(&catalog);
        account.read_scores(client, releases).await?;
        let list = ListWriter::new(self.format.into()).write(&account.document(&catalog));
        let Some(file) = &self.file else {
            io::stdout().write_all(&list.bytes)?;
            for line in summary(&list) {
                anstream::eprintln!("{line}");
            }
            return Ok(());
        };
        self.write(file, &list.bytes).await.with_context(|| format!("cannot write `{}`", file.display()))?;
        if context.is_json {
            let left_out = list.left_out.iter();
            let left_out: Vec<_> = left_out
                .map(|left| json!({ "entry": left.entry.number, "title": left.entry.title, "reason": left.reason }))
                .collect();
            return output::json(&json!({ "written": list.written, "left_out": left_out }));
        }
        Ok(summary(&list).iter().try_for_each(output::line)?)
    }

    async fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        // A list that is already there may be the only backup.
        options.write(true).create(true).create_new(!self.force).truncate(self.force);
        let mut file = options.open(path).await?;
        file.write_all(bytes).await?;
        file.sync_all().await
    }
}

fn summary(list: &WrittenList) -> Vec<String> {
    let mut lines = vec![format!("{} entries written, {} left out", list.written, list.left_out.len())];
    lines.extend(
        list.left_out
            .iter()
            .map(|left| format!("  {}: {}", text::line(&left.entry.to_string()), left.reason)),
    );
    lines
}
