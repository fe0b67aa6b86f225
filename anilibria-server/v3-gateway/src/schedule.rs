//! The weekly schedule.

use std::collections::HashMap;

use anilibria_cache::NewValue;
use anilibria_client::{model::ScheduledRelease, support};
use anilibria_http::{LoadFailure, problem::Problem, tag};

use super::{
    answer::{Answer, render},
    ask::Ask,
    charge::Charge,
    gateway::{Gateway, Work, kept},
    key,
    many::{Source, many},
    shape::Shape,
};
use crate::host::Titles;

impl Gateway {
    /// Returns the titles that are released on each day of the week.
    pub(super) async fn schedule(&self, ask: &Ask<'_>) -> Result<Answer, Problem> {
        let shape = Shape::read(ask)?;
        let mut days: Vec<u8> = ask.numbers("days")?;
        if days.iter().any(|day| *day > 6) {
            return Err(Problem::invalid("days", "must be a list of numbers from 0 (Monday) to 6"));
        }
        days.sort_unstable();
        days.dedup();
        let key = key::list("schedule", &format!("{days:?} {}", shape.canonical()));
        let (work, charge) = (self.work.clone(), ask.charge.clone());
        let load = move |titles: Titles| async move { schedule(titles, days, shape, work, charge).await };
        Ok(self.charged(&key, &ask.charge, load).await?)
    }
}

async fn schedule(
    titles: Titles,
    days: Vec<u8>,
    shape: Shape,
    work: Work,
    charge: Charge,
) -> Result<NewValue, LoadFailure> {
    let load = |titles: Titles| async move { Ok(titles.client().schedule().week().await?) };
    let week: Vec<ScheduledRelease> = kept(&titles, titles.list_options(), key::WEEK, load).await?;
    let is_asked = |day: u8| days.is_empty() || days.iter().any(|asked| asked + 1 == day);
    let wanted = week.iter().map(|item| &item.release);
    let wanted = wanted.filter(|release| release.publish_day.is_some_and(|day| is_asked(day.0)));
    let ids: Vec<_> = wanted.map(|release| release.id).collect();
    let tags: Vec<_> = ids.iter().map(|id| tag::title(id.get())).collect();
    let found = many(&titles, ids, &shape, Source::Any, &work, &charge).await?;
    let found: HashMap<_, _> = found.into_iter().collect();
    let week = support::week(&week, &days, |release| found.get(&release.id).cloned());
    Ok(NewValue::new(render(&week)?).tags(tags).tag(tag::LISTS))
}
