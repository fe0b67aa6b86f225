//! The command line.

pub mod commands;

use std::{env, ffi::OsString, process::ExitCode};

use anilibria_client::ClientBuilder;
use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use tracing::{Level, error};

use crate::{
    app::caching,
    cli::commands::{canary::CanaryArgs, compare::CompareArgs, flags::FlagsArgs},
    config::{
        Config, EffectiveSetting, ListenAddress, LogConfig, LogFormat, is_secret_setting, parse,
        parse_error_message, settings_as_yaml,
    },
    telemetry::logging,
    v2::openapi::SpecVersion,
};

/// AniLibria service of the anime site: a cached REST API for AniLibria.
#[derive(Debug, Parser)]
#[command(name = "anilibria-server", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Command. Default: `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Options of `serve`.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API.
    Serve(ServeArgs),
    /// Serve only the sandbox, a simulated AniLiberty API v1.
    Sandbox(SandboxArgs),
    /// Print the OpenAPI document.
    Openapi {
        /// Format of the document.
        #[arg(long, value_enum, default_value_t = Format::Json)]
        format: Format,
        /// Version of the OpenAPI specification.
        #[arg(long, value_enum, default_value_t)]
        spec: SpecVersion,
    },
    /// Check that a running service is alive.
    ///
    /// The exit code is 0 if it is alive, and 1 if not.
    Healthcheck(ListenAddress),
    /// Compare the titles of this service and of the Node service.
    ///
    /// The exit code is 0 if enough comparisons are equal, 1 if too few are, and 2 if some could not be made.
    Compare(CompareArgs),
    /// Show and set feature flags for all users, for a share of users or for one user.
    Flags(FlagsArgs),
    /// Show and set the share of clients that are served version 1 of the API by this service, in a file of nginx.
    Canary(CanaryArgs),
    /// Print the settings in effect, with secrets masked.
    Config(ServeArgs),
}

impl Command {
    /// Returns the format of the command's log. Default for commands without a log: text.
    fn log_format(&self) -> LogFormat {
        match self {
            Self::Serve(serve) => serve.config.log_format(),
            Self::Sandbox(sandbox) => sandbox.log.format(),
            _ => LogFormat::Text,
        }
    }
}

/// Options of `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Enables the sandbox, a simulated AniLiberty at `/sandbox`.
    ///
    /// The service reads from it in place of AniLiberty, and polls it
    /// every second unless `SYNC_INTERVAL_SECONDS` is set.
    #[arg(long)]
    pub sandbox: bool,

    /// Contents of the sandbox.
    #[command(flatten)]
    pub catalog: SandboxCatalog,

    /// Settings of the service.
    #[command(flatten)]
    pub config: Config,
}

/// Options of `sandbox`.
#[derive(Clone, Debug, Args)]
pub struct SandboxArgs {
    /// Address to listen on.
    #[command(flatten)]
    pub address: ListenAddress,

    /// Contents of the sandbox.
    #[command(flatten)]
    pub catalog: SandboxCatalog,

    /// Settings of the log.
    #[command(flatten)]
    pub log: LogConfig,
}

/// Contents of a sandbox.
#[derive(Clone, Copy, Debug, Args)]
pub struct SandboxCatalog {
    /// Seed of the sandbox's catalog. The same seed generates the same releases.
    #[arg(long, value_parser = parse::integer::<u64>(0..=u64::MAX), default_value = "1")]
    pub seed: u64,

    /// Number of releases in the sandbox.
    #[arg(long, value_parser = parse::integer::<u32>(1..=100_000), default_value = "300")]
    pub releases: u32,
}

/// Format of the document.
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
        Err(error) => return error.print(),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let command = cli.command.unwrap_or(Command::Serve(cli.serve));
    let format = command.log_format();
    let result = match command {
        Command::Serve(serve) => commands::serve::run(&serve),
        Command::Sandbox(sandbox) => commands::sandbox::run(&sandbox),
        Command::Openapi { format, spec } => commands::openapi::run(spec, format),
        Command::Healthcheck(address) => commands::healthcheck::run(&address),
        Command::Compare(compare) => return commands::compare::run(&compare),
        Command::Flags(command) => commands::flags::run(&command),
        Command::Canary(canary) => commands::canary::run(&canary),
        Command::Config(serve) => print_config(&matches, &serve),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error, format);
            ExitCode::FAILURE
        }
    }
}

