//! The gateway of a build without the feature `v3`.

use std::{
    future::{self, Ready},
    iter,
    sync::Arc,
};

use anilibria_cache::Redis;
use anilibria_http::{
    clients::Clients, cors::Readers, problem::Problem, router::RouteTable, websocket::LiveConnections,
};
use poem::{Request, Response, http::HeaderMap};

use crate::{config::Config, events::bus::Bus, titles::Titles};

/// No gateway.
#[derive(Clone, Copy, Debug)]
pub struct Gateway;

/// No tasks.
#[derive(Clone, Copy, Debug)]
pub struct Running;

/// No addresses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addresses;

/// No form of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFormat {}

impl Gateway {
    /// Returns no gateway.
    ///
    /// # Errors
    ///
    /// None.
    pub fn new(_: &Config, _: Option<&Redis>) -> anyhow::Result<Self> {
        Ok(Self)
    }

    /// Returns no addresses.
    pub fn addresses(self) -> Addresses {
        Addresses
    }

    /// Returns no routes.
    pub fn table(self, _: &Titles, _: &LiveConnections, _: &Arc<Clients>) -> RouteTable {
        RouteTable::new()
    }

    /// Starts no tasks.
    pub fn start(self, _: &Config, _: &Titles, _: &Arc<dyn Bus>, _: Option<&Redis>) -> Running {
        Running
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

impl Running {
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
    pub fn cors_policy(self, _: &Request) -> Readers {
        Readers::Listed
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
