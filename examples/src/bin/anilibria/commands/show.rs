//! `anilibria show`: one release with its episodes and torrents.

use std::io;

use anilibria_client::{
    Client,
    model::{Episode, ExternalRating, PublishDay, Release, Torrent},
};
use clap::Args;
use indicatif::HumanBytes;

use super::Context;
use crate::output::{self, Column, FAINT, STRONG, Table, format, names, text};

/// Shows a release: names, facts, episodes and torrents
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// Id or alias, the last part of the address on the site
    release: String,
}

impl Show {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let release = context.client().releases().get(&self.release).await?;
        if context.is_json {
            return output::json(&release);
        }
        print(context.client(), &release)?;
        Ok(())
    }
}

fn print(client: &Client, release: &Release) -> io::Result<()> {
    paragraph(&names(release), |line| format!("{STRONG}{line}{STRONG:#}"))?;
    if let Some(alternative) = &release.name.alternative {
        paragraph(&text::line(alternative), |line| format!("{FAINT}{line}{FAINT:#}"))?;
    }
    for (label, value) in facts(client, release) {
        fact(label, &text::line(&value))?;
    }
    for part in release.description.as_deref().map(text::paragraphs).into_iter().flatten() {
        output::line("")?;
        paragraph(&part, str::to_owned)?;
    }
    section("Episodes", release.episodes.as_deref().unwrap_or_default(), episodes)?;
    section("Torrents", release.torrents.as_deref().unwrap_or_default(), torrents)
}

/// Returns the facts that are known.
fn facts(client: &Client, release: &Release) -> Vec<(&'static str, String)> {
    let kind = release.kind.as_ref().map(ToString::to_string);
    let season = release.season.as_ref().map(ToString::to_string);
    let year = release.year.map(|year| year.to_string());
    let first: Vec<_> = [kind, season, year].into_iter().flatten().collect();
    let genres = release.genres.iter().flatten().map(|genre| genre.name.clone()).collect::<Vec<_>>();
    let day = release.publish_day.and_then(PublishDay::weekday).map(|day| day.to_string());
    let facts = [
        ("Id", Some(format!("{}, {}", release.id, release.alias))),
        ("Kind", Some(first.join(", "))),
        ("Genres", Some(genres.join(", "))),
        ("Status", Some(release.status().to_string())),
        ("Episodes", release.episodes_total.map(|total| format!("{total} in all"))),
        ("Length", release.average_duration_of_episode.map(format::length)),
        ("Published", day.filter(|_| release.is_in_production).map(|day| format!("on {day}"))),
        ("Updated", release.fresh_at.map(format::date)),
        ("Shikimori", release.shikimori.as_ref().and_then(external)),
        ("MyAnimeList", release.mal.as_ref().and_then(external)),
        ("Note", release.notification.clone()),
        ("Page", release.page_url(client)),
    ];
    let known = |(label, value): (_, Option<String>)| Some((label, value.filter(|value| !value.is_empty())?));
    facts.into_iter().filter_map(known).collect()
}

fn external(rating: &ExternalRating) -> Option<String> {
    let facts = [rating.rating.map(|rating| format!("{rating:.2}")), rating.url.clone()];
    let facts: Vec<_> = facts.into_iter().flatten().collect();
    (!facts.is_empty()).then(|| facts.join(", "))
}

fn episodes(episodes: &[Episode]) -> Table {
    let columns =
        [Column::right("NO"), Column::flexible("NAME"), Column::right("LENGTH"), Column::left("QUALITY")];
    Table::new(columns).rows(episodes, |episode| {
        [
            episode.ordinal.to_string(),
            episode.name.clone().unwrap_or_default(),
            episode.duration.map(format::length).unwrap_or_default(),
            episode.streams().next().map(|(quality, _)| quality.to_string()).unwrap_or_default(),
        ]
    })
}

fn torrents(torrents: &[Torrent]) -> Table {
    let columns = [
        Column::right("ID"),
        Column::flexible("EPISODES"),
        Column::left("QUALITY"),
        Column::right("SIZE"),
        Column::right("SEEDERS"),
        Column::left("CODEC"),
    ];
    Table::new(columns).rows(torrents, |torrent| {
        [
            torrent.id.to_string(),
            torrent.description.clone().unwrap_or_default(),
            torrent.resolution.as_ref().map(ToString::to_string).unwrap_or_default(),
            HumanBytes(torrent.size).to_string(),
            torrent.seeders.to_string(),
            torrent.codec.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]
    })
}

/// Prints a table with a heading, unless it has no rows.
fn section<T>(heading: &str, items: &[T], table: impl FnOnce(&[T]) -> Table) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    output::line(format_args!("\n{STRONG}{heading}{STRONG:#}"))?;
    output::table(&table(items))
}

/// Prints `text` in lines as wide as the terminal, each with a style.
fn paragraph(text: &str, style: impl Fn(&str) -> String) -> io::Result<()> {
    let lines = match output::columns() {
        Some(columns) => text::wrap(text, columns),
        None => vec![text.to_owned()],
    };
    lines.iter().try_for_each(|line| output::line(style(line)))
}

/// Prints a fact. Further lines of a long value begin below its first one.
fn fact(label: &str, value: &str) -> io::Result<()> {
    const INDENT: usize = 13;
    let lines = match output::columns() {
        Some(columns) => text::wrap(value, columns.saturating_sub(INDENT)),
        None => vec![value.to_owned()],
    };
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    labels
        .zip(&lines)
        .try_for_each(|(label, line)| output::line(format_args!("{FAINT}{label:<INDENT$}{FAINT:#}{line}")))
}
