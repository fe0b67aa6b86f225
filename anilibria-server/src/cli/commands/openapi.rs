//! `openapi`: prints the OpenAPI document.

use std::io::{self, Write as _};

use crate::{
    cli::Format,
    v2::{
        openapi::{Document, SpecVersion},
        routes::Routes,
    },
};

/// Prints the OpenAPI document for `version` of the specification in `format`.
pub fn run(version: SpecVersion, format: Format) -> anyhow::Result<()> {
    let document = Document::of::<Routes>();
    let text = document.text(version);
    let text = match format {
        Format::Json => &text.json,
        Format::Yaml => &text.yaml,
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}
