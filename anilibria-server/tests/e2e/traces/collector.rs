//! A collector that records spans, over gRPC or HTTP.

use std::sync::{Arc, Mutex};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use poem::{Endpoint, IntoResponse, Server};
use prost::Message as _;
use tokio::net::TcpListener;

/// A collector on a free local port. It runs until the test ends.
pub(super) struct Collector {
    pub(super) origin: String,
    /// Protocol as in `OTEL_EXPORTER_OTLP_PROTOCOL`.
    pub(super) protocol: &'static str,
    store: SpanStore,
}

impl Collector {
    /// Starts a collector that speaks gRPC.
    pub(super) async fn grpc() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let store = SpanStore::default();
        let service = TowerToHyperService::new(TraceServiceServer::new(store.clone()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { origin, protocol: "grpc", store }
    }

    /// Starts a collector that accepts protocol buffers over HTTP.
    pub(super) async fn http() -> Self {
        use poem::listener::{Acceptor as _, Listener as _};

        let acceptor = poem::listener::TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let origin = format!("http://{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
        let store = SpanStore::default();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(HttpEndpoint(store.clone())));
        Self { origin, protocol: "http/protobuf", store }
    }

    /// Returns a collector without a server at `origin`.
    pub(super) fn absent(origin: &str, protocol: &'static str) -> Self {
        Self { origin: origin.to_owned(), protocol, store: SpanStore::default() }
    }

    /// Returns the received spans of `trace`.
    pub(super) fn trace(&self, trace: &str) -> Vec<ReceivedSpan> {
        self.store.0.lock().unwrap().iter().filter(|span| span.trace == trace).cloned().collect()
    }

    /// Returns all received spans.
    pub(super) fn all(&self) -> Vec<ReceivedSpan> {
        self.store.0.lock().unwrap().clone()
    }

    /// Returns the sorted ids of all received traces.
    pub(super) fn traces(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.store.0.lock().unwrap().iter().map(|span| span.trace.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

/// A received span.
#[derive(Clone, Debug)]
pub(super) struct ReceivedSpan {
    pub(super) trace: String,
    pub(super) id: String,
    pub(super) parent: String,
    /// Ids of the linked spans.
    pub(super) links: Vec<String>,
    pub(super) name: String,
    /// Name of the service that sent the span.
    pub(super) service: String,
    kind: i32,
    is_error: bool,
    attributes: Vec<(String, String)>,
}

impl ReceivedSpan {
    fn of(span: Span, service: &str) -> Self {
        Self {
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
            name: span.name,
            service: service.to_owned(),
            kind: span.kind,
            is_error: span.status.is_some_and(|status| status.code == StatusCode::Error as i32),
            attributes: span.attributes.into_iter().map(text).collect(),
        }
    }

    /// Returns an attribute as text, or an empty text if it is missing.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(super) fn is_server(&self) -> bool {
        self.kind == SpanKind::Server as i32
    }

    pub(super) fn is_client(&self) -> bool {
        self.kind == SpanKind::Client as i32
    }

    pub(super) fn is_producer(&self) -> bool {
        self.kind == SpanKind::Producer as i32
    }

    pub(super) fn is_consumer(&self) -> bool {
        self.kind == SpanKind::Consumer as i32
    }

    pub(super) fn is_error(&self) -> bool {
        self.is_error
    }
}

#[derive(Clone, Default)]
struct SpanStore(Arc<Mutex<Vec<ReceivedSpan>>>);

impl SpanStore {
    fn insert(&self, request: ExportTraceServiceRequest) {
        for resource in request.resource_spans {
            let attributes = resource.resource.unwrap_or_default().attributes;
            let service = attributes.into_iter().map(text).find(|(name, _)| name == "service.name");
            let service = service.map(|(_, name)| name).unwrap_or_default();
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.0.lock().unwrap().extend(spans.map(|span| ReceivedSpan::of(span, &service)));
        }
    }
}

#[tonic::async_trait]
impl TraceService for SpanStore {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.insert(request.into_inner());
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

struct HttpEndpoint(SpanStore);

impl Endpoint for HttpEndpoint {
    type Output = poem::Response;

    async fn call(&self, mut request: poem::Request) -> poem::Result<poem::Response> {
        assert_eq!(request.uri().path(), "/v1/traces");
        assert_eq!(request.content_type(), Some("application/x-protobuf"));
        let body = request.take_body().into_bytes().await?;
        self.0.insert(ExportTraceServiceRequest::decode(body).unwrap());
        Ok(ExportTraceServiceResponse::default().encode_to_vec().into_response())
    }
}

fn text(attribute: KeyValue) -> (String, String) {
    let value = match attribute.value {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text,
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => number.to_string(),
        Some(AnyValue { value: Some(Value::BoolValue(flag)) }) => flag.to_string(),
        other => format!("{other:?}"),
    };
    (attribute.key, value)
}

fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
