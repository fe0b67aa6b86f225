//! Options of the gateway.

/// Options of the gateway.
#[derive(Clone, Copy, Debug)]
pub struct GatewayOptions {
    /// Refuses parameters that v3 does not know, as the old service did.
    pub strict_parameters: bool,
    /// Selection of the dialect of responses.
    pub dialect: DialectSelection,
    /// Maximum concurrent advanced searches. Default: half of the processors.
    pub search_threads: Option<usize>,
    /// Maximum advanced searches that wait for a thread; more are refused.
    pub search_queue: usize,
    /// Maximum pages of the catalog that wait to be rendered; more are refused.
    pub page_queue: usize,
    /// Maximum bytes of one response; larger ones are refused.
    pub max_response_bytes: usize,
    /// Maximum subscriptions over one WebSocket.
    pub subscriptions: usize,
}

/// Selection of the dialect of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialectSelection {
    /// The dialect of anilibria.py below `/v3.N`, and that of the old service below `/v3`.
    ByPath,
    /// The dialect of the old service everywhere.
    Live,
    /// The dialect of anilibria.py everywhere.
    Python,
}
