//! Response body that can be truncated on purpose.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The body of a response: bytes in memory, with an optional early end.
///
/// A truncated body declares its full length and ends with an [`io::Error`] of kind
/// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted); an HTTP server then closes the connection.
#[derive(Debug, Default)]
pub struct SandboxBody {
    data: Bytes,
    /// Bytes that are declared but not sent.
    missing: u64,
    breaks: Break,
}

/// Time of the early end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Break {
    /// No early end.
    #[default]
    Never,
    /// After a pause, in which the server sends the previous bytes.
    AfterPause,
    /// At the next poll.
    Now,
}

impl SandboxBody {
    pub(crate) fn new(data: Bytes) -> Self {
        Self { data, ..Self::default() }
    }

    /// Makes the body fail after `bytes` bytes. With 0, not even the head of the response is sent.
    pub(crate) fn breaking_after(mut self, bytes: usize) -> Self {
        let whole = self.data.len();
        self.data.truncate(bytes);
        self.missing = (whole - self.data.len()) as u64;
        self.breaks = if self.data.is_empty() { Break::Now } else { Break::AfterPause };
        self
    }
}

impl Body for SandboxBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if !self.data.is_empty() {
            let data = std::mem::take(&mut self.data);
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.breaks {
            Break::Never => Poll::Ready(None),
            Break::AfterPause => {
                self.breaks = Break::Now;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Break::Now => {
                self.breaks = Break::Never;
                let error =
                    io::Error::new(io::ErrorKind::ConnectionAborted, "the sandbox truncated this response");
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.breaks == Break::Never
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.len() as u64 + self.missing)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn complete_body_has_an_exact_size() {
        let body = SandboxBody::new(Bytes::from_static(b"whole"));

        assert_eq!(body.size_hint().exact(), Some(5));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "whole");
    }

    #[tokio::test]
    async fn truncated_body_declares_its_full_size_and_fails_after_its_part() {
        let mut body = SandboxBody::new(Bytes::from_static(b"whole")).breaking_after(2);

        assert_eq!(body.size_hint().exact(), Some(5));
        let part = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(part, "wh");
        assert_eq!(body.size_hint().exact(), Some(3));
        assert_eq!(body.frame().await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn body_truncated_at_zero_sends_nothing() {
        let mut body = SandboxBody::new(Bytes::from_static(b"whole")).breaking_after(0);

        assert!(!body.is_end_stream());
        assert!(body.frame().await.unwrap().is_err());
    }
}
