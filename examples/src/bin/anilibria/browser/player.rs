//! The player that shows episodes.

use std::{ffi::OsString, io, path::Path, process::Stdio};

use tokio::process::Command;
use url::Url;

/// Environment variable with the program that plays episodes.
const VARIABLE: &str = "ANILIBRIA_PLAYER";

/// Environment variable in which a player finds the title of the episode.
const TITLE: &str = "ANILIBRIA_TITLE";

const DEFAULT: &str = "mpv";

/// A program that plays episodes.
#[derive(Clone, Debug)]
pub(super) struct Player {
    program: OsString,
}

impl Player {
    /// Returns the program of the environment variable `ANILIBRIA_PLAYER`, or `mpv`.
    pub(super) fn from_env() -> Self {
        let program = std::env::var_os(VARIABLE).filter(|program| !program.is_empty());
        Self { program: program.unwrap_or_else(|| DEFAULT.into()) }
    }

    /// Plays a stream, and returns when the player ends.
    ///
    /// The player has no access to the terminal and continues if this future is dropped. Fails with a message for the user.
    pub(super) async fn play(&self, title: &str, stream: &str) -> Result<(), String> {
        let url = Url::parse(stream).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        // Anything else could be taken for an option or a file.
        let url = url.ok_or_else(|| "the stream has no web address".to_owned())?;
        let program = Path::new(&self.program).display();
        let status = match self.command(title, &url).status().await {
            Ok(status) => status,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(format!(
                    "the player `{program}` was not found; set {VARIABLE} to another one, or open {url}"
                ));
            }
            Err(error) => {
                return Err(format!("the player `{program}` could not be started: {error}; open {url}"));
            }
        };
        if status.success() {
            Ok(())
        } else {
            Err(format!("the player `{program}` failed ({status}); open {url}"))
        }
    }

    fn command(&self, title: &str, url: &Url) -> Command {
        let mut command = Command::new(&self.program);
        // Other players do not know this option.
        if Path::new(&self.program).file_stem().is_some_and(|name| name == DEFAULT) {
            command.arg(format!("--force-media-title={title}"));
        }
        command.arg(url.as_str()).env(TITLE, title);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Signals of the terminal are for the browser.
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mpv_gets_the_title_as_an_option() {
        let url = Url::parse("https://example.org/7.m3u8").unwrap();
        let arguments = |program: &str| {
            let player = Player { program: program.into() };
            let command = player.command("Name - 7", &url);
            command.as_std().get_args().map(std::ffi::OsStr::to_owned).collect::<Vec<_>>()
        };

        assert_eq!(arguments("/usr/bin/mpv"), ["--force-media-title=Name - 7", "https://example.org/7.m3u8"]);
        assert_eq!(arguments("vlc"), ["https://example.org/7.m3u8"]);
    }

    #[tokio::test]
    async fn failures_name_the_program_and_the_stream() {
        let player = Player { program: "/no/such/player".into() };

        let missing = player.play("Name", "https://example.org/7.m3u8").await.unwrap_err();
        let option = player.play("Name", "--script=evil.lua").await.unwrap_err();

        assert_eq!(
            missing,
            "the player `/no/such/player` was not found; set ANILIBRIA_PLAYER to another one, or open \
             https://example.org/7.m3u8"
        );
        assert_eq!(option, "the stream has no web address");
    }
}
