//! Placeholders for the gateway in a build without the cargo feature `v3`.

use std::{
    future::{self, Ready},
    iter,
    sync::Arc,
};

use anilibria_cache::Redis;
use anilibria_http::{
    clients::Clients, cors::CorsPolicy, problem::Problem, router::RouteTable, websocket::LiveConnections,
};
use poem::{Request, Response, http::HeaderMap};

use crate::{config::Config, events::bus::Bus, titles::Titles};

/// A gateway without routes and tasks.
#[derive(Clone, Copy, Debug)]
pub struct Gateway;

/// An empty set of tasks.
#[derive(Clone, Copy, Debug)]
pub struct GatewayTasks;

/// An empty set of addresses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addresses;

/// A form of errors that never occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFormat {}

impl Gateway {
    /// Returns the placeholder.
    ///
    /// # Errors
    ///
    /// None.
    pub fn new(_: &Config, _: Option<&Redis>) -> anyhow::Result<Self> {
        Ok(Self)
    }

    /// Returns the empty set of addresses.
    pub fn addresses(self) -> Addresses {
        Addresses
    }

    /// Returns no routes.
    pub fn table(self, _: &Titles, _: &LiveConnections, _: &Arc<Clients>) -> RouteTable {
        RouteTable::new()
    }

    /// Starts no tasks.
    pub fn start(self, _: &Config, _: &Titles, _: &Arc<dyn Bus>, _: Option<&Redis>) -> GatewayTasks {
        GatewayTasks
    }

    /// Returns no types of messages.
    pub fn incoming() -> impl Iterator<Item = &'static str> {
        iter::empty()
    }

    /// Returns no types of messages.
    pub fn outgoing() -> impl Iterator<Item = &'static str> {
        iter::empty()
    }
}

impl GatewayTasks {
    /// Ends no tasks.
    pub fn stop(self) -> Ready<()> {
        future::ready(())
    }
}

impl Addresses {
    /// Returns `None`: no address is an old one.
    pub fn rewrite(self, _: &mut Request) -> Option<ErrorFormat> {
        None
    }

    /// Returns the pages of the configured origins: no address is an old one.
    pub fn cors_policy(self, _: &Request) -> CorsPolicy {
        CorsPolicy::Listed
    }
}

impl ErrorFormat {
    /// Unreachable, because `ErrorFormat` has no values.
    pub fn response(self, _: &Problem) -> Response {
        match self {}
    }

    /// Unreachable, because `ErrorFormat` has no values.
    pub fn add_version(self, _: &mut HeaderMap) {
        match self {}
    }
}
