//! `compare`: compares the titles of this service and the Node service.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use url::Url;

use super::{block_on, file};
use crate::{
    config::{LogConfig, LogFormat, parse},
    migration::compare::{self, List, Plan, Reader, Report, merge_counters},
    telemetry::logging,
};

/// Exit code if a comparison could not be made.
const EXIT_INCOMPLETE: u8 = 2;

/// Options of `compare`.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// Base URL of the Node service, such as `http://server:5000`.
    #[arg(long, env = "NODEJS_SERVICE_URL", value_parser = parse::base_url)]
    pub node: Url,

    /// Base URL of this service.
    #[arg(long, default_value = "http://127.0.0.1:8000", value_parser = parse::base_url)]
    pub ours: Url,

    /// Ids of the titles to compare: a comma-separated list.
    #[arg(long, value_delimiter = ',', conflicts_with = "sample")]
    pub ids: Vec<u32>,

    /// Number of titles to compare, chosen randomly from all titles of this service.
    #[arg(long, value_parser = parse::integer::<u32>(1..=100_000), default_value = "20")]
    pub sample: u32,

    /// Lists to compare in addition: a comma-separated list. The first 20 titles of each are compared, in any order.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub lists: Vec<ListName>,

    /// Search query; required if `search` is one of the lists.
    #[arg(long, required_if_eq("lists", "search"))]
    pub query: Option<String>,

    /// Number of titles that are requested concurrently.
    #[arg(long, value_parser = parse::integer::<u8>(1..=32), default_value = "4")]
    pub concurrency: u8,

    /// Maximum number of requests per second to each service. By default, this service limits an address to 100 requests per
    /// minute.
    #[arg(long, default_value_t = 1.5, value_parser = rate)]
    pub per_second: f64,

    /// Timeout in seconds of a request.
    #[arg(long, default_value = "10", value_parser = parse::seconds)]
    pub timeout: Duration,

    /// Minimum share of equal comparisons, from 0 to 1. Below it, the exit code is 1.
    #[arg(long, default_value_t = 1.0, value_parser = parse::share)]
    pub threshold: f64,

    /// Format of the report.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,

    /// File with counters of comparisons, for the textfile collector of Prometheus. The counters in the file are increased.
    #[arg(long)]
    pub metrics_file: Option<PathBuf>,

    /// Settings of the log.
    #[command(flatten)]
    pub log: LogConfig,
}

/// A list of titles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListName {
    /// Popular titles.
    Popular,
    /// Latest updates.
    Updates,
    /// Search results for `--query`.
    Search,
}

/// Format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Lines of text.
    Text,
    /// JSON.
    Json,
}

/// Compares the titles and prints a report. The exit code is 0 if enough comparisons are equal, 1 if too few are, and 2 if some
/// could not be made.
pub fn run(args: &CompareArgs) -> ExitCode {
    logging::init(args.log.log_level, args.log.log_format.unwrap_or(LogFormat::Text), None);
    match block_on(compare_and_print(args)) {
        Ok(report) => exit_code(&report, args.threshold),
        Err(error) => {
            eprintln!("error: {error:#}");
            EXIT_INCOMPLETE.into()
        }
    }
}

/// Compares the titles, prints the report and updates the metrics file.
async fn compare_and_print(args: &CompareArgs) -> anyhow::Result<Report> {
    let reader = Reader::new(&args.node, &args.ours, args.per_second, args.timeout)?;
    let plan = Plan {
        ids: match &args.ids[..] {
            [] => reader.sample(args.sample.try_into()?).await?,
            ids => ids.to_vec(),
        },
        lists: args.lists.iter().map(|name| list(*name, args.query.as_deref())).collect::<Result<_, _>>()?,
        concurrency: args.concurrency.into(),
    };
    if plan.ids.is_empty() && plan.lists.is_empty() {
        bail!("this service has no titles");
    }
    let report = compare::compare(&reader, &plan).await;
    match args.format {
        ReportFormat::Text => println!("{report}"),
        ReportFormat::Json => println!("{:#}", report.json(args.threshold)),
    }
    if let Some(path) = &args.metrics_file {
        let previous = file::read(path)?.unwrap_or_default();
        file::replace(path, &merge_counters(&previous, &report))?;
    }
    Ok(report)
}

fn list(name: ListName, query: Option<&str>) -> anyhow::Result<List> {
    Ok(match name {
        ListName::Popular => List::Popular,
        ListName::Updates => List::Updates,
        ListName::Search => List::Search(query.context("--query is missing")?.to_owned()),
    })
}

/// Returns the exit code for `report`.
fn exit_code(report: &Report, threshold: f64) -> ExitCode {
    match report.consistency() {
        Some(share) if share < threshold => ExitCode::FAILURE,
        Some(_) if report.is_complete() => ExitCode::SUCCESS,
        _ => EXIT_INCOMPLETE.into(),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.01..=1000.0).contains(rate));
    rate.ok_or_else(|| "must be a number from 0.01 to 1000".into())
}
