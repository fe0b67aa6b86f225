//! A collector that keeps what it gets, in either form of the protocol.

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

/// A collector at a free port of this machine, for as long as the test runs.
pub(super) struct Collector {
    pub(super) origin: String,
    /// Which form of the protocol it speaks.
    pub(super) protocol: &'static str,
    kept: Kept,
}

impl Collector {
    /// Starts one that speaks gRPC.
    pub(super) async fn grpc() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let kept = Kept::default();
        let service = TowerToHyperService::new(TraceServiceServer::new(kept.clone()));
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
        Self { origin, protocol: "grpc", kept }
    }

    /// Starts one that takes protocol buffers over HTTP.
    pub(super) async fn http() -> Self {
        use poem::listener::{Acceptor as _, Listener as _};

        let acceptor = poem::listener::TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let origin = format!("http://{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
        let kept = Kept::default();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(OverHttp(kept.clone())));
        Self { origin, protocol: "http/protobuf", kept }
    }

    /// One that is not there.
    pub(super) fn absent(origin: &str, protocol: &'static str) -> Self {
        Self { origin: origin.to_owned(), protocol, kept: Kept::default() }
    }

    /// The spans of `trace` that have come so far.
    pub(super) fn trace(&self, trace: &str) -> Vec<Seen> {
        self.kept.0.lock().unwrap().iter().filter(|span| span.trace == trace).cloned().collect()
    }

    /// All spans that have come so far.
    pub(super) fn all(&self) -> Vec<Seen> {
        self.kept.0.lock().unwrap().clone()
    }

    /// The ids of all traces that have come so far.
    pub(super) fn traces(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.kept.0.lock().unwrap().iter().map(|span| span.trace.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

/// A span as it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) trace: String,
    pub(super) id: String,
    pub(super) parent: String,
    /// The ids of the spans that it is linked to.
    pub(super) links: Vec<String>,
    pub(super) name: String,
    /// Which service sent it.
    pub(super) service: String,
    kind: i32,
    is_error: bool,
    attributes: Vec<(String, String)>,
}

impl Seen {
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

    /// An attribute as text; empty when it is missing.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(super) fn is_of_server(&self) -> bool {
        self.kind == SpanKind::Server as i32
    }

    pub(super) fn is_of_client(&self) -> bool {
        self.kind == SpanKind::Client as i32
    }

    pub(super) fn is_of_producer(&self) -> bool {
        self.kind == SpanKind::Producer as i32
    }

    pub(super) fn is_of_consumer(&self) -> bool {
        self.kind == SpanKind::Consumer as i32
    }

    pub(super) fn is_error(&self) -> bool {
        self.is_error
    }
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Seen>>>);

impl Kept {
    fn keep(&self, request: ExportTraceServiceRequest) {
        for resource in request.resource_spans {
            let attributes = resource.resource.unwrap_or_default().attributes;
            let service = attributes.into_iter().map(text).find(|(name, _)| name == "service.name");
            let service = service.map(|(_, name)| name).unwrap_or_default();
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.0.lock().unwrap().extend(spans.map(|span| Seen::of(span, &service)));
        }
    }
}

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.keep(request.into_inner());
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

struct OverHttp(Kept);

impl Endpoint for OverHttp {
    type Output = poem::Response;

    async fn call(&self, mut request: poem::Request) -> poem::Result<poem::Response> {
        assert_eq!(request.uri().path(), "/v1/traces");
        assert_eq!(request.content_type(), Some("application/x-protobuf"));
        let body = request.take_body().into_bytes().await?;
        self.0.keep(ExportTraceServiceRequest::decode(body).unwrap());
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
