//! The builder of a [`MongoStore`].

use std::{fmt, time::Duration};

use futures::FutureExt;
use mongodb::{Client, options::ClientOptions};

use super::{MongoStore, calls::Calls, pool::Pool};

const COLLECTION: &str = "cache";
const MAX_CONNECTIONS: u32 = 10;
const MIN_CONNECTIONS: u32 = 0;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum length of the app name that servers accept.
const MAX_APP_NAME: usize = 128;

/// A builder of a [`MongoStore`], created by [`MongoStore::builder`].
///
/// A setting that is missing here is taken from the options of the URI (`maxPoolSize` and so on), then from the defaults.
/// With a URI that reads from secondaries (`readPreference`) or does not wait for writes (`w=0`), an operation may not
/// have taken effect when its call returns.
#[derive(Clone)]
pub struct MongoStoreBuilder {
    uri: String,
    database: Option<String>,
    collection: String,
    prefix: String,
    app_name: Option<String>,
    max_connections: Option<u32>,
    min_connections: Option<u32>,
    idle_timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    wait_timeout: Option<Duration>,
    call_timeout: Duration,
}

/// Errors of the configuration of a [`MongoStore`]. A server that does not answer is not one of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MongoConfigError {
    /// The URI cannot be parsed. The error does not contain the URI, which may include a password.
    #[error("the MongoDB URI is malformed in its {0}")]
    MalformedUri(&'static str),
    /// The URI needs DNS lookups of `SRV` records, which are not supported.
    #[error("a `mongodb+srv` URI is not supported; name the hosts in a `mongodb` URI")]
    SrvUri,
    /// Neither the URI nor a setting names a database.
    #[error("no database: add it to the URI (`mongodb://host/database`) or set it")]
    NoDatabase,
    /// The driver rejects a setting.
    #[error("the MongoDB settings do not fit: {0}")]
    Invalid(String),
}

impl MongoStoreBuilder {
    pub(super) fn new(uri: String) -> Self {
        Self {
            uri,
            database: None,
            collection: COLLECTION.into(),
            prefix: String::new(),
            app_name: None,
            max_connections: None,
            min_connections: None,
            idle_timeout: None,
            connect_timeout: None,
            wait_timeout: None,
            call_timeout: CALL_TIMEOUT,
        }
    }

    /// Sets the database. Default: the database in the URI.
    pub fn database(self, name: impl Into<String>) -> Self {
        Self { database: Some(name.into()), ..self }
    }

    /// Sets the collection, which need not exist. Default: `cache`.
    pub fn collection(self, name: impl Into<String>) -> Self {
        Self { collection: name.into(), ..self }
    }

    /// Sets a prefix of the `_id` before each key, for stores that share a collection. Default: empty.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Sets the app name of the connections in the log of the server, at most 128 bytes. Default: none.
    pub fn app_name(self, name: impl Into<String>) -> Self {
        Self { app_name: Some(name.into()), ..self }
    }

    /// Sets the maximum number of connections to each server, beside two that monitor it. Default: 10. Minimum: 1.
    pub fn max_connections(self, count: u32) -> Self {
        Self { max_connections: Some(count), ..self }
    }

    /// Sets the number of connections that stay open without use, up to [`max_connections`](Self::max_connections).
    /// Default: 0.
    pub fn min_connections(self, count: u32) -> Self {
        Self { min_connections: Some(count), ..self }
    }

    /// Sets the time without use after which a connection is closed. Zero means never. Default: 30 seconds.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        Self { idle_timeout: Some(timeout), ..self }
    }

    /// Sets the time limit for opening a connection. Default: 5 seconds.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self { connect_timeout: Some(timeout), ..self }
    }

    /// Sets the maximum time that a call waits for an available server. Default: 5 seconds.
    pub fn wait_timeout(self, timeout: Duration) -> Self {
        Self { wait_timeout: Some(timeout), ..self }
    }

    /// Sets the time limit of a call, including the wait for a connection. Default: 10 seconds.
    ///
    /// An [invalidation](crate::Store::invalidate) that takes longer may still be carried out by the server.
    pub fn call_timeout(self, timeout: Duration) -> Self {
        Self { call_timeout: timeout, ..self }
    }

    /// Creates the store. It connects on first use, so the server may be down.
    ///
    /// The connections belong to the current runtime and end with it.
    ///
    /// # Errors
    ///
    /// Returns an error if the URI or a setting is invalid.
    #[expect(
        clippy::unused_async,
        reason = "a future makes sure that there is a runtime for the connections"
    )]
    pub async fn connect(self) -> Result<MongoStore, MongoConfigError> {
        let mut options = parse(&self.uri)?;
        let connections = self.apply_to(&mut options);
        if options.app_name.as_ref().is_some_and(|name| name.len() > MAX_APP_NAME) {
            return Err(MongoConfigError::Invalid(format!(
                "the app name has more than {MAX_APP_NAME} bytes"
            )));
        }
        let pool = Pool::new(connections);
        let hosts: Vec<_> = options.hosts.iter().map(ToString::to_string).collect();
        options.cmap_event_handler = Some(pool.handler());
        let database =
            self.database.or(options.default_database.clone()).ok_or(MongoConfigError::NoDatabase)?;
        let client =
            Client::with_options(options).map_err(|error| MongoConfigError::Invalid(error.to_string()))?;

        let collection = client.database(&database).collection(&self.collection);
        let calls = Calls::new(connections, self.call_timeout);
        Ok(MongoStore::new(collection, hosts.join(","), self.prefix, calls, pool))
    }

    /// Completes `options`. Returns the maximum number of connections.
    fn apply_to(&self, options: &mut ClientOptions) -> u32 {
        let max = self.max_connections.or(options.max_pool_size).unwrap_or(MAX_CONNECTIONS).max(1);
        let min = self.min_connections.or(options.min_pool_size).unwrap_or(MIN_CONNECTIONS).min(max);
        options.max_pool_size = Some(max);
        options.min_pool_size = Some(min);
        options.max_idle_time = self.idle_timeout.or(options.max_idle_time).or(Some(IDLE_TIMEOUT));
        options.connect_timeout = self.connect_timeout.or(options.connect_timeout).or(Some(CONNECT_TIMEOUT));
        options.server_selection_timeout =
            self.wait_timeout.or(options.server_selection_timeout).or(Some(WAIT_TIMEOUT));
        if self.app_name.is_some() {
            options.app_name.clone_from(&self.app_name);
        }
        max
    }
}

