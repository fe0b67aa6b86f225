//! Reference data: years, genres and the team; and the statistics of seeders, which no longer exist.

use std::collections::{BTreeMap, BTreeSet};

use anilibria_cache::NewValue;
use anilibria_client::{model::MemberRole, reflector::Catalog, support::sort_russian, v3::model::Team};
use anilibria_http::{LoadFailure, problem::Problem, tag};
use serde_json::Value;

use super::{
    gateway::{Gateway, catalog},
    key,
    parameters::Parameters,
    rendered_response::{Page, RenderedResponse, render},
};
use crate::host::HostTitles;

impl Gateway {
    /// Returns the years that have titles, in ascending order.
    pub(super) async fn years(&self) -> Result<RenderedResponse, Problem> {
        Ok(self.cached(&key::list("years", ""), years).await?)
    }

    /// Returns the names of all genres: in alphabetical order, or the genre with the most titles first.
    pub(super) async fn genres(&self, parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let by_count = match parameters.number("sorting_type")?.unwrap_or(0) {
            0 => false,
            1 => true,
            _ => {
                return Err(Problem::invalid(
                    "sorting_type",
                    "must be 0 (by name) or 1 (by number of titles)",
                ));
            }
        };
        let load = move |titles: HostTitles| async move { genres(titles, by_count).await };
        Ok(self.cached(&key::list("genres", if by_count { "count" } else { "name" }), load).await?)
    }

    /// Returns the nicknames of all people who have worked on titles.
    pub(super) async fn team(&self) -> Result<RenderedResponse, Problem> {
        Ok(self.cached(&key::list("team", ""), team).await?)
    }

    /// Returns the statistics of seeders. AniLibria no longer publishes them, so the page is empty.
    pub(super) fn seeds(parameters: &Parameters<'_>) -> Result<RenderedResponse, Problem> {
        let (_, pagination) = parameters.page()?.of(0);
        Self::uncached(&Page::<Value> { list: Vec::new(), pagination })
    }
}

async fn years(titles: HostTitles) -> Result<NewValue, LoadFailure> {
    let years: BTreeSet<u16> = match catalog(&titles) {
        Some(catalog) => catalog.iter().filter_map(|entry| entry.year).collect(),
        None => titles.client().catalog().years().await?.into_iter().collect(),
    };
    Ok(NewValue::new(render(&years)?).tag(tag::LISTS))
}

async fn genres(titles: HostTitles, by_count: bool) -> Result<NewValue, LoadFailure> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    if let Some(catalog) = catalog(&titles) {
        for entry in catalog.iter() {
            for genre in catalog.genres_of(entry) {
                *counts.entry(genre.to_owned()).or_default() += 1;
            }
        }
    } else {
        let all = titles.client().genres().list().await?;
        counts.extend(
            all.into_iter().map(|genre| (genre.name, genre.total_releases.unwrap_or_default() as usize)),
        );
    }
    let mut names: Vec<_> = counts.keys().cloned().collect();
    sort_russian(&mut names);
    if by_count {
        names.sort_by_key(|name| std::cmp::Reverse(counts.get(name).copied()));
    }
    Ok(NewValue::new(render(&names)?).tag(tag::LISTS))
}

async fn team(titles: HostTitles) -> Result<NewValue, LoadFailure> {
    let team = if let Some(catalog) = catalog(&titles) {
        team_of_catalog(&catalog)
    } else {
        let users = titles.client().teams().users().await?;
        group_by_role(users.iter().flat_map(|user| {
            user.roles.iter().filter_map(|role| Some((role_from_name(&role.title)?, user.nickname.as_str())))
        }))
    };
    Ok(NewValue::new(render(&team)?).tag(tag::LISTS))
}

fn team_of_catalog(catalog: &Catalog) -> Team {
    let members = catalog.iter().flat_map(|entry| entry.members.iter().flatten());
    group_by_role(members.filter_map(|member| Some((member.role.clone()?, &*member.nickname))))
}

/// Returns the role for its Russian name, which is free text.
fn role_from_name(title: &str) -> Option<MemberRole> {
    let title = title.to_lowercase();
    let roles = [
        ("озвуч", MemberRole::Voicing),
        ("перев", MemberRole::Translating),
        ("редакт", MemberRole::Editing),
        ("саб", MemberRole::Editing),
        ("оформ", MemberRole::Decorating),
        ("тайм", MemberRole::Timing),
    ];
    roles.into_iter().find(|(part, _)| title.contains(part)).map(|(_, role)| role)
}

/// Groups nicknames by role. Each nickname appears once per role, regardless of case.
fn group_by_role<'n>(people: impl Iterator<Item = (MemberRole, &'n str)>) -> Team {
    let mut roles: [BTreeMap<String, String>; 5] = Default::default();
    for (role, nickname) in people {
        let [voice, translator, editing, decor, timing] = &mut roles;
        let names = match role {
            MemberRole::Voicing => voice,
            MemberRole::Translating => translator,
            MemberRole::Editing => editing,
            MemberRole::Decorating => decor,
            MemberRole::Timing => timing,
            _ => continue,
        };
        let nickname = nickname.trim();
        if !nickname.is_empty() {
            names.entry(nickname.to_lowercase()).or_insert_with(|| nickname.to_owned());
        }
    }
    let [voice, translator, editing, decor, timing] = roles.map(|names| names.into_values().collect());
    let mut team = Team::default();
    (team.voice, team.translator, team.editing) = (voice, translator, editing);
    (team.decor, team.timing) = (decor, timing);
    team
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn team_has_each_nickname_once_per_role() {
        let people = [
            (MemberRole::Voicing, "Б"),
            (MemberRole::Voicing, "а"),
            (MemberRole::Voicing, "А "),
            (MemberRole::Timing, "Б"),
            (MemberRole::Timing, " "),
        ];

        let team = group_by_role(people.into_iter());

        assert_eq!((team.voice, team.timing), (vec!["а".to_owned(), "Б".to_owned()], vec!["Б".to_owned()]));
    }

    #[test]
    fn roles_are_parsed_from_russian_names() {
        assert_eq!(role_from_name("Озвучивание"), Some(MemberRole::Voicing));
        assert_eq!(role_from_name("Создание Сабов"), Some(MemberRole::Editing));
        assert_eq!(role_from_name("Прочее"), None);
    }
}
