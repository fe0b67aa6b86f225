//! The client of a v3 gateway.

mod builder;

use percent_encoding::utf8_percent_encode;

pub use self::builder::ClientBuilder;
use super::model::Title;
use crate::{Result, call::Async, request::SEGMENT};

/// A client of a service that speaks AniLibria's old API v3. Cheap to clone: clones share connections.
///
/// There is no live service to fall back on, as AniLibria's own was switched off in 2025: name a gateway.
///
/// Calls take the road of [`anilibria_client::Client`](crate::Client): a deadline, retries with growing waits for
/// reads, a rate limit, a bound on answers. What the service refuses is [`Error::Api`](crate::Error::Api).
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
    expect(clippy::struct_field_names, reason = "every group of calls has its client under this name")
)]
pub struct Client<R = Async> {
    pub(super) client: crate::Client,
    pub(super) runtime: R,
    /// The same connections, for the pages beside the API.
    pub(super) site: crate::Client,
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) socket: std::sync::Arc<Socket>,
}

/// Where the gateway's WebSocket is, and how to get there.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) url: url::Url,
    pub(super) user_agent: String,
    pub(super) proxy: Option<crate::Secret>,
}

impl Client {
    /// A client of the gateway at `base`, with default settings: its host (`gateway.example`), its origin
    /// (`https://gateway.example`), or the whole root of its API (`https://gateway.example/v3.0`).
    pub fn new(base: impl Into<String>) -> Result<Self> {
        Self::builder(base).build()
    }

    /// Settings for a client of the gateway at `base`, which is as for [`new`](Self::new).
    pub fn builder(base: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(base.into())
    }
}

impl<R> Client<R> {
    /// The page of a title on the site.
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

    /// A path of the site, such as that of a poster or a torrent file, as an absolute address; what is absolute stays
    /// as it is. `None` for what is no address.
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
