//! Functions that are called for events.

use std::{fmt, sync::Arc};

use futures::{
    StreamExt,
    future::{BoxFuture, Either, select},
};
use tokio::task::{JoinError, JoinSet};

use super::{
    event::{Event, EventData},
    stream::Events,
    subscriptions::Subscriptions,
};
use crate::{Error, Result, error::BoxError};

/// Maximum number of handlers that run at the same time. No event is read while this many run.
const MAX_RUNNING: usize = 64;

/// The close code for a missing code (RFC 6455).
const NO_CODE: u16 = 1005;

/// A function and the events for which it is called.
struct Handler {
    name: String,
    accepts: Box<dyn Fn(&Event) -> bool + Send + Sync>,
    call: Arc<dyn Fn(Event) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>,
}

/// Name and outcome of a handler.
type Finished = (String, Result<(), BoxError>);

/// Return value of a handler: nothing, or a result whose error is reported.
pub trait Outcome: Send + 'static {
    /// Converts the return value into a result.
    ///
    /// # Errors
    ///
    /// The error that the handler returned.
    fn into_result(self) -> Result<(), BoxError>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError> + Send + 'static> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// Functions that are called for the events of a stream.
///
/// The type of the argument determines the events for which a handler is called. Handlers run concurrently and in no particular
/// order, at most 64 at a time. An error or panic of a handler is [reported](Self::on_error) and does not affect other
/// handlers. An error of the stream is reported as well. Dropping [`run`](Self::run) stops the handlers and closes the
/// connection.
///
/// ```
/// # anilibria_client::v3::example(|gateway, client| async move {
/// use anilibria_client::v3::{Connect, TitleEpisode, TitleUpdate};
///
/// async fn announce(new: TitleEpisode) -> std::io::Result<()> {
///     println!("{}: episode {}", new.title.names.ru, new.episode.episode);
///     Ok(())
/// }
///
/// let handlers = client
///     .events()
///     .handlers()?
///     .on_startup(|| async { println!("started") })
///     .on(|connect: Connect| async move { println!("API {}", connect.api_version) })
///     .on::<TitleUpdate, _, _>(|update| async move { println!("{} has changed", update.title.code) })
///     .on(announce)
///     .on_name("on_title_episode", |event| async move { println!("{event:?}") })
///     .on_error(|error| eprintln!("{error}"));
///
/// // handlers.run().await
/// handlers.run_with(async { /* the rest of the program */ }).await?;
/// # drop(gateway);
/// # Ok(())
/// # });
/// ```
#[must_use = "handlers do nothing until they are run"]
pub struct Handlers {
    events: Events,
    registered: Vec<Handler>,
    report: Arc<dyn Fn(BoxError) + Send + Sync>,
}

impl Events {
    /// Returns handlers for the events of the stream; none at first.
    pub fn handlers(self) -> Handlers {
        Handlers { events: self, registered: Vec::new(), report: Arc::new(|_| {}) }
    }
}

impl Handlers {
    /// Calls `handler` with the payload of each event of its type, or with each event if it takes an [`Event`].
    pub fn on<E, H, F>(self, handler: H) -> Self
    where
        E: EventData,
        H: Fn(E) -> F + Send + Sync + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        let name = std::any::type_name::<E>().rsplit("::").next().unwrap_or_default().to_owned();
        let call = move |event: &Event| E::from_event(event).cloned().map(&handler);
        self.add(name, |event| E::from_event(event).is_some(), call)
    }

    /// Calls `handler` once, before the first connection.
    pub fn on_startup<H, F>(self, handler: H) -> Self
    where
        H: Fn() -> F + Send + Sync + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        let accepts = |event: &Event| matches!(event, Event::Startup);
        self.add("on_startup".to_owned(), accepts, move |_| Some(handler()))
    }

    /// Calls `handler` with each event of this [name](Event::name), for example `on_title_update`.
    pub fn on_name<H, F>(self, name: impl Into<String>, handler: H) -> Self
    where
        H: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        let name = name.into();
        let call = move |event: &Event| Some(handler(event.clone()));
        self.add(name.clone(), move |event| event.name() == name, call)
    }

    /// Calls `report` with the errors of handlers and of the stream. Default: errors are only logged through `tracing`, which
    /// is always done.
    pub fn on_error(mut self, report: impl Fn(BoxError) + Send + Sync + 'static) -> Self {
        self.report = Arc::new(report);
        self
    }

    /// Returns a handle that adds subscriptions while the handlers run.
    pub fn subscriptions(&self) -> Subscriptions {
        self.events.subscriptions()
    }

    /// Runs until the stream ends.
    ///
    /// # Errors
    ///
    /// The last error of the stream, if no event followed it.
    pub async fn run(mut self) -> Result<()> {
        let mut running = JoinSet::new();
        let mut last = Ok(());
        loop {
            tokio::select! {
                Some(done) = running.join_next() => self.finish(done),
                event = self.events.next(), if running.len() < MAX_RUNNING => match event {
                    Some(Ok(event)) => {
                        last = Ok(());
                        self.start(&event, &mut running);
                    }
                    Some(Err(error)) => {
                        tracing::warn!(%error, "event stream failed");
                        (self.report)(error.clone().into());
                        last = Err(error);
                    }
                    None => break,
                },
            }
        }
        while let Some(done) = running.join_next().await {
            self.finish(done);
        }
        last
    }

    /// Runs until `work` completes, and returns its value.
    ///
    /// # Errors
    ///
    /// The error of the stream if the stream ends first, or [`Error::Closed`] if it ends without an error.
    pub async fn run_with<T>(self, work: impl Future<Output = T>) -> Result<T> {
        match select(Box::pin(work), Box::pin(self.run())).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right((Err(error), _)) => Err(error),
            Either::Right((Ok(()), _)) => Err(Error::Closed { code: NO_CODE, reason: String::new() }),
        }
    }

    fn add<F>(
        mut self,
        name: String,
        accepts: impl Fn(&Event) -> bool + Send + Sync + 'static,
        call: impl Fn(&Event) -> Option<F> + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output: Outcome> + Send + 'static,
    {
        let call = Arc::new(call);
        let call = move |event: Event| -> BoxFuture<'static, Result<(), BoxError>> {
            let call = call.clone();
            // Called within the task of the handler, so that a panic does not affect other handlers.
            Box::pin(async move {
                let work = call(&event);
                match work {
                    Some(work) => work.await.into_result(),
                    None => Ok(()),
                }
            })
        };
        self.registered.push(Handler { name, accepts: Box::new(accepts), call: Arc::new(call) });
        self
    }

    fn start(&self, event: &Event, running: &mut JoinSet<Finished>) {
        for Handler { name, call, .. } in self.registered.iter().filter(|handler| (handler.accepts)(event)) {
            let (name, work) = (name.clone(), call(event.clone()));
            running.spawn(async move { (name, work.await) });
        }
    }

    fn finish(&self, done: Result<Finished, JoinError>) {
        let (name, error) = match done {
            Ok((_, Ok(()))) => return,
            Ok((name, Err(error))) => (name, error),
            Err(panic) => (String::new(), panic.into()),
        };
        tracing::warn!(handler = name, %error, "handler failed");
        (self.report)(error);
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.registered.iter().map(|handler| &handler.name).collect();
        f.debug_struct("Handlers").field("handlers", &names).finish_non_exhaustive()
    }
}
