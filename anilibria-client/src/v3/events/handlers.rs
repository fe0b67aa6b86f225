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

/// How many handlers run at a time; while there are more, no further event is taken.
const MAX_RUNNING: usize = 64;

/// The close code that stands for none (RFC 6455).
const NO_CODE: u16 = 1005;

/// One function, and which events it is for.
struct Handler {
    name: String,
    accepts: Box<dyn Fn(&Event) -> bool + Send + Sync>,
    call: Arc<dyn Fn(Event) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>,
}

/// A handler's name, and what came out of it.
type Finished = (String, Result<(), BoxError>);

/// What a handler may give back: nothing, or a result whose error is reported.
pub trait Outcome: Send + 'static {
    /// It as a result.
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
/// Which events a handler is for follows from what it takes. Handlers run beside each other and in no order, 64 at a
/// time. One that fails, or even panics, is [reported](Self::on_error) and does no harm to the others, nor does an
/// error of the stream. Dropping [`run`](Self::run) ends everything.
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
///     .on_startup(|| async { println!("here we go") })
///     .on(|connect: Connect| async move { println!("API {}", connect.api_version) })
///     .on::<TitleUpdate, _, _>(|update| async move { println!("{} has changed", update.title.code) })
///     .on(announce)
///     .on_name("on_title_episode", |event| async move { println!("{event:?}") })
///     .on_error(|error| eprintln!("{error}"));
///
/// // handlers.run().await
/// handlers.run_with(async { /* whatever else the program does */ }).await?;
/// # drop(gateway);
/// # Ok(())
/// # });
/// ```
#[must_use = "handlers do nothing until they are run"]
pub struct Handlers {
    events: Events,
    handlers: Vec<Handler>,
    report: Arc<dyn Fn(BoxError) + Send + Sync>,
}

impl Events {
    /// Returns handlers for the events of the stream; none at first.
    pub fn handlers(self) -> Handlers {
        Handlers { events: self, handlers: Vec::new(), report: Arc::new(|_| {}) }
    }
}

impl Handlers {
    /// Calls `handler` with what each event of its kind carries, or with each [`Event`] if it takes that.
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

    /// Calls `handler` once, before anything else.
    pub fn on_startup<H, F>(self, handler: H) -> Self
    where
        H: Fn() -> F + Send + Sync + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        let accepts = |event: &Event| matches!(event, Event::Startup);
        self.add("on_startup".to_owned(), accepts, move |_| Some(handler()))
    }

    /// Calls `handler` with each event of that [name](Event::name), such as `on_title_update`.
    pub fn on_name<H, F>(self, name: impl Into<String>, handler: H) -> Self
    where
        H: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output: Outcome> + Send + 'static,
    {
        let name = name.into();
        let call = move |event: &Event| Some(handler(event.clone()));
        self.add(name.clone(), move |event| event.name() == name, call)
    }

    /// Reports what handlers and the stream fail with. Default: `tracing` is told of it, as it always is.
    pub fn on_error(mut self, report: impl Fn(BoxError) + Send + Sync + 'static) -> Self {
        self.report = Arc::new(report);
        self
    }

    /// The subscriptions, to be added to while the handlers run.
    pub fn subscriptions(&self) -> Subscriptions {
        self.events.subscriptions()
    }

    /// Runs until the stream ends, and gives the error that it ended with.
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

    /// Runs beside `work`, and ends when either ends: with what `work` gives, or with the error of the stream.
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
            // Called when it is polled, which is within its own task, so that one that panics at once harms nobody.
            Box::pin(async move {
                let work = call(&event);
                match work {
                    Some(work) => work.await.into_result(),
                    None => Ok(()),
                }
            })
        };
        self.handlers.push(Handler { name, accepts: Box::new(accepts), call: Arc::new(call) });
        self
    }

    fn start(&self, event: &Event, running: &mut JoinSet<Finished>) {
        for Handler { name, call, .. } in self.handlers.iter().filter(|handler| (handler.accepts)(event)) {
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
        let names: Vec<_> = self.handlers.iter().map(|handler| &handler.name).collect();
        f.debug_struct("Handlers").field("handlers", &names).finish_non_exhaustive()
    }
}
