//! Settings of metrics, traces and the request log.

use std::time::Duration;

use anilibria_http::{access_log::AccessLogOptions, trace::Sampler};
use clap::{ArgAction, Args, ValueEnum, builder::BoolishValueParser};
use url::Url;

use super::parse;

/// Settings of metrics, traces and the request log.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryConfig {
    /// Enables `/metrics` in the Prometheus format. Default: true.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub prometheus_enabled: Option<bool>,

    /// Alias of `PROMETHEUS_ENABLED`. If both are set, they must be equal.
    #[arg(long, env, action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub metrics_enabled: Option<bool>,

    /// Base URL of the trace collector, such as `http://jaeger:4317`; traces are disabled if unset.
    #[arg(long, env, value_parser = parse::base_url)]
    pub otel_exporter_otlp_endpoint: Option<Url>,

    /// Protocol of the trace collector.
    #[arg(long, env, value_enum, default_value_t = OtlpProtocol::Grpc)]
    pub otel_exporter_otlp_protocol: OtlpProtocol,

    /// Share of requests and of polls of AniLibria that are traced, from 0 to 1, in addition to requests with a sampled
    /// `traceparent`.
    #[arg(long, env, value_parser = parse::share, default_value = "0.01")]
    pub otel_traces_sampler_arg: f64,

    /// Service name in traces.
    #[arg(long, env, default_value = "anilibria-server")]
    pub otel_service_name: String,

    /// Requests in the log: `failed` (including slow ones), or `all`.
    #[arg(long, env, value_enum, ignore_case = true, default_value_t = LoggedRequests::Failed)]
    pub log_requests: LoggedRequests,

    /// Duration in milliseconds above which a request is logged as slow.
    #[arg(long, env, value_parser = parse::integer::<u64>(1..=u64::MAX), default_value = "1000")]
    pub log_slow_request_ms: u64,
}

/// Requests in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LoggedRequests {
    /// Failed and slow requests at level `warn`. Other requests are logged at level `debug`.
    Failed,
    /// Also other requests, at level `info`, except for those of monitoring.
    All,
}

/// Variant of OTLP, the protocol of OpenTelemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OtlpProtocol {
    /// gRPC.
    Grpc,
    /// Protocol buffers over HTTP, to the path `/v1/traces`.
    #[value(name = "http/protobuf")]
    HttpProtobuf,
}

impl TelemetryConfig {
    /// Returns the sampler that decides which requests and polls are traced.
    pub fn sampler(&self) -> Sampler {
        let share = self.otel_traces_sampler_arg;
        Sampler::new(self.otel_exporter_otlp_endpoint.as_ref().map(|_| share))
    }

    /// Returns the settings of the request log.
    pub fn request_log(&self) -> AccessLogOptions {
        AccessLogOptions {
            slow_threshold: Duration::from_millis(self.log_slow_request_ms),
            log_all: self.log_requests == LoggedRequests::All,
        }
    }

    /// Returns true if `/metrics` is served.
    pub fn serves_metrics(&self) -> bool {
        self.prometheus_enabled.or(self.metrics_enabled).unwrap_or(true)
    }

    /// Returns an error if the two names of one setting differ, or if a URL contains a login.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.metrics_enabled.is_some_and(|enabled| enabled != self.serves_metrics()) {
            return Err(
                "PROMETHEUS_ENABLED and METRICS_ENABLED are aliases with different values: set only \
                        one of them"
                    .into(),
            );
        }
        let has_login = |url: &Url| !url.username().is_empty() || url.password().is_some();
        if self.otel_exporter_otlp_endpoint.as_ref().is_some_and(has_login) {
            return Err(
                "OTEL_EXPORTER_OTLP_ENDPOINT must not contain a login: use OTEL_EXPORTER_OTLP_HEADERS".into(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, tests::check};

    #[test]
    fn both_aliases_disable_metrics_and_must_be_equal() {
        let serves =
            |flags: &[&str]| Config::from_flags(flags.iter().copied()).unwrap().telemetry.serves_metrics();
        let (prometheus, metrics) = ("--prometheus-enabled=false", "--metrics-enabled=false");

        assert!(serves(&[]));
        for flags in [&[prometheus][..], &[metrics], &[prometheus, metrics]] {
            assert!(!serves(flags), "{flags:?}");
            assert_eq!(check(flags), Ok(()), "{flags:?}");
        }
        for other in [prometheus, metrics] {
            let flags = [other.replace("false", "true"), prometheus.into(), metrics.into()];
            let flags: Vec<_> = flags.iter().map(String::as_str).filter(|flag| *flag != other).collect();
            let error = check(&flags).unwrap_err();
            assert!(error.contains("PROMETHEUS_ENABLED") && error.contains("METRICS_ENABLED"), "{error}");
        }
    }
}
