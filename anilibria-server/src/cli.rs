//! The command line.

pub mod commands;

use std::{env, ffi::OsString, process::ExitCode};

use anilibria_client::ClientBuilder;
use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use tracing::{Level, error};

use crate::{
    app::caching,
    cli::commands::{canary::Canary, compare::Compare, flags::FlagsCommand},
    config::{
        Config, EffectiveSetting, ListenAddress, LogConfig, LogFormat, is_secret_setting, parse,
        parse_error_message, settings_as_yaml,
    },
    telemetry::logging,
    v2::openapi::SpecVersion,
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
        /// Version of the OpenAPI specification.
        #[arg(long, value_enum, default_value_t)]
        spec: SpecVersion,
    },
    /// Ask a running service whether it lives; the exit code tells.
    Healthcheck(ListenAddress),
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
            Self::Sandbox(alone) => alone.log.format(),
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
    pub catalog: Catalog,

    /// Settings.
    #[command(flatten)]
    pub config: Config,
}

/// How to serve the sandbox alone.
#[derive(Clone, Debug, Args)]
pub struct Alone {
    /// Where to listen.
    #[command(flatten)]
    pub address: ListenAddress,

    /// What the sandbox holds.
    #[command(flatten)]
    pub catalog: Catalog,

    /// What to log.
    #[command(flatten)]
    pub log: LogConfig,
}

/// What a sandbox holds.
#[derive(Clone, Copy, Debug, Args)]
pub struct Catalog {
    /// Seed of the sandbox's catalog: the same one gives the same releases.
    #[arg(long, value_parser = parse::integer::<u64>(0..=u64::MAX), default_value = "1")]
    pub seed: u64,

    /// How many releases the sandbox has.
    #[arg(long, value_parser = parse::integer::<u32>(1..=100_000), default_value = "300")]
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
    let matches = match matches(env::args_os(), |name| env::var_os(name)) {
        Ok(matches) => matches,
        Err(refused) => return refused.print(),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let command = cli.command.unwrap_or(Command::Serve(cli.serve));
    let format = command.log_format();
    let done = match command {
        Command::Serve(serve) => commands::serve::run(&serve),
        Command::Sandbox(alone) => commands::sandbox::run(&alone),
        Command::Openapi { format, spec } => commands::openapi::run(spec, format),
        Command::Healthcheck(address) => commands::healthcheck::run(&address),
        Command::Compare(compare) => return commands::compare::run(&compare),
        Command::Flags(command) => commands::flags::run(&command),
        Command::Canary(canary) => commands::canary::run(&canary),
        Command::Config(serve) => print_config(&matches, &serve),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error, format);
            ExitCode::FAILURE
        }
    }
}

/// Parses `arguments` and the environment variables that `variable` returns.
fn matches(
    arguments: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<ArgMatches, Refused> {
    let mut command = command(&variable);
    command.try_get_matches_from_mut(arguments).map_err(|error| {
        command.build();
        parse_error_message(&command, &error, variable)
            .map_or_else(|| Refused::Usage(Box::new(error)), Refused::Setting)
    })
}

/// Reason for which a command line is not run.
#[derive(Debug)]
enum Refused {
    /// The value of a setting is invalid.
    Setting(String),
    /// The command line is malformed, or only asks for help.
    Usage(Box<clap::Error>),
}

impl Refused {
    /// Prints the reason and returns the exit code.
    fn print(self) -> ExitCode {
        match self {
            Self::Setting(message) => {
                eprintln!("error: {message}");
                ExitCode::from(2)
            }
            Self::Usage(error) => error.exit(),
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
            error!(error = &**error, "service failed");
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
        let name = arg.get_env().and_then(|name| name.to_str()).filter(|name| !is_secret_setting(name));
        let empty = name.and_then(&variable).is_some_and(|value| value.is_empty());
        if empty { arg.env(None) } else { arg }
    };
    let adapt = |arg| with_sandbox_default(forget_empty(arg));
    Cli::command().mut_args(adapt).mut_subcommands(|subcommand| subcommand.mut_args(adapt))
}

/// Gives the interval between polls its default value for the sandbox.
fn with_sandbox_default(arg: clap::Arg) -> clap::Arg {
    if arg.get_id() == "sync_interval" {
        arg.default_value_if("sandbox", "true", SANDBOX_SYNC_INTERVAL)
    } else {
        arg
    }
}

fn print_config(matches: &ArgMatches, serve: &Serve) -> anyhow::Result<()> {
    let config = serve.config.resolve().map_err(anyhow::Error::msg)?;
    let effective = [config.effective_settings(), effective_settings(&config, serve.sandbox)].concat();
    let command = Cli::command();
    let called =
        matches.subcommand().and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches)));
    if let Some((command, matches)) = called {
        print!("{}", settings_as_yaml(command, matches, &effective));
    }
    Ok(())
}

/// Returns the values in effect of settings that depend on more than settings.
fn effective_settings(config: &Config, sandbox: bool) -> Vec<EffectiveSetting> {
    let mut effective = Vec::new();
    if config.mirrors().is_none() && !sandbox {
        let mirrors = ClientBuilder::LIVE_MIRRORS.to_vec();
        effective.push(EffectiveSetting::unset("ANILIBRIA_API_URL", mirrors, "the public mirrors"));
    }
    if config.cache.cache_dir.is_none() {
        let directory = caching::directory(&config.cache, !sandbox);
        let directory = directory.map_or_else(|| "off".to_owned(), |path| path.display().to_string());
        let origin = if sandbox { "none with --sandbox" } else { "the user's cache directory" };
        effective.push(EffectiveSetting::unset("CACHE_DIR", directory, origin));
    }
    effective
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str], variable: impl Fn(&str) -> Option<OsString>) -> Cli {
        let matches = command(variable).try_get_matches_from(args).unwrap();
        Cli::from_arg_matches(&matches).unwrap()
    }

    #[test]
    fn command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serving_is_the_default() {
        let bare = parsed(&["anilibria-server", "--sandbox", "--port", "0"], |_| None);

        assert!(bare.command.is_none());
        assert!(bare.serve.sandbox);
        assert_eq!(bare.serve.config.address.port, 0);
    }

    #[test]
    fn serve_takes_the_same_options() {
        let cli =
            parsed(&["anilibria-server", "serve", "--sandbox", "--seed", "7", "--releases", "30"], |_| None);

        let Some(Command::Serve(serve)) = cli.command else { panic!("not serve") };
        assert!(serve.sandbox);
        assert_eq!((serve.catalog.seed, serve.catalog.releases), (7, 30));
    }

    #[test]
    fn sandbox_is_polled_every_second_unless_an_interval_is_set() {
        let interval = |args: &[&str]| {
            let cli = parsed(&[&["anilibria-server"], args].concat(), |_| None);
            let Some(Command::Serve(serve) | Command::Config(serve)) = cli.command else {
                return cli.serve.config.catalog.sync_interval.as_secs();
            };
            serve.config.catalog.sync_interval.as_secs()
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
        assert!(variables.all(|name| is_secret_setting(&name)));
    }
}
