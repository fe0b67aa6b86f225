//! The complete service with a function to publish events.

use std::{future::pending, net::SocketAddr, time::Duration};

use anilibria_client::sandbox::Sandbox;
use anilibria_http::listener::{self, ConnectionLimits};
use anilibria_server::{
    app::{self, build},
    config::Config,
    events::{
        BusConsumer, Realtime,
        bus::{FencedCursor, PublishOutcome},
    },
    titles::change::TitleChange,
};
use anyhow::ensure;
use tokio::net::TcpListener;

/// Settings without limits for the clients, which share one address, and without pings during the measurement.
const FLAGS: [&str; 10] = [
    "--port=0",
    "--rate-limit-requests-per-minute=0",
    "--max-connections=100000",
    "--max-connections-per-client=100000",
    "--max-concurrent-requests-per-client=100000",
    "--websocket-max-connections=100000",
    "--websocket-max-connections-per-client=100000",
    "--websocket-ping-interval=3600",
    "--catalogue-enabled=false",
    "--events-enabled=false",
];

pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    realtime: Realtime,
    _bus_consumer: BusConsumer,
}

pub(crate) async fn start() -> anyhow::Result<Service> {
    let config = Config::from_flags(FLAGS)?;
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    let sandbox = build::HostedSandbox::new(Sandbox::new(), format!("http://{address}"));
    let state = build::build(&config, Some(sandbox)).await?;
    let bus_consumer = BusConsumer::start(&state.realtime, &state.titles);
    let (app, bounds) = (app::app(&config, &state), ConnectionLimits::new(config.http.listener()));
    tokio::spawn(listener::serve(socket, bounds, app, pending(), Duration::ZERO));
    Ok(Service { address, realtime: state.realtime, _bus_consumer: bus_consumer })
}

impl Service {
    pub(crate) async fn publish(&self, change: &TitleChange) -> anyhow::Result<()> {
        let by = FencedCursor { token: 1, cursor: &[] };
        let published = self.realtime.bus().publish(change, by).await?;
        ensure!(matches!(published, PublishOutcome::Published(_)), "the event was {published:?}");
        Ok(())
    }
}
