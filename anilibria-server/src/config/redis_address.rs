//! URL of Redis, for commands that need no other settings.

use std::path::PathBuf;

use clap::Args;

use super::{SecretUrl, files::fill_from_file};

/// URL of Redis.
#[derive(Clone, Debug, Args)]
pub struct RedisAddress {
    /// URL of Redis, which all instances share.
    #[arg(long, env, hide_env_values = true, global = true)]
    redis_url: Option<SecretUrl>,

    /// File with `REDIS_URL`.
    #[arg(long, env, global = true)]
    redis_url_file: Option<PathBuf>,
}

impl RedisAddress {
    /// Returns the URL; `None` if it is not set.
    ///
    /// # Errors
    ///
    /// Returns a message if the file cannot be read, or if the URL is given twice.
    pub fn url(&self) -> Result<Option<SecretUrl>, String> {
        let mut url = self.redis_url.clone();
        fill_from_file(&mut url, "REDIS_URL", self.redis_url_file.clone())?;
        Ok(url)
    }
}
