//! `openapi`: prints the OpenAPI document.

use std::io::{self, Write as _};

use crate::{
    cli::Format,
    v2::{openapi::Document, routes::Routes},
};

/// Prints the document in `format`.
pub fn run(format: Format) -> anyhow::Result<()> {
    let document = Document::of::<Routes>();
    let text = match format {
        Format::Json => document.json,
        Format::Yaml => document.yaml,
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}
