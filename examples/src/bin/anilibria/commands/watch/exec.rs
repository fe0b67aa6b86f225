//! Programs that run for each event.

use std::{process::Stdio, str::FromStr, sync::Arc, time::Duration};

use anilibria_client::{Client, watch::Event};
use anyhow::{Context as _, bail};
use tokio::{io::AsyncWriteExt as _, process::Command, sync::Semaphore, task::JoinSet, time::timeout};

use crate::{exit, output::text};

/// Time after which a program is killed.
const TIME_LIMIT: Duration = Duration::from_mins(10);

/// A program with its arguments.
#[derive(Clone, Debug)]
pub(super) struct Program {
    name: String,
    arguments: Vec<String>,
}

impl FromStr for Program {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = shlex::split(text).ok_or("a quote or a backslash has no end")?.into_iter();
        match words.next().filter(|name| !name.is_empty()) {
            Some(name) => Ok(Self { name, arguments: words.collect() }),
            None => Err("the name of the program is missing"),
        }
    }
}

/// Starts a program for each event, a limited number at the same time.
#[derive(Debug)]
pub(super) struct Executor {
    program: Program,
    slots: Arc<Semaphore>,
    running: JoinSet<()>,
}

impl Executor {
    pub(super) fn new(program: Program, jobs: u8) -> Self {
        Self { program, slots: Arc::new(Semaphore::new(jobs.into())), running: JoinSet::new() }
    }

    /// Starts the program for `event`, after another one has ended if too many are running.
    pub(super) async fn start(&mut self, client: &Client, event: &Event) -> anyhow::Result<()> {
        let slot = self.slots.clone().acquire_owned().await?;
        while self.running.try_join_next().is_some() {}
        let mut command = Command::new(&self.program.name);
        command.args(&self.program.arguments).envs(variables(client, event));
        let name = self.program.name.clone();
        let input = serde_json::to_vec(event)?;
        self.running.spawn(async move {
            if let Err(error) = run(command, &input).await {
                exit::report(&error.context(format!("program `{name}`")));
            }
            drop(slot);
        });
        Ok(())
    }

    /// Waits for all programs.
    pub(super) async fn finish(mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

async fn run(mut command: Command, input: &[u8]) -> anyhow::Result<()> {
    // Stdout belongs to the events.
    command.stdin(Stdio::piped()).stdout(std::io::stderr()).kill_on_drop(true);
    let mut child = command.spawn().context("cannot start")?;
    let stdin = child.stdin.take();
    let ended = timeout(TIME_LIMIT, async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input may close it.
            let _ = stdin.write_all(input).await;
        }
        child.wait().await
    });
    match ended.await {
        Ok(status) => match status.context("cannot wait for the end")? {
            status if status.success() => Ok(()),
            status => bail!("failed with {status}"),
        },
        Err(_) => bail!("killed after {} minutes", TIME_LIMIT.as_secs() / 60),
    }
}

/// Returns the facts about `event`, each in one line.
fn variables(client: &Client, event: &Event) -> Vec<(&'static str, String)> {
    let kind = event.kind().and_then(|kind| serde_json::to_value(kind).ok());
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or("resync");
    let mut variables = vec![("ANILIBRIA_EVENT", kind.to_owned())];
    if let Some(release) = event.release() {
        variables.extend([
            ("ANILIBRIA_RELEASE_ID", release.id.to_string()),
            ("ANILIBRIA_RELEASE_ALIAS", text::line(&release.alias)),
            ("ANILIBRIA_RELEASE_NAME", text::line(&release.name.main)),
            ("ANILIBRIA_RELEASE_URL", text::line(&release.page_url(client).unwrap_or_default())),
        ]);
    }
    if let Some(episode) = event.episode() {
        variables.extend([
            ("ANILIBRIA_EPISODE", episode.ordinal.to_string()),
            ("ANILIBRIA_EPISODE_NAME", text::line(episode.name.as_deref().unwrap_or_default())),
        ]);
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_is_split_into_words_without_a_shell() {
        let program: Program = r#"notify "New episode" $HOME 'a;b'"#.parse().unwrap();

        assert_eq!(program.name, "notify");
        assert_eq!(program.arguments, ["New episode", "$HOME", "a;b"]);
        assert!("'open".parse::<Program>().is_err());
        assert!("  ".parse::<Program>().is_err());
    }

    #[tokio::test]
    #[cfg(unix)]
    async fn programs_wait_for_a_slot() {
        let directory = tempfile::tempdir().unwrap();
        let lock = directory.path().join("lock");
        // `mkdir` fails if another program is running.
        let script =
            format!("sh -c 'mkdir {0} && sleep 0.05 && rmdir {0} || touch {0}.overlap'", lock.display());
        let mut executor = Executor::new(script.parse().unwrap(), 1);

        for _ in 0..4 {
            executor.start(&Client::new().unwrap(), &Event::Resync).await.unwrap();
        }
        executor.finish().await;

        assert_eq!(directory.path().read_dir().unwrap().count(), 0);
    }
}