/// Parses `uri` with the driver. The driver's errors repeat parts of the URI, so they are not passed on.
fn parse(uri: &str) -> Result<ClientOptions, MongoConfigError> {
    if uri.starts_with("mongodb+srv://") {
        return Err(MongoConfigError::SrvUri);
    }
    let read = |uri: &str| ClientOptions::parse(uri).into_future().now_or_never().and_then(Result::ok);
    read(uri).ok_or_else(|| {
        let (before, _) = uri.split_once('?').unwrap_or((uri, ""));
        let part =
            if read(before).is_some() { "options" } else { "scheme, user, password, hosts or database" };
        MongoConfigError::MalformedUri(part)
    })
}

/// Omits the URI, which may include a password.
impl fmt::Debug for MongoStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStoreBuilder")
            .field("database", &self.database)
            .field("collection", &self.collection)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(uri: &str) -> String {
        MongoStore::builder(uri).connect().await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn error_of_a_malformed_uri_names_the_part_and_not_the_uri() {
        let cases = [
            ("", "scheme, user"),
            ("http://host/db", "scheme, user"),
            ("mongodb://user:sec/ret@host/db", "scheme, user"),
            ("mongodb://user:secret#host/db", "scheme, user"),
            ("mongodb://user:sec%zret@host/db", "scheme, user"),
            ("mongodb://user:secret@host:port/db", "scheme, user"),
            ("mongodb://user:secret@host/db?maxPoolSize=secret", "options"),
            ("mongodb+srv://user:secret@host/db", "mongodb+srv"),
            ("mongodb://user:secret@host", "no database"),
        ];

        for (uri, reason) in cases {
            let refused = refused(uri).await;
            assert!(refused.contains(reason) && !refused.contains("sec"), "{uri}: {refused}");
        }
    }

    #[tokio::test]
    async fn invalid_settings_are_rejected_with_the_reason() {
        let long = MongoStore::builder("mongodb://host/db").app_name("x".repeat(129)).connect().await;
        let lost = MongoStore::builder("mongodb://host/db?tls=true&tlsCAFile=/nowhere").connect().await;

        let reasons = [long, lost].map(|refused| refused.unwrap_err().to_string());
        assert!(reasons[0].contains("app name") && reasons[1].contains("/nowhere"), "{reasons:?}");
    }

    #[test]
    fn settings_override_the_uri_and_the_uri_overrides_the_defaults() {
        let uri = "mongodb://host/db?maxPoolSize=7&minPoolSize=3&appName=uri&maxIdleTimeMS=1000";
        let mut options = parse(uri).unwrap();

        let connections = MongoStoreBuilder::new(uri.into()).max_connections(2).apply_to(&mut options);

        assert_eq!(connections, 2);
        assert_eq!((options.max_pool_size, options.min_pool_size), (Some(2), Some(2)));
        assert_eq!(options.max_idle_time, Some(Duration::from_secs(1)));
        assert_eq!(options.server_selection_timeout, Some(WAIT_TIMEOUT));
        assert_eq!(options.app_name.as_deref(), Some("uri"));
    }

    #[tokio::test]
    async fn debug_output_does_not_contain_the_password() {
        let builder = MongoStore::builder("mongodb://user:secret@127.0.0.1:1/db");
        let shown = format!("{builder:?} {:?}", builder.clone().connect().await.unwrap());

        assert!(!shown.contains("secret") && shown.contains("db"), "{shown}");
    }
}
