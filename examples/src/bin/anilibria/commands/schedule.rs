//! `anilibria schedule`: releases by the day on which their episodes are published.

use anilibria_client::model::{PublishDay, ScheduledRelease};
use clap::{Args, ValueEnum};

use super::Context;
use crate::{
    exit::Failure,
    output::{Column, Table, names},
};

/// Lists the releases of the week by the day on which their episodes are published
#[derive(Args, Debug)]
pub(crate) struct Schedule {
    /// Lists the releases of one day, in Moscow time
    #[arg(long, value_enum)]
    day: Option<Day>,
}

/// A day of the schedule.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Day {
    #[value(alias = "mon")]
    Monday,
    #[value(alias = "tue")]
    Tuesday,
    #[value(alias = "wed")]
    Wednesday,
    #[value(alias = "thu")]
    Thursday,
    #[value(alias = "fri")]
    Friday,
    #[value(alias = "sat")]
    Saturday,
    #[value(alias = "sun")]
    Sunday,
    Yesterday,
    Today,
    Tomorrow,
}

impl Schedule {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let schedule = context.client().schedule();
        let mut releases = match self.day {
            Some(Day::Yesterday) => schedule.now().await?.yesterday,
            Some(Day::Today) => schedule.now().await?.today,
            Some(Day::Tomorrow) => schedule.now().await?.tomorrow,
            None => schedule.week().await?,
            Some(day) => {
                let mut week = schedule.week().await?;
                week.retain(|item| item.release.publish_day == day.publish_day());
                week
            }
        };
        if releases.is_empty() {
            return Err(Failure::NothingFound("no release is scheduled".to_owned()).into());
        }
        releases.sort_by(|a, b| {
            let key = |item: &ScheduledRelease| (item.release.publish_day, item.release.name.main.clone());
            key(a).cmp(&key(b))
        });
        context.print(&releases, |releases| table(releases))
    }
}

impl Day {
    /// Returns the day of the week; `None` for a day that depends on the date.
    fn publish_day(self) -> Option<PublishDay> {
        let number = match self {
            Self::Monday => 1,
            Self::Tuesday => 2,
            Self::Wednesday => 3,
            Self::Thursday => 4,
            Self::Friday => 5,
            Self::Saturday => 6,
            Self::Sunday => 7,
            Self::Yesterday | Self::Today | Self::Tomorrow => return None,
        };
        Some(PublishDay(number))
    }
}

fn table(releases: &[ScheduledRelease]) -> Table {
    let columns = [
        Column::left("DAY"),
        Column::right("ID"),
        Column::flexible("NAME"),
        Column::right("NEXT"),
        Column::left("ALIAS"),
    ];
    Table::new(columns).rows(releases, |item| {
        let day = item.release.publish_day.and_then(PublishDay::weekday);
        [
            day.map(|day| day.to_string()).unwrap_or_default(),
            item.release.id.to_string(),
            names(&item.release),
            item.next_release_episode_number.map(|number| number.to_string()).unwrap_or_default(),
            item.release.alias.clone(),
        ]
    })
}
