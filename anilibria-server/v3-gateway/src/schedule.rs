//! The weekly schedule.

use std::collections::HashMap;

use anilibria_cache::NewValue;
use anilibria_client::{model::ScheduledRelease, support};
use anilibria_http::{LoadFailure, problem::Problem, tag};

use super::{
    gateway::{Gateway, Workers, cached_data},
    key,
    parameters::Parameters,
    quota::RequestQuota,
    render_titles::{Source, render_titles},
    rendered_response::{RenderedResponse, render},
    shape::Shape,
};
use crate::host::HostTitles;

impl Gateway {
    /// Returns the titles that are released on each day of the week.
    pub(super) async fn schedule(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let shape = Shape::read(parameters)?;
        let mut days: Vec<u8> = parameters.numbers("days")?;
        if days.iter().any(|day| *day > 6) {
            return Err(Problem::invalid("days", "must be a list of numbers from 0 (Monday) to 6 (Sunday)"));
        }
        days.sort_unstable();
        days.dedup();
        let key = key::list("schedule", &format!("{days:?} {}", shape.canonical()));
        let (workers, quota) = (self.workers.clone(), parameters.quota.clone());
        let load =
            move |titles: HostTitles| async move { schedule(titles, days, shape, workers, quota).await };
        Ok(self.cached_with_quota(&key, &parameters.quota, load).await?)
    }
}

async fn schedule(
    titles: HostTitles,
    days: Vec<u8>,
    shape: Shape,
    workers: Workers,
    quota: RequestQuota,
) -> Result<NewValue, LoadFailure> {
    let load = |titles: HostTitles| async move { Ok(titles.client().schedule().week().await?) };
    let week: Vec<ScheduledRelease> = cached_data(&titles, titles.list_options(), key::WEEK, load).await?;
    let is_requested = |day: u8| days.is_empty() || days.iter().any(|requested| requested + 1 == day);
    let wanted = week.iter().map(|item| &item.release);
    let wanted = wanted.filter(|release| release.publish_day.is_some_and(|day| is_requested(day.0)));
    let ids: Vec<_> = wanted.map(|release| release.id).collect();
    let tags: Vec<_> = ids.iter().map(|id| tag::title(id.get())).collect();
    let found = render_titles(&titles, ids, &shape, Source::Any, &workers, &quota).await?;
    let found: HashMap<_, _> = found.into_iter().collect();
    let week = support::week(&week, &days, |release| found.get(&release.id).cloned());
    Ok(NewValue::new(render(&week)?).tags(tags).tag(tag::LISTS))
}
