//! Durations of calls, and the ratio of their medians.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, future, stream};

pub(crate) const ROUNDS: usize = 9;

/// Returns the average duration of one of `count` calls, made one after the other.
pub(crate) async fn in_turn<'a, F: Future<Output = anyhow::Result<()>>>(
    count: u32,
    keys: &'a [String],
    mut call: impl FnMut(&'a String) -> F,
) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    for key in keys.iter().cycle().take(count as usize) {
        call(key).await?;
    }
    Ok(begun.elapsed() / count)
}

/// Returns the average duration of one of `count` calls, with `in_flight` of them at the same time.
pub(crate) async fn at_once<'a, F: Future<Output = anyhow::Result<()>>>(
    count: u32,
    in_flight: usize,
    keys: &'a [String],
    call: impl FnMut(&'a String) -> F,
) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let calls = keys.iter().cycle().take(count as usize).map(call);
    stream::iter(calls).buffer_unordered(in_flight).try_for_each(|()| future::ok(())).await?;
    Ok(begun.elapsed() / count)
}

/// Prints the ratio of the medians, then both medians.
pub(crate) fn report(what: &str, plain: Vec<Duration>, ours: Vec<Duration>) {
    let (plain, ours) = (median(plain), median(ours));
    let ratio = ours.as_secs_f64() / plain.as_secs_f64();
    println!("{what}: {ratio:.3} ({} ns / {} ns)", ours.as_nanos(), plain.as_nanos());
}

fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort_unstable();
    rounds.swap_remove(rounds.len() / 2)
}
