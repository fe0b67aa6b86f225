//! Where Redis is, for commands that need nothing else.

use std::path::PathBuf;

use clap::Args;

use super::{SecretUrl, files::fill};

/// Where Redis is.
#[derive(Clone, Debug, Args)]
pub struct RedisAddress {
    /// Redis, which all instances share.
    #[arg(long, env, hide_env_values = true, global = true)]
    redis_url: Option<SecretUrl>,

    /// File with `REDIS_URL`.
    #[arg(long, env, global = true)]
    redis_url_file: Option<PathBuf>,
}

impl RedisAddress {
    /// Its URL, if one is set. Refuses a file that cannot be read, and an address that is given twice.
    pub fn url(&self) -> Result<Option<SecretUrl>, String> {
        let mut url = self.redis_url.clone();
        fill(&mut url, "REDIS_URL", self.redis_url_file.clone())?;
        Ok(url)
    }
}
