//! An event as a line for people.

use anilibria_client::watch::Event;

use crate::output::{FAINT, GOOD, STRONG, names, text};

/// Returns the line of `event`.
pub(super) fn of(event: &Event) -> String {
    let Some(release) = event.release() else {
        return format!("{FAINT}changes may have been missed{FAINT:#}");
    };
    let kind = match event {
        Event::NewRelease { .. } => "new release".to_owned(),
        Event::NewEpisode { episode, .. } => format!("new episode {}", episode.ordinal),
        Event::EpisodeUpdate { episode, .. } => format!("changed episode {}", episode.ordinal),
        Event::StatusChange { old, new, .. } => format!("{old} → {new}"),
        _ => "change".to_owned(),
    };
    let mut line = format!("{GOOD}{kind}{GOOD:#}  {STRONG}{}{STRONG:#} ({})", names(release), release.id);
    let name = event.episode().and_then(|episode| episode.name.as_deref()).map(text::line);
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        line.extend(["  ", &name]);
    }
    line
}
