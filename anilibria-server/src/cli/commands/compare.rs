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

/// Exit code if something could not be compared.
const TROUBLE: u8 = 2;

/// What to compare, and how.
#[derive(Clone, Debug, Args)]
pub struct Compare {
    /// Base URL of the Node service, such as `http://server:5000`.
    #[arg(long, env = "NODEJS_SERVICE_URL", value_parser = parse::base_url)]
    pub node: Url,

    /// Base URL of this service.
    #[arg(long, default_value = "http://127.0.0.1:8000", value_parser = parse::base_url)]
    pub ours: Url,

    /// Titles to compare, a comma list of ids.
    #[arg(long, value_delimiter = ',', conflicts_with = "sample")]
    pub ids: Vec<u32>,

    /// How many titles to compare, chosen by chance from all that this service has.
    #[arg(long, value_parser = parse::whole::<u32>(1..=100_000), default_value = "20")]
    pub sample: u32,

    /// Lists to compare as well: the first twenty titles of each, in any order.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub lists: Vec<ListName>,

    /// What to search for, where `search` is among the lists.
    #[arg(long, required_if_eq("lists", "search"))]
    pub query: Option<String>,

    /// How many titles to ask for at a time.
    #[arg(long, value_parser = parse::whole::<u8>(1..=32), default_value = "4")]
    pub concurrency: u8,

    /// How often each service may be asked in a second. This one limits an address to 100 requests a minute by default.
    #[arg(long, default_value_t = 1.5, value_parser = rate)]
    pub per_second: f64,

    /// Seconds an answer may take.
    #[arg(long, default_value = "10", value_parser = parse::seconds)]
    pub timeout: Duration,

    /// Share of comparisons without a difference, 0 to 1, below which the exit code is 1.
    #[arg(long, default_value_t = 1.0, value_parser = parse::share)]
    pub threshold: f64,

    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,

    /// File in which comparisons are counted for Prometheus's textfile collector; it goes on from what is there.
    #[arg(long)]
    pub metrics_file: Option<PathBuf>,

    /// What to log.
    #[command(flatten)]
    pub log: LogConfig,
}

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListName {
    /// What is popular.
    Popular,
    /// What came out last.
    Updates,
    /// What is found by `--query`.
    Search,
}

/// Form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Lines for people.
    Text,
    /// JSON.
    Json,
}

/// Compares and prints a report. The exit code is 0 if enough is the same, 1 if too little is, and 2 if something could not
/// be compared.
pub fn run(compare: &Compare) -> ExitCode {
    logging::init(compare.log.log_level, compare.log.log_format.unwrap_or(LogFormat::Text), None);
    match block_on(made(compare)) {
        Ok(report) => verdict(&report, compare.threshold),
        Err(error) => {
            eprintln!("error: {error:#}");
            TROUBLE.into()
        }
    }
}

async fn made(compare: &Compare) -> anyhow::Result<Report> {
    let reader = Reader::new(&compare.node, &compare.ours, compare.per_second, compare.timeout)?;
    let plan = Plan {
        ids: match &compare.ids[..] {
            [] => reader.sample(compare.sample.try_into()?).await?,
            ids => ids.to_vec(),
        },
        lists: compare
            .lists
            .iter()
            .map(|name| list(*name, compare.query.as_deref()))
            .collect::<Result<_, _>>()?,
        concurrency: compare.concurrency.into(),
    };
    if plan.ids.is_empty() && plan.lists.is_empty() {
        bail!("this service has no titles");
    }
    let report = compare::compare(&reader, &plan).await;
    match compare.format {
        Form::Text => println!("{report}"),
        Form::Json => println!("{:#}", report.json(compare.threshold)),
    }
    if let Some(path) = &compare.metrics_file {
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

fn verdict(report: &Report, threshold: f64) -> ExitCode {
    match report.consistency() {
        Some(share) if share < threshold => ExitCode::FAILURE,
        Some(_) if report.is_complete() => ExitCode::SUCCESS,
        _ => TROUBLE.into(),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.01..=1000.0).contains(rate));
    rate.ok_or_else(|| "must be a number from 0.01 to 1000".into())
}
