//! Live connections: limited slots for all of them, and the server side of WebSocket.

mod allowance;
mod connection;
mod handshake;
mod line;
mod live;
pub mod slots;
pub mod tally;

pub use self::{
    connection::{Connection, Dialogue, Said},
    handshake::{Handshake, MAX_MESSAGE, Socket},
    line::{Flow, GOODBYE, Line, close, goodbye},
    live::{LiveConnections, LiveOptions},
};
