//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use url::Url;

use crate::commands::{
    completions::Completions, download::Download, favorites::Favorites, history::History, latest::Latest,
    login::Login, man::Man, schedule::Schedule, search::Search, show::Show, torrent::Torrent, watch::Watch,
};

/// The last section of the long help and of the manual page.
const AFTER_HELP: &str = "\
Exit status:
  0    success
  1    another error
  2    invalid command line
  3    nothing found
  4    not logged in, or the login was refused
  5    AniLiberty cannot be reached
  130  interrupted by Ctrl-C

Environment:
  NO_COLOR               disables colours
  ANILIBRIA_PLAYER       player of the browser, in place of mpv
  ANILIBRIA_CONFIG_DIR   directory of the session token
  HTTPS_PROXY, NO_PROXY  proxy, and the hosts that are connected without it";

/// AniLibria in the terminal: search, watch for new episodes, download, favorites
///
/// Without a command, opens a browser for the terminal.
#[derive(Debug, Parser)]
#[command(name = "anilibria", version, after_long_help = AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Works offline, with a stand-in of AniLiberty in the process
    ///
    /// Its releases are made up. The account is `demo` with the password `demo`; commands that need an account log in by
    /// themselves. All changes end with the process.
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,
    /// Sends requests to another API, such as `http://127.0.0.1:8080/api/v1`
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "sandbox", value_parser = base_url)]
    pub(crate) base_url: Option<Url>,
    /// Prints JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Colours the output
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: Color,
}

/// Parses the address of an API.
fn base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(format!("the scheme is `{scheme}`, not http or https")),
    }
}

/// The use of colours.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Makes this choice the one of the process.
    pub(crate) fn apply(self) {
        let choice = match self {
            Self::Auto => return,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        console::set_colors_enabled_stderr(matches!(self, Self::Always));
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Service(ServiceCommand),
    #[command(flatten)]
    Local(LocalCommand),
}

/// Commands that send requests.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    Search(Search),
    Show(Show),
    Latest(Latest),
    Schedule(Schedule),
    Watch(Watch),
    Download(Download),
    Torrent(Torrent),
    Login(Login),
    /// Ends the session and removes its token
    Logout,
    #[command(subcommand)]
    Favorites(Favorites),
    #[command(subcommand)]
    History(History),
}

/// Commands that need no connection.
#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    Completions(Completions),
    Man(Man),
}
