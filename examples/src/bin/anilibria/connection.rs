//! The connection to AniLiberty, to another API, or to the sandbox in the process.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anilibria_client::{
    Client,
    model::CollectionKind,
    sandbox::{RunningSandbox, Sandbox},
    session::FileTokenStore,
};
use anyhow::Context as _;
use etcetera::{BaseStrategy as _, choose_base_strategy};

use url::Url;

use crate::cli::Global;

/// Directory of the token, in place of the user's configuration directory.
const CONFIG_DIR: &str = "ANILIBRIA_CONFIG_DIR";

/// Maximum number of characters of an API address in the file name of a token.
const MAX_NAME: usize = 200;

/// Release of the sandbox that is named [`SANDBOX_NAME`].
pub(crate) const SANDBOX_RELEASE: u32 = 228;
/// A name to search for in the sandbox, whose other names are generated.
const SANDBOX_NAME: &str = "Наруто (Naruto)";

/// A client with its session, and the sandbox that it talks to.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// Stops when it is dropped; `None` without `--sandbox`.
    pub(crate) sandbox: Option<RunningSandbox>,
}

impl Connection {
    /// Connects as the options say. Only the sandbox is contacted here.
    pub(crate) async fn open(global: &Global) -> anyhow::Result<Self> {
        if global.sandbox {
            return Self::sandbox().await;
        }
        let mut builder = Client::builder();
        if let Some(url) = &global.base_url {
            builder = builder.mirror(url.as_str());
        }
        let directory = config_dir().context("cannot find the configuration directory")?;
        let token = directory.join(token_name(global.base_url.as_ref()));
        Ok(Self { client: builder.token_store(FileTokenStore::new(token)).build()?, sandbox: None })
    }

    async fn sandbox() -> anyhow::Result<Self> {
        let sandbox = Sandbox::new();
        sandbox.rename(SANDBOX_RELEASE, SANDBOX_NAME)?;
        let sandbox = sandbox.start().await.context("cannot start the sandbox")?;
        let client = Client::builder().mirror(sandbox.api_url()).build()?;
        Ok(Self { client, sandbox: Some(sandbox) })
    }

    /// Logs in to the sandbox, whose account exists in this process only, and fills its lists.
    pub(crate) async fn log_in_to_sandbox(&self) -> anyhow::Result<()> {
        if self.sandbox.is_some() {
            self.client.session().log_in(Sandbox::LOGIN, Sandbox::PASSWORD).await?;
            self.client.favorites().add([SANDBOX_RELEASE, 1, 2]).await?;
            self.client.collections().put(CollectionKind::Watching, [SANDBOX_RELEASE]).await?;
            self.client.collections().put(CollectionKind::Watched, [1]).await?;
        }
        Ok(())
    }
}

/// Creates the directory of the token, which only its owner may enter.
pub(crate) fn create_config_dir() -> anyhow::Result<()> {
    let directory = config_dir()?;
    create_private(&directory).with_context(|| format!("cannot create `{}`", directory.display()))
}

fn create_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn config_dir() -> anyhow::Result<PathBuf> {
    match std::env::var_os(CONFIG_DIR).filter(|directory| !directory.is_empty()) {
        Some(directory) => Ok(directory.into()),
        None => Ok(choose_base_strategy()?.config_dir().join("anilibria")),
    }
}

/// Returns the name of the file with the token. Each API has a separate token, so that no token is sent to another API.
fn token_name(base_url: Option<&Url>) -> String {
    let Some(url) = base_url else { return "token".to_owned() };
    let safe = |symbol: char| if symbol.is_ascii_alphanumeric() || symbol == '.' { symbol } else { '_' };
    let name: String = url.as_str().chars().map(safe).take(MAX_NAME).collect();
    format!("token-{name}")
}
