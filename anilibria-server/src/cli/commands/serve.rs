//! `serve`: runs the service.

use std::{sync::Arc, time::Duration};

use anilibria_http::listener::{self, Bounds};
use tracing::{info, warn};

use super::{
    banner::{Line, account, announce},
    base_url, bind, block_on, sandbox_with, stop_signal,
};
use crate::{
    app::{
        self,
        build::{self, SandboxAt},
    },
    cli::Serve,
    config::Environment,
    events::{BusConsumer, bus::Publisher},
    telemetry::{Tidying, Traces, logging},
    titles::{catalog::SyncTask, change::Publish},
};

/// Timeout of disconnecting clients of live events at shutdown.
const GOODBYE: Duration = Duration::from_secs(2);

/// Timeout of exporting the last traces to the collector.
const LAST_TRACES: Duration = Duration::from_secs(2);

/// Serves until a stop signal, then waits for requests in progress.
pub fn run(serve: &Serve) -> anyhow::Result<()> {
    let config = &serve.config.complete().map_err(anyhow::Error::msg)?;
    block_on(async {
        let traces = Traces::start(&config.telemetry)?;
        logging::init(config.log.log_level, config.log_format(), traces.as_ref());
        for warning in config.auth.warnings() {
            warn!("{warning}");
        }
        // The socket is bound first: the service reads from its sandbox over it, and a free port is known only after
        // binding.
        let socket = bind(&config.address).await?;
        let base = base_url(socket.local_addr()?);
        let sandbox = serve.sandbox.then(|| SandboxAt::new(sandbox_with(serve.catalog), &base));
        let state = build::build(config, sandbox).await?;
        announce(&base, config.log_format(), &addresses(&base, serve.sandbox, config.environment));
        let (health, clients) = (state.health.clone(), state.realtime.clone());
        let stop = async move {
            stop_signal().await;
            info!("stopping, waiting for requests in progress");
            health.drain();
            clients.live().stop(GOODBYE).await;
        };
        let bounds = Bounds::new(config.http.listener()).counted_in(&state.traffic);
        let _tidy = state.metrics.as_ref().map(Tidying::start);
        let publisher = config.realtime.events_enabled.then(|| Publisher(Arc::clone(state.realtime.bus())));
        let publisher = publisher.map(|publisher| Arc::new(publisher) as Arc<dyn Publish>);
        let sync = SyncTask::start(&state.titles, publisher, config.telemetry.sampler());
        let _watch = state.watch(config);
        let _bus_consumer = BusConsumer::start(&state.realtime, &state.titles);
        let notifier = state.notifier();
        let gateway = state.gateway(config);
        let _franchises = state.torznab.start(!serve.sandbox);
        let source = state.source(config);
        let subscribers = state.telling();
        let served =
            listener::serve(socket, bounds, app::app(config, &state), stop, config.shutdown_timeout).await;
        if let Some(subscribers) = subscribers {
            subscribers.stop().await;
        }
        if let Some(source) = source {
            source.stop().await;
        }
        // The lease for polling AniLibria ends with the last task that needs it.
        if let Some(sync) = sync {
            sync.stop().await;
        }
        gateway.stop().await;
        if let Some(notifier) = notifier {
            notifier.stop().await;
        }
        if let Some(traces) = traces {
            traces.stop(LAST_TRACES).await;
        }
        served
    })
}

/// Returns the lines of the banner. In production the sandbox has no control calls.
fn addresses(base: &str, is_sandbox: bool, environment: Environment) -> Vec<Line> {
    let mut lines = vec![
        ("AniLibria service", format!("{base}/")),
        ("Documentation", format!("{base}{}/docs", anilibria_http::BASE)),
        ("Live events", format!("{base}{}/live", anilibria_http::BASE)),
    ];
    if is_sandbox {
        lines.push(("Sandbox API", format!("{base}/sandbox/api/v1")));
    }
    if is_sandbox && environment != Environment::Production {
        lines.push(("Control calls", format!("{base}/sandbox")));
        lines.push(("Account", account()));
    }
    lines
}
