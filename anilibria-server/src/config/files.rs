//! Secrets in files. Files appear in no list of variables or processes, and container platforms provide secrets as files.

use std::{convert::Infallible, fs::File, io::Read as _, path::PathBuf, str::FromStr};

use clap::Args;

use super::{
    Config,
    effective::{EffectiveSetting, MASK},
};

/// Maximum size of a file in bytes. A larger file is probably the wrong one.
const MAX_BYTES: u64 = 64 * 1024;

/// Files with secrets.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Secrets in files")]
pub struct SecretFiles {
    /// File with `JWT_SECRET`, which must be unset; a trailing line break is ignored.
    #[arg(long, env)]
    pub jwt_secret_file: Option<PathBuf>,

    /// File with `JWT_SECRET_PREVIOUS`.
    #[arg(long, env)]
    pub jwt_secret_previous_file: Option<PathBuf>,

    /// File with `INTERNAL_JWT_SECRET`.
    #[arg(long, env)]
    pub internal_jwt_secret_file: Option<PathBuf>,

    /// File with `INTERNAL_JWT_SECRET_PREVIOUS`.
    #[arg(long, env)]
    pub internal_jwt_secret_previous_file: Option<PathBuf>,

    /// File with `TORZNAB_API_KEY`.
    #[arg(long, env)]
    pub torznab_api_key_file: Option<PathBuf>,

    /// File with `REDIS_URL`.
    #[arg(long, env)]
    pub redis_url_file: Option<PathBuf>,

    /// File with `MONGODB_URI`.
    #[arg(long, env)]
    pub mongodb_uri_file: Option<PathBuf>,
}

impl Config {
    /// Reads the settings that are in files.
    ///
    /// # Errors
    ///
    /// Returns a message if a file cannot be read or is empty, or if a setting is also given without a file.
    pub(super) fn read_files(&mut self) -> Result<(), String> {
        let SecretFiles {
            jwt_secret_file,
            jwt_secret_previous_file,
            internal_jwt_secret_file,
            internal_jwt_secret_previous_file,
            torznab_api_key_file,
            redis_url_file,
            mongodb_uri_file,
        } = self.files.clone();
        let (auth, cache) = (&mut self.auth, &mut self.cache);
        fill_from_file(&mut auth.jwt_secret, "JWT_SECRET", jwt_secret_file)?;
        fill_from_file(&mut auth.jwt_secret_previous, "JWT_SECRET_PREVIOUS", jwt_secret_previous_file)?;
        fill_from_file(&mut auth.internal_jwt_secret, "INTERNAL_JWT_SECRET", internal_jwt_secret_file)?;
        let previous = internal_jwt_secret_previous_file;
        fill_from_file(&mut auth.internal_jwt_secret_previous, "INTERNAL_JWT_SECRET_PREVIOUS", previous)?;
        fill_from_file(&mut self.torznab.torznab_api_key, "TORZNAB_API_KEY", torznab_api_key_file)?;
        fill_from_file(&mut cache.redis_url, "REDIS_URL", redis_url_file)?;
        fill_from_file(&mut cache.mongodb_uri, "MONGODB_URI", mongodb_uri_file)
    }
}

impl Config {
    /// Returns the settings that were read from files, with secrets and passwords masked.
    pub(super) fn settings_in_files(&self) -> impl Iterator<Item = EffectiveSetting> {
        let (files, cache) = (&self.files, &self.cache);
        let secrets = [
            ("JWT_SECRET", &files.jwt_secret_file),
            ("JWT_SECRET_PREVIOUS", &files.jwt_secret_previous_file),
            ("INTERNAL_JWT_SECRET", &files.internal_jwt_secret_file),
            ("INTERNAL_JWT_SECRET_PREVIOUS", &files.internal_jwt_secret_previous_file),
            ("TORZNAB_API_KEY", &files.torznab_api_key_file),
        ];
        let secrets = secrets.into_iter().map(|(name, file)| (name, file, Some(MASK.to_owned())));
        let urls = [
            ("REDIS_URL", &files.redis_url_file, &cache.redis_url),
            ("MONGODB_URI", &files.mongodb_uri_file, &cache.mongodb_uri),
        ];
        let urls =
            urls.into_iter().map(|(name, file, url)| (name, file, url.as_ref().map(ToString::to_string)));
        secrets.chain(urls).filter(|(_, file, _)| file.is_some()).map(|(name, _, value)| EffectiveSetting {
            name,
            value: value.into(),
            origin: format!("from {name}_FILE"),
        })
    }
}

