//! Metrics of the leader leases of this instance.

use metrics::{counter, gauge};
use tokio::sync::watch::Receiver;

use super::metrics::{LEADER, LEADER_LOSSES};

/// Reports the leader lease of `task` until its elector is dropped. `lease` contains the fencing token while this instance holds
/// the lease.
pub fn report_leader(task: &'static str, mut lease: Receiver<Option<u64>>) {
    let (leads, losses) = (gauge!(LEADER, "task" => task), counter!(LEADER_LOSSES, "task" => task));
    losses.increment(0);
    tokio::spawn(async move {
        let mut was_leader = false;
        loop {
            let is_leader = lease.borrow_and_update().is_some();
            leads.set(if is_leader { 1.0 } else { 0.0 });
            if was_leader && !is_leader {
                losses.increment(1);
            }
            was_leader = is_leader;
            if lease.changed().await.is_err() {
                leads.set(0.0);
                return;
            }
        }
    });
}
