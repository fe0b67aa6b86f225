//! Command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::bare;

/// Measures the service and other servers under the same load.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// Number of rounds; each round measures each server once
    #[arg(long, default_value_t = 7)]
    pub(crate) rounds: usize,

    /// Duration of one measurement in seconds
    #[arg(long, default_value_t = 3)]
    pub(crate) seconds: u64,

    /// Number of connections
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: usize,

    /// Number of threads of wrk
    #[arg(long, default_value_t = 2)]
    pub(crate) threads: usize,

    /// Load generator
    #[arg(long, value_enum, default_value_t = Generator::Both)]
    pub(crate) generator: Generator,

    /// Executable of the service; built with the profile of this program if not set
    #[arg(long)]
    pub(crate) server: Option<PathBuf>,

    /// Directory of the servers in other languages; those that are not installed there are not measured
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/http"))]
    pub(crate) peers: PathBuf,

    /// Directory of the results
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    pub(crate) output: PathBuf,

    /// Serves the bodies in the directory `--output` and measures nothing
    #[arg(long, value_enum, hide = true)]
    pub(crate) serve: Option<bare::Library>,

    /// Argument that Cargo passes to every bench
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

/// Load generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Generator {
    /// The program `wrk`
    Wrk,
    /// The generator of this package
    Own,
    /// One after the other
    Both,
}
