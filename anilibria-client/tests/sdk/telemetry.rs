//! Tests of telemetry: a span per attempt, log lines, and counters (feature `metrics`), without queries and tokens.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use anilibria_client::{BreakerPolicy, Client, RetryPolicy, session::Token};
use mockito::Server;
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

/// Fields of all spans with the name `http.client.request`.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<BTreeMap<u64, Fields>>>);

#[derive(Clone, Debug, Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        if attributes.metadata().name() == "http.client.request" {
            attributes.record(self.0.lock().unwrap().entry(id.into_u64()).or_default());
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        if let Some(fields) = self.0.lock().unwrap().get_mut(&id.into_u64()) {
            values.record(fields);
        }
    }
}

#[tokio::test]
async fn attempt_is_a_span_with_opentelemetry_fields() {
    let mut server = Server::new_async().await;
    let profile = server.mock("GET", "/accounts/users/me/profile").match_query(mockito::Matcher::Any);
    profile.with_status(404).with_body("{}").create_async().await;
    let client = Client::builder().mirror(server.url()).build().unwrap();
    client.session().set(Token::from("very-secret")).await.unwrap();
    let spans = Spans::default();

    let subscriber = tracing_subscriber::registry().with(spans.clone());
    let guard = tracing::subscriber::set_default(subscriber);
    client.profile().get().include(["very-secret"]).await.unwrap_err();
    drop(guard);

    let spans = spans.0.lock().unwrap();
    let fields = &spans.values().next().unwrap().0;
    let field = |name: &str| fields.get(name).map(String::as_str);
    assert_eq!(field("http.request.method"), Some("GET"));
    assert_eq!(field("url.template"), Some("/accounts/users/me/profile"));
    assert_eq!(field("http.response.status_code"), Some("404"));
    assert_eq!(field("http.request.resend_count"), Some("0"));
    assert_eq!(field("error.type"), Some("not_found"));
    assert_eq!(field("server.address"), Some("127.0.0.1"));
    assert_eq!(field("external.service"), Some("anilibria.tv"));
    assert_eq!(field("http.url"), Some(&*format!("{}/accounts/users/me/profile", server.url())));
    assert_eq!((field("http.status_code"), field("error")), (Some("404"), Some("true")));
    assert!(!format!("{fields:?}").contains("very-secret"));
}

/// Fields of all log events of level `info` and above.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Fields>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() <= tracing::Level::INFO {
            let mut fields = Fields::default();
            event.record(&mut fields);
            self.0.lock().unwrap().push(fields);
        }
    }
}

#[tokio::test]
async fn every_state_of_an_outage_is_one_line_with_host_and_cause() {
    let mut server = Server::new_async().await;
    server.mock("GET", "/app/status").with_status(503).expect(4).create_async().await;
    server.mock("GET", "/app/status").with_body(r#"{"is_alive":true}"#).create_async().await;
    let breaker = BreakerPolicy { failures: 3, cooldown: Duration::from_millis(20) };
    let client = Client::builder().mirror(server.url()).retry(RetryPolicy::none()).breaker(breaker);
    let client = client.build().unwrap();
    let lines = Lines::default();

    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
    for _ in 0..3 {
        client.app().status().await.unwrap_err();
    }
    // Trials: one fails, one succeeds.
    tokio::time::sleep(Duration::from_millis(30)).await;
    client.app().status().await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(30)).await;
    client.app().status().await.unwrap();
    client.app().status().await.unwrap();
    drop(guard);

    let lines = lines.0.lock().unwrap();
    let messages: Vec<_> = lines.iter().map(|line| line.0["message"].as_str()).collect();
    assert_eq!(
        messages,
        [
            "mirror failed",
            "mirror unhealthy, circuit open",
            "mirror on trial, circuit half-open",
            "mirror healthy, circuit closed"
        ]
    );
    assert!(lines.iter().all(|line| line.0["host"] == server.host_with_port()), "{lines:?}");
    assert!(lines[..2].iter().all(|line| line.0["error"].contains("503")), "{lines:?}");
}

#[cfg(feature = "metrics")]
mod counters {
    use std::sync::atomic::{AtomicU64, Ordering};

    use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

    use super::*;

    /// The counters by name and labels.
    #[derive(Default)]
    struct Counters(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

    impl Recorder for Counters {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let labels: Vec<_> =
                key.labels().filter(|label| label.key() != "mirror").map(metrics::Label::value).collect();
            let name = format!("{} {}", key.name(), labels.join(" "));
            Counter::from_arc(self.0.lock().unwrap().entry(name).or_default().clone())
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[tokio::test]
    async fn attempts_and_retries_are_counted_by_route_and_outcome() {
        let mut server = Server::new_async().await;
        server.mock("GET", "/app/status").with_status(503).expect(1).create_async().await;
        server.mock("GET", "/app/status").with_body("{}").create_async().await;
        let retry = RetryPolicy::exponential().first_delay(Duration::from_millis(1));
        let client = Client::builder().mirror(server.url()).retry(retry).build().unwrap();
        let counters = Counters::default();

        let guard = metrics::set_default_local_recorder(&counters);
        client.app().status().await.unwrap();
        drop(guard);

        let counters = counters.0.lock().unwrap();
        let count = |name: &str| counters.get(name).map(|counter| counter.load(Ordering::Relaxed));
        assert_eq!(count("anilibria_client_requests_total /app/status status 503"), Some(1));
        assert_eq!(count("anilibria_client_requests_total /app/status ok 200"), Some(1));
        assert_eq!(count("anilibria_client_retries_total /app/status"), Some(1));
    }
}
