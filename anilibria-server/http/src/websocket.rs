//! Live connections: limited slots for all of them, and the server side of WebSocket.

mod budget;
mod client_socket;
mod connection;
pub mod counters;
mod handshake;
mod live;
pub mod slots;

pub use self::{
    client_socket::{CLOSE_TIMEOUT, ClientSocket, Flow, close, close_with},
    connection::{ClientMessage, Connection, Protocol},
    handshake::{Handshake, MAX_MESSAGE, Socket},
    live::{LiveConnections, LiveOptions},
};
