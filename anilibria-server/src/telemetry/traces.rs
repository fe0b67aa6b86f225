//! Traces: the steps of selected requests, sent to a collector.
//!
//! The decision to trace a request, or a poll of AniLibria, is made once, at its start. If it is not traced, no spans are
//! created below it. Work that runs later or elsewhere, such as the notification of the Node service about an event,
//! continues the trace: the [`Origin`](anilibria_http::trace::Origin) is transferred together with the event.

mod exporter;
mod filter;

use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider},
};
use reqwest::redirect;
use tracing::warn;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer as _, Registry, filter::Filtered};
use url::Url;

use self::{exporter::RuntimeExporter, filter::TraceFilter};
use crate::config::{OtlpProtocol, TelemetryConfig};

/// Timeout of sending a batch of spans to the collector.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Layer of the log subscriber that converts spans into traces.
pub(crate) type TraceLayer = Filtered<OpenTelemetryLayer<Registry, SdkTracer>, TraceFilter, Registry>;

/// The exporter of traces: a bounded queue, and a dedicated thread that sends its spans to the collector. If the queue is
/// full, new spans are dropped.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts the export of traces; `None` if no collector is configured. Must be called within a runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if the exporter cannot be created.
    pub fn start(config: &TelemetryConfig) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &config.otel_exporter_otlp_endpoint else { return Ok(None) };
        let exporter = otlp_exporter(endpoint, config.otel_exporter_otlp_protocol)
            .with_context(|| format!("cannot send traces to OTEL_EXPORTER_OTLP_ENDPOINT {endpoint}"))?;
        let resource = Resource::builder()
            .with_service_name(config.otel_service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let provider = SdkTracerProvider::builder()
            // Everything is sampled here: the sampling decision was made before the span was created.
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(resource.build())
            .with_span_processor(BatchSpanProcessor::builder(RuntimeExporter::new(exporter)).build());
        Ok(Some(Self { provider: provider.build() }))
    }

    /// Returns the layer that converts the spans of traced requests into traces.
    pub(crate) fn layer(&self) -> TraceLayer {
        OpenTelemetryLayer::new(self.provider.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(TraceFilter::default())
    }

    /// Sends the remaining spans of the queue, for at most `within`.
    pub async fn stop(self, within: Duration) {
        let flush = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(within));
        if let Ok(Err(error)) = flush.await {
            warn!(%error, "trace export at shutdown failed, last traces may be lost");
        }
    }
}

fn otlp_exporter(endpoint: &Url, protocol: OtlpProtocol) -> anyhow::Result<SpanExporter> {
    let base = endpoint.as_str().trim_end_matches('/');
    let builder = SpanExporter::builder();
    Ok(match protocol {
        OtlpProtocol::Grpc => {
            builder.with_tonic().with_endpoint(base).with_timeout(EXPORT_TIMEOUT).build()?
        }
        OtlpProtocol::HttpProtobuf => {
            let http = reqwest::Client::builder().timeout(EXPORT_TIMEOUT).redirect(redirect::Policy::none());
            builder
                .with_http()
                .with_http_client(http.build()?)
                .with_protocol(Protocol::HttpBinary)
                .with_endpoint(format!("{base}/v1/traces"))
                .with_timeout(EXPORT_TIMEOUT)
                .build()?
        }
    })
}
