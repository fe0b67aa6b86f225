//! The command `hello`, the first request of each MongoDB client.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// Limit for connecting, and for each read and write.
const LIMIT: Duration = Duration::from_secs(2);

/// Opcode of a message with a command or a reply.
const OP_MSG: u32 = 2013;

/// The BSON document `{hello: 1, $db: "admin"}`.
const HELLO: &[u8] = b"\x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";

/// Length of the message header: message length, request id, id of the request that is answered, opcode; 4 bytes each.
const HEADER: usize = 16;

/// Returns true if a MongoDB server responds on `port` of 127.0.0.1.
pub(super) fn answers(port: u16) -> bool {
    ask(port).is_ok_and(|code| code == OP_MSG)
}

/// Sends `hello` and returns the opcode of the reply.
fn ask(port: u16) -> io::Result<u32> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(&message())?;
    let mut header = [0; HEADER];
    stream.read_exact(&mut header)?;
    let [.., a, b, c, d] = header;
    Ok(u32::from_le_bytes([a, b, c, d]))
}

/// Encodes the request: header, flags 0, one section of kind 0 (the body).
fn message() -> Vec<u8> {
    let length = u32::try_from(HEADER + 4 + 1 + HELLO.len()).unwrap_or(u32::MAX);
    let mut message = Vec::new();
    for word in [length, 1, 0, OP_MSG, 0] {
        message.extend(word.to_le_bytes());
    }
    message.push(0);
    message.extend(HELLO);
    message
}
