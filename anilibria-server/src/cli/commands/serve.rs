//! `serve`: runs the service.

use std::{sync::Arc, time::Duration};

use anilibria_http::listener::{self, ConnectionLimits};
use tracing::{info, warn};

use super::{
    banner::{Line, account, announce},
    base_url, bind, block_on, sandbox_with, stop_signal,
};
use crate::{
    app::{
        self,
        build::{self, HostedSandbox},
    },
    cli::ServeArgs,
    config::Environment,
    events::{BusConsumer, bus::Publisher},
    telemetry::{MetricsUpkeep, Traces, logging},
    titles::{catalog::SyncTask, change::Publish},
};

/// Maximum time to close live connections at a shutdown.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum time to export the last traces at a shutdown.
const TRACE_EXPORT_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves until a stop signal, then waits for requests in progress and stops the tasks in order.
///
/// # Errors
///
/// Returns an error if a setting is invalid, if the address cannot be bound, or if the listener fails.
pub fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let config = &args.config.resolve().map_err(anyhow::Error::msg)?;
    block_on(async {
        let traces = Traces::start(&config.telemetry)?;
        logging::init(config.log.log_level, config.log_format(), traces.as_ref());
        for warning in config.auth.warnings() {
            warn!("{warning}");
        }
        // The socket is bound first: the service reads from its sandbox over this socket, and a free port is known only after
        // binding.
        let socket = bind(&config.address).await?;
        let base = base_url(socket.local_addr()?);
        let sandbox = args.sandbox.then(|| HostedSandbox::new(sandbox_with(args.catalog), &base));
        let state = build::build(config, sandbox).await?;
        announce(&base, config.log_format(), &addresses(&base, args.sandbox, config.environment));
        let (health, clients) = (state.health.clone(), state.realtime.clone());
        let stop = async move {
            stop_signal().await;
            info!("stopping, waiting for requests in progress");
            health.mark_stopping();
            clients.live().stop(DISCONNECT_TIMEOUT).await;
        };
        let bounds = ConnectionLimits::new(config.http.listener()).traffic(&state.traffic);
        let _metrics_upkeep = state.metrics.as_ref().map(MetricsUpkeep::start);
        let publisher = config.realtime.events_enabled.then(|| Publisher(Arc::clone(state.realtime.bus())));
        let publisher = publisher.map(|publisher| Arc::new(publisher) as Arc<dyn Publish>);
        let sync = SyncTask::start(&state.titles, publisher, config.telemetry.sampler());
        let _watch = state.start_rollback_watch(config);
        let _pump = BusConsumer::start(&state.realtime, &state.titles);
        let notifier = state.start_notifier();
        let gateway = state.start_v3_gateway(config);
        let _franchises = state.torznab.start(!args.sandbox);
        let source = state.start_event_source(config);
        let subscribers = state.start_subscriber_reporter();
        let served =
            listener::serve(socket, bounds, app::app(config, &state), stop, config.shutdown_timeout).await;
        if let Some(subscribers) = subscribers {
            subscribers.stop().await;
        }
        if let Some(source) = source {
            source.stop().await;
        }
        // The catalog sync stops after the event source, because it also resigns the lease that both use.
        if let Some(sync) = sync {
            sync.stop().await;
        }
        gateway.stop().await;
        if let Some(notifier) = notifier {
            notifier.stop().await;
        }
        if let Some(traces) = traces {
            traces.stop(TRACE_EXPORT_TIMEOUT).await;
        }
        served
    })
}

/// Returns the addresses to print. In production the sandbox has no control routes.
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