/// Parses `arguments` and the environment. `variable` returns environment variables.
fn matches(
    arguments: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<ArgMatches, ArgumentError> {
    let mut command = command(&variable);
    command.try_get_matches_from_mut(arguments).map_err(|error| {
        command.build();
        parse_error_message(&command, &error, variable)
            .map_or_else(|| ArgumentError::Usage(Box::new(error)), ArgumentError::Setting)
    })
}

/// Error in the command line or in the environment.
#[derive(Debug)]
enum ArgumentError {
    /// The value of a setting is invalid.
    Setting(String),
    /// The command line is malformed, or requests the help or the version.
    Usage(Box<clap::Error>),
}

impl ArgumentError {
    /// Prints the message and returns the exit code.
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

/// Prints the error of a failed command, in the format of its log.
fn report(error: &anyhow::Error, format: LogFormat) {
    match format {
        LogFormat::Text => eprintln!("error: {error:#}"),
        LogFormat::Json => {
            // The log is not started yet if the command failed early.
            logging::init(Level::ERROR, format, None);
            error!(error = &**error, "service failed");
        }
    }
}

/// Default of `SYNC_INTERVAL_SECONDS` with `--sandbox`. It is short, because polls of the sandbox are cheap, and its users wait
/// for events.
const SANDBOX_SYNC_INTERVAL: &str = "1";

/// Returns the definition of the command line.
///
/// Empty environment variables count as unset, because compose files pass unset variables as empty ones. Secrets are an
/// exception: otherwise a misspelt variable in a compose file would silently disable authentication.
fn command(variable: impl Fn(&str) -> Option<OsString>) -> clap::Command {
    let ignore_empty = |arg: clap::Arg| {
        let name = arg.get_env().and_then(|name| name.to_str()).filter(|name| !is_secret_setting(name));
        let empty = name.and_then(&variable).is_some_and(|value| value.is_empty());
        if empty { arg.env(None) } else { arg }
    };
    let adapt = |arg| with_sandbox_default(ignore_empty(arg));
    Cli::command().mut_args(adapt).mut_subcommands(|subcommand| subcommand.mut_args(adapt))
}

/// Sets the default of the poll interval for the sandbox, if `arg` is the poll interval.
fn with_sandbox_default(arg: clap::Arg) -> clap::Arg {
    if arg.get_id() == "sync_interval" {
        arg.default_value_if("sandbox", "true", SANDBOX_SYNC_INTERVAL)
    } else {
        arg
    }
}

/// Prints the settings in effect.
fn print_config(matches: &ArgMatches, serve: &ServeArgs) -> anyhow::Result<()> {
    let config = serve.config.resolve().map_err(anyhow::Error::msg)?;
    let effective = [config.effective_settings(), effective_settings(&config, serve.sandbox)].concat();
    let command = Cli::command();
    let subcommand =
        matches.subcommand().and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches)));
    if let Some((command, matches)) = subcommand {
        print!("{}", settings_as_yaml(command, matches, &effective));
    }
    Ok(())
}

/// Returns the values in effect of settings that depend on the sandbox or on the system.
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
    fn command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_the_default_command() {
        let cli = parsed(&["anilibria-server", "--sandbox", "--port", "0"], |_| None);

        assert!(cli.command.is_none());
        assert!(cli.serve.sandbox);
        assert_eq!(cli.serve.config.address.port, 0);
    }

    #[test]
    fn serve_accepts_the_options_of_the_default_command() {
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
    fn empty_variables_are_ignored_except_secrets() {
        let all_empty = command(|_| Some(OsString::new()));

        let subcommands = all_empty.get_subcommands().cloned().chain([all_empty.clone()]);

        let mut variables = subcommands.flat_map(|command| {
            let names = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str().map(str::to_owned));
            names.collect::<Vec<_>>()
        });
        assert!(variables.all(|name| is_secret_setting(&name)));
    }
}
