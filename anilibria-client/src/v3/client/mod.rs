//! The client of a gateway for API v3.

mod builder;

use percent_encoding::utf8_percent_encode;

pub use self::builder::ClientBuilder;
use super::model::Title;
use crate::{Result, call::Async, request::SEGMENT};

/// A client of a service that implements AniLibria's old API v3. Cheap to clone: clones share connections.
///
/// There is no default service, as AniLibria's own was switched off in 2025. Each client needs the URL of a gateway.
///
/// Calls have the same behaviour as those of [`anilibria_client::Client`](crate::Client): a deadline, retries of reads with
/// exponential backoff, a rate limit, and a maximum length of responses. A refusal of the service is
/// [`Error::Api`](crate::Error::Api).
///
/// ```no_run
/// use anilibria_client::v3::Client;
///
/// # async fn example() -> anilibria_client::Result<()> {
/// let client = Client::new("https://gateway.example")?;
///
/// for title in client.search().text("Ковбой Бибоп").limit(3).await?.list {
///     println!("{} {}", title.names.ru, client.title_url(&title));
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::struct_field_names, reason = "the macros for calls expect this name")
)]
pub struct Client<R = Async> {
    pub(super) client: crate::Client,
    pub(super) runtime: R,
    /// Client of the site, with the same connections.
    pub(super) site: crate::Client,
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) socket: std::sync::Arc<Socket>,
}

/// Settings of the WebSocket of the gateway.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) url: url::Url,
    pub(super) user_agent: String,
    pub(super) proxy: Option<crate::Secret>,
}

impl Client {
    /// Creates a client of the gateway at `base` with default settings. `base` is a host (`gateway.example`), an origin
    /// (`https://gateway.example`), or the complete root of the API (`https://gateway.example/v3.0`).
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if `base` is not a valid URL.
    pub fn new(base: impl Into<String>) -> Result<Self> {
        Self::builder(base).build()
    }

    /// Returns the settings of a client of the gateway at `base`, which has the forms of [`new`](Self::new).
    pub fn builder(base: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(base.into())
    }
}

impl<R> Client<R> {
    /// Returns the URL of the page of a title on the site.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let title = client.title(7).await?;
    ///
    /// assert!(client.title_url(&title).ends_with(&format!("/release/{}.html", title.code)));
    /// # Ok(())
    /// # });
    /// ```
    pub fn title_url(&self, title: &Title) -> String {
        let path = format!("/release/{}.html", utf8_percent_encode(&title.code, SEGMENT));
        self.site_url(&path).unwrap_or(path)
    }

    /// Returns the absolute URL of a path of the site, for example of a poster or a torrent file. Absolute URLs are returned
    /// unchanged, and an empty path is `None`.
    ///
    /// ```
    /// use anilibria_client::v3::Client;
    ///
    /// let client = Client::builder("https://gateway.example").site_base("https://anilibria.top").build()?;
    ///
    /// let url = client.site_url("/storage/poster.jpg");
    ///
    /// assert_eq!(url.as_deref(), Some("https://anilibria.top/storage/poster.jpg"));
    /// # Ok::<_, anilibria_client::Error>(())
    /// ```
    pub fn site_url(&self, path: &str) -> Option<String> {
        self.site.media_url(path)
    }
}
