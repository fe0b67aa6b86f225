//! The command line.

pub mod commands;

use std::{env, ffi::OsString, process::ExitCode};

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use tracing::{Level, error};

use crate::{
    cli::commands::{canary::Canary, compare::Compare, flags::FlagsCommand},
    config::{Address, Config, LogConfig, LogFormat, guards, show},
    telemetry::logging,
};

/// The anime site's AniLibria service.
#[derive(Debug, Parser)]
#[command(name = "anilibria-server", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; `serve` when left out.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// How to serve.
    #[command(flatten)]
    pub serve: Serve,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API.
    Serve(Serve),
    /// Serve a stand-in for AniLiberty API v1 and nothing else.
    Sandbox(Alone),
    /// Print the OpenAPI document.
    Openapi {
        /// Form of the document.
        #[arg(long, value_enum, default_value_t = Format::Json)]
        format: Format,
    },
    /// Ask a running service whether it lives; the exit code tells.
    Healthcheck(Address),
    /// Compare what this service and the Node service tell of the same titles; the exit code tells.
    Compare(Compare),
    /// Show and set what features are switched on, and for whom.
    Flags(FlagsCommand),
    /// Show and set the share of clients that get version 1 of the API from this service, in a file of nginx.
    Canary(Canary),
    /// Print the settings that would be used, with secrets masked.
    Config(Serve),
}

impl Command {
    /// Returns the format of the command's log. Commands without a log print text.
    fn log_format(&self) -> LogFormat {
        match self {
            Self::Serve(serve) => serve.config.log_format(),
            Self::Sandbox(alone) => alone.log_format(),
            _ => LogFormat::Text,
        }
    }
}

/// How to serve.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Read from a stand-in for AniLiberty, served at `/sandbox`, in place of AniLiberty itself. It is polled every second
    /// unless `SYNC_INTERVAL_SECONDS` is set.
    #[arg(long)]
    pub sandbox: bool,

    /// What the sandbox holds.
    #[command(flatten)]
    pub catalogue: Catalogue,

    /// Settings.
    #[command(flatten)]
    pub config: Config,
}

/// How to serve the sandbox alone.
#[derive(Clone, Debug, Args)]
pub struct Alone {
    /// Where to listen.
    #[command(flatten)]
    pub address: Address,

    /// What the sandbox holds.
    #[command(flatten)]
    pub catalogue: Catalogue,

    /// What to log.
    #[command(flatten)]
    pub log: LogConfig,
}

impl Alone {
    /// Returns the format of the log, text by default.
    pub fn log_format(&self) -> LogFormat {
        self.log.log_format.unwrap_or(LogFormat::Text)
    }
}

/// What a sandbox holds.
#[derive(Clone, Copy, Debug, Args)]
pub struct Catalogue {
    /// Seed of the sandbox's catalogue: the same one gives the same releases.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// How many releases the sandbox has.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub releases: u32,
}

/// Form of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Runs the command of the process.
pub fn run() -> ExitCode {
    let matches = command(|name| env::var_os(name)).get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let command = cli.command.unwrap_or(Command::Serve(cli.serve));
    let format = command.log_format();
    let done = match command {
        Command::Serve(serve) => commands::serve::run(&serve),
        Command::Sandbox(alone) => commands::sandbox::run(&alone),
        Command::Openapi { format } => commands::openapi::run(format),
        Command::Healthcheck(address) => commands::healthcheck::run(&address),
        Command::Compare(compare) => return commands::compare::run(&compare),
        Command::Flags(command) => commands::flags::run(&command),
        Command::Canary(canary) => commands::canary::run(&canary),
        Command::Config(serve) => print_config(&matches, &serve.config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error, format);
            ExitCode::FAILURE
        }
    }
}

