//! What an observer gets to see: a span for every attempt, and counters (feature `metrics`). Never a query or a token.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use anilibria_client::{Client, session::Token};
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

/// The fields of every span that is called `http.client.request`.
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
async fn attempt_is_a_span_with_the_names_of_opentelemetry() {
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

#[cfg(feature = "metrics")]
mod counters {
    use std::sync::atomic::{AtomicU64, Ordering};

    use anilibria_client::RetryPolicy;
    use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

    use super::*;

    /// The counters that were touched, by name and labels.
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
        let retry = RetryPolicy::exponential().first_delay(std::time::Duration::from_millis(1));
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
