//! What every WebSocket connection of this crate has in common, whatever is said on it.

mod link;
mod pace;
mod reconnect;
mod settings;

use url::Url;

pub(crate) use self::{
    link::{Heard, Link},
    pace::Pace,
    reconnect::{Reconnects, tireless},
    settings::{Settings, setters},
};
use crate::{
    Result,
    client::builder::{config, url},
};

/// The address of a WebSocket as HTTP knows it.
pub(crate) fn address(setting: &'static str, text: &str) -> Result<Url> {
    let text = match text.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        Some(("http" | "https", _)) => text.to_owned(),
        _ => return Err(config(setting, "must be a ws, wss, http or https URL")),
    };
    url(setting, &text)
}
