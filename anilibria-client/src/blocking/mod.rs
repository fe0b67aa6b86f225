//! The client without async: the same calls, which block the thread.
//!
//! [`Client`] has the groups of [`anilibria_client::Client`](crate::Client), and the calls have the same setters. One
//! declaration makes both. A call is sent by `send()` in place of `.await`, and long lists are iterators.
//!
//! ```
//! # anilibria_client::blocking::offline(|client| {
//! let latest = client.releases().latest().limit(3).send()?;
//! assert_eq!(latest.len(), 3);
//!
//! for release in client.catalog().releases().from_year(2020).items() {
//!     println!("{}", release?.name.main);
//! }
//!
//! client.session().log_in("demo", "demo")?;
//! client.favorites().add([1, 2]).send()?;
//! # Ok(())
//! # });
//! ```
//!
//! # Threads
//!
//! A client starts one thread, which runs all of its requests at the same time. Clones share this thread, and may be used
//! on any number of threads. The thread ends when the last clone, call and iterator of the client is dropped.
//!
//! A call only waits for the thread of the client. It therefore works inside of another async runtime as well, where it
//! blocks a worker thread: prefer the async client there. A call inside of the client's own runtime, such as in a callback
//! of a download, would wait for itself. It is refused with [`Error::InvalidRequest`](crate::Error::InvalidRequest).
//!
//! A blocking call cannot be cancelled. The [time limit](crate::ClientBuilder::timeout) of a call ends it.
//!
//! # Everything else
//!
//! [`Client::block_on`] runs any future of the async client and [`Client::iter`] reads any stream, so that the watcher,
//! the reflector and the live events can be used, too:
//!
//! ```
//! # anilibria_client::blocking::offline(|client| {
//! let reflector = client.as_async().reflector().unpaced().build();
//! let loading = reflector.clone();
//! client.block_on(async move { loading.load().await })??;
//! assert_eq!(reflector.catalog().len(), 60);
//! # Ok(())
//! # });
//! ```
//!
//! ```no_run
//! # fn example(client: anilibria_client::blocking::Client) {
//! for event in client.iter(client.as_async().watch().events()) {
//!     match event {
//!         Ok(event) => println!("{event:?}"),
//!         Err(error) => eprintln!("{error}, trying again"),
//!     }
//! }
//! # }
//! ```

mod calls;
mod client;
#[cfg(feature = "download")]
mod download;
mod iter;
mod login;
#[cfg(feature = "sandbox")]
mod offline;
mod runtime;
mod session;

#[cfg(feature = "sandbox")]
pub use self::offline::offline;
pub use self::{
    client::Client,
    iter::Iter,
    login::{OtpLogin, SocialLoginPending},
    runtime::Runtime,
    session::Session,
};
