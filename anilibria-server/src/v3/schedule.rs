//! The week.

use std::collections::HashMap;

use anilibria_cache::Loaded;
use anilibria_client::v3;

use super::{
    answer::{Answer, render},
    ask::Ask,
    gateway::Gateway,
    key,
    many::{Source, many},
    shape::Shape,
};
use crate::{
    problem::Problem,
    tag,
    titles::{LoadFailure, Titles},
};

impl Gateway {
    /// What comes out on which day of the week.
    pub(super) async fn schedule(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let shape = Shape::read(ask)?;
        let mut days: Vec<u8> = ask.numbers("days")?;
        if days.iter().any(|day| *day > 6) {
            return Err(Problem::invalid("days", "must be a list of numbers from 0 (Monday) to 6"));
        }
        days.sort_unstable();
        days.dedup();
        let key = key::list("schedule", &format!("{days:?} {}", shape.canonical()));
        let load = move |titles: Titles| async move { schedule(titles, days, shape).await };
        Ok(self.cached(&key, load).await?)
    }
}

async fn schedule(titles: Titles, days: Vec<u8>, shape: Shape) -> Result<Loaded, LoadFailure> {
    let week = titles.client().schedule().week().await?;
    let is_asked = |day: u8| days.is_empty() || days.iter().any(|asked| asked + 1 == day);
    let wanted = week.iter().map(|item| &item.release);
    let wanted = wanted.filter(|release| release.publish_day.is_some_and(|day| is_asked(day.0)));
    let ids: Vec<_> = wanted.map(|release| release.id).collect();
    let tags: Vec<_> = ids.iter().map(|id| tag::title(id.get())).collect();
    let found: HashMap<_, _> = many(&titles, ids, &shape, Source::Any).await?.into_iter().collect();
    let week = v3::week(&week, &days, |release| found.get(&release.id).cloned());
    Ok(Loaded::new(render(&week)?).tags(tags).tag(tag::LISTS))
}
