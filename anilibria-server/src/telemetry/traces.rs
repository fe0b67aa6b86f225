//! Traces: what was done for some of the requests, step by step, sent to a collector.
//!
//! Whether a request, or a look at AniLibria, is traced is decided once, where it begins. If it is not, none of the spans below
//! it is made. What comes of it elsewhere or later, such as that the Node service is told of an event, goes on with its trace:
//! the [`Origin`](anilibria_http::trace::Origin) stands beside the event on its way.

mod filter;
mod sender;

use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, Sampler as Policy, SdkTracer, SdkTracerProvider},
};
use reqwest::redirect;
use tracing::warn;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer as _, Registry, filter::Filtered};
use url::Url;

use self::{filter::Traced, sender::Sender};
use crate::config::{OtlpProtocol, TelemetryConfig};

/// How long the collector may take to accept a batch of spans.
const PATIENCE: Duration = Duration::from_secs(10);

/// The part of the log's subscriber that makes traces of spans.
pub(crate) type TraceLayer = Filtered<OpenTelemetryLayer<Registry, SdkTracer>, Traced, Registry>;

/// The traces of this process on their way to the collector: in a bounded queue, whose other end is a thread of its own.
/// What comes when it is full is dropped.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Sends traces from now on; `None` when `config` names no collector. Must be called within a runtime.
    pub fn start(config: &TelemetryConfig) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &config.otel_exporter_otlp_endpoint else { return Ok(None) };
        let exporter = exporter(endpoint, config.otel_exporter_otlp_protocol)
            .with_context(|| format!("cannot send traces to OTEL_EXPORTER_OTLP_ENDPOINT {endpoint}"))?;
        let resource = Resource::builder()
            .with_service_name(config.otel_service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let provider = SdkTracerProvider::builder()
            // Whatever gets here is to be sent: the decision was taken before there was a span.
            .with_sampler(Policy::AlwaysOn)
            .with_resource(resource.build())
            .with_span_processor(BatchSpanProcessor::builder(Sender::new(exporter)).build());
        Ok(Some(Self { provider: provider.build() }))
    }

    /// Makes traces of the spans of traced requests.
    pub(crate) fn layer(&self) -> TraceLayer {
        OpenTelemetryLayer::new(self.provider.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(Traced::default())
    }

    /// Sends what is still in the queue, for no longer than `within`.
    pub async fn stop(self, within: Duration) {
        let flush = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(within));
        if let Ok(Err(error)) = flush.await {
            warn!(%error, "The last traces may be lost");
        }
    }
}

fn exporter(endpoint: &Url, protocol: OtlpProtocol) -> anyhow::Result<SpanExporter> {
    let base = endpoint.as_str().trim_end_matches('/');
    let builder = SpanExporter::builder();
    Ok(match protocol {
        OtlpProtocol::Grpc => builder.with_tonic().with_endpoint(base).with_timeout(PATIENCE).build()?,
        OtlpProtocol::HttpProtobuf => {
            let http = reqwest::Client::builder().timeout(PATIENCE).redirect(redirect::Policy::none());
            builder
                .with_http()
                .with_http_client(http.build()?)
                .with_protocol(Protocol::HttpBinary)
                .with_endpoint(format!("{base}/v1/traces"))
                .with_timeout(PATIENCE)
                .build()?
        }
    })
}