/// Sets `setting`, the setting called `name`, to the contents of `file`.
///
/// # Errors
///
/// Returns a message if `file` cannot be read, is empty or larger than 64 KiB, or if `setting` already has a value.
pub(super) fn fill_from_file<T>(
    setting: &mut Option<T>,
    name: &str,
    file: Option<PathBuf>,
) -> Result<(), String>
where
    T: FromStr<Err = Infallible>,
{
    let Some(file) = file else { return Ok(()) };
    if setting.is_some() {
        return Err(format!("{name} and {name}_FILE are both set: set only one of them"));
    }
    let mut text = String::new();
    let read = File::open(&file).and_then(|opened| opened.take(MAX_BYTES + 1).read_to_string(&mut text));
    let length = read.map_err(|error| format!("{name}_FILE: cannot read {}: {error}", file.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if length as u64 > MAX_BYTES || text.is_empty() {
        let problem = if text.is_empty() { "is empty" } else { "is larger than 64 KiB" };
        return Err(format!("{name}_FILE: {} {problem}", file.display()));
    }
    let Ok(value) = text.parse();
    *setting = Some(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    const GOOD: &str = "0123456789abcdef0123456789abcdef";

    fn read(flags: &[String]) -> Result<Config, String> {
        let mut config = Config::from_flags(flags).unwrap();
        config.read_files()?;
        Ok(config)
    }

    fn written(directory: &Path, name: &str, text: &str) -> String {
        let file = directory.join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    #[test]
    fn secrets_are_read_from_files() {
        let directory = tempfile::tempdir().unwrap();
        let flag =
            |name: &str, text: &str| format!("--{name}-file={}", written(directory.path(), name, text));

        let config = read(&[
            flag("jwt-secret", &format!("{GOOD}1\n")),
            flag("jwt-secret-previous", &format!("{GOOD}2\r\n")),
            flag("internal-jwt-secret", &format!("{GOOD}3")),
            flag("internal-jwt-secret-previous", &format!("{GOOD}4\n\n")),
            flag("torznab-api-key", &format!("{GOOD}5\n")),
            flag("redis-url", "redis://:hunter2@redis\n"),
            flag("mongodb-uri", "mongodb://admin:hunter2@mongodb/site\n"),
        ])
        .unwrap();

        let auth = &config.auth;
        let secrets = [
            &auth.jwt_secret,
            &auth.jwt_secret_previous,
            &auth.internal_jwt_secret,
            &auth.internal_jwt_secret_previous,
            &config.torznab.torznab_api_key,
        ];
        for (number, secret) in (1..).zip(secrets) {
            assert_eq!(secret.as_ref().unwrap().expose(), format!("{GOOD}{number}"));
        }
        assert_eq!(config.cache.redis_url.as_ref().unwrap().expose(), "redis://:hunter2@redis");
        assert_eq!(
            config.cache.mongodb_uri.as_ref().unwrap().expose(),
            "mongodb://admin:hunter2@mongodb/site"
        );
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn error_about_a_file_names_its_variable() {
        let directory = tempfile::tempdir().unwrap();
        let large = "x".repeat(65 * 1024);
        for (name, text, problem) in
            [("empty", "", "is empty"), ("blank", "\n", "is empty"), ("large", &large, "64 KiB")]
        {
            let file = written(directory.path(), name, text);
            let error = read(&[format!("--internal-jwt-secret-file={file}")]).unwrap_err();

            assert!(error.starts_with("INTERNAL_JWT_SECRET_FILE: ") && error.contains(problem), "{error}");
        }
        let error = read(&["--redis-url-file=/nowhere/at/all".to_owned()]).unwrap_err();
        assert!(error.starts_with("REDIS_URL_FILE: cannot read /nowhere/at/all"), "{error}");
    }

    #[test]
    fn error_about_a_setting_given_twice_contains_no_secret() {
        let directory = tempfile::tempdir().unwrap();
        let file = written(directory.path(), "secret", "hunter2");

        let error = read(&[format!("--jwt-secret-file={file}"), format!("--jwt-secret={GOOD}")]).unwrap_err();

        assert!(error.contains("JWT_SECRET and JWT_SECRET_FILE"), "{error}");
        assert!(!error.contains("hunter2") && !error.contains(GOOD), "{error}");
    }
}