/// Prints why a command failed, in the format of its log.
fn report(error: &anyhow::Error, format: LogFormat) {
    match format {
        LogFormat::Text => eprintln!("error: {error:#}"),
        LogFormat::Json => {
            // The command may have failed before it started the log.
            logging::init(Level::ERROR, format, None);
            error!(error = format!("{error:#}"), "Command failed");
        }
    }
}

/// Value of `SYNC_INTERVAL_SECONDS` with `--sandbox`, where a request costs nothing and a person waits for the event.
const SANDBOX_SYNC_INTERVAL: &str = "1";

/// Returns the command line. Environment variables that are set but empty count as unset, because compose files pass unset
/// variables as empty ones. Secrets are an exception: otherwise a misspelt name in such a file would silently disable a
/// protection.
fn command(variable: impl Fn(&str) -> Option<OsString>) -> clap::Command {
    let forget_empty = |arg: clap::Arg| {
        let name = arg.get_env().and_then(|name| name.to_str()).filter(|name| !guards(name));
        let empty = name.and_then(&variable).is_some_and(|value| value.is_empty());
        if empty { arg.env(None) } else { arg }
    };
    let adapt = |arg| quicken(forget_empty(arg));
    Cli::command().mut_args(adapt).mut_subcommands(|subcommand| subcommand.mut_args(adapt))
}

/// Gives the interval between polls its default value for the sandbox.
fn quicken(arg: clap::Arg) -> clap::Arg {
    if arg.get_id() == "sync_interval" {
        arg.default_value_if("sandbox", "true", SANDBOX_SYNC_INTERVAL)
    } else {
        arg
    }
}

fn print_config(matches: &ArgMatches, config: &Config) -> anyhow::Result<()> {
    config.complete().map_err(anyhow::Error::msg)?;
    let command = Cli::command();
    let called =
        matches.subcommand().and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches)));
    if let Some((command, matches)) = called {
        print!("{}", show(command, matches));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str], variable: impl Fn(&str) -> Option<OsString>) -> Cli {
        let matches = command(variable).try_get_matches_from(args).unwrap();
        Cli::from_arg_matches(&matches).unwrap()
    }

    #[test]
    fn command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serving_is_the_default() {
        let bare = parse(&["anilibria-server", "--sandbox", "--port", "0"], |_| None);

        assert!(bare.command.is_none());
        assert!(bare.serve.sandbox);
        assert_eq!(bare.serve.config.address.port, 0);
    }

    #[test]
    fn serve_takes_the_same_options() {
        let cli =
            parse(&["anilibria-server", "serve", "--sandbox", "--seed", "7", "--releases", "30"], |_| None);

        let Some(Command::Serve(serve)) = cli.command else { panic!("not serve") };
        assert!(serve.sandbox);
        assert_eq!((serve.catalogue.seed, serve.catalogue.releases), (7, 30));
    }

    #[test]
    fn sandbox_is_polled_every_second_unless_an_interval_is_set() {
        let interval = |args: &[&str]| {
            let cli = parse(&[&["anilibria-server"], args].concat(), |_| None);
            let Some(Command::Serve(serve) | Command::Config(serve)) = cli.command else {
                return cli.serve.config.catalogue.sync_interval.as_secs();
            };
            serve.config.catalogue.sync_interval.as_secs()
        };

        for command in [&[][..], &["serve"], &["config"]] {
            assert_eq!(interval(command), 60, "{command:?}");
            assert_eq!(interval(&[command, &["--sandbox"]].concat()), 1, "{command:?}");
            assert_eq!(
                interval(&[command, &["--sandbox", "--sync-interval=30"]].concat()),
                30,
                "{command:?}"
            );
        }
    }

    #[test]
    fn empty_variable_is_no_variable() {
        let all_empty = command(|_| Some(OsString::new()));

        let subcommands = all_empty.get_subcommands().cloned().chain([all_empty.clone()]);

        let mut variables = subcommands.flat_map(|command| {
            let names = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str().map(str::to_owned));
            names.collect::<Vec<_>>()
        });
        assert!(variables.all(|name| guards(&name)));
    }
}
