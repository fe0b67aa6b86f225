//! Search by parameters.

use std::{fmt::Debug, sync::Arc};

use anilibria_client::{
    model::{CatalogSorting, MemberRole, Release, ReleaseId, ReleaseKind, Season},
    reflector::{Catalog, CatalogEntry},
};
use anilibria_http::{LoadFailure, problem::Problem};

use super::{
    advanced_search::{requested_order, sort_by_order},
    gateway::{MAX_SCANNED, Workers},
    order::Order,
    parameters::Parameters,
};
use crate::host::HostTitles;

/// Maximum characters of a text to search for.
const MAX_TEXT: usize = 200;

/// Parameters with nicknames, and the role that each requires.
const ROLES: [(&str, Option<MemberRole>); 6] = [
    ("team", None),
    ("voice", Some(MemberRole::Voicing)),
    ("translator", Some(MemberRole::Translating)),
    ("editing", Some(MemberRole::Editing)),
    ("decor", Some(MemberRole::Decorating)),
    ("timing", Some(MemberRole::Timing)),
];

/// Conditions of a search. A title must match all conditions. Of several values of a condition, one must match; of genres, all.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    text: Option<String>,
    years: Vec<u16>,
    kinds: Vec<ReleaseKind>,
    seasons: Vec<Season>,
    genres: Vec<String>,
    people: Vec<PeopleFilter>,
    order: Option<Order>,
}

/// A condition on the people who worked on a title.
#[derive(Clone, Debug)]
struct PeopleFilter {
    /// Required role; `None` for any role.
    role: Option<MemberRole>,
    /// Nicknames in lower case, one of which must match.
    nicknames: Vec<String>,
}

impl Search {
    /// Reads the parameters of a search.
    pub(super) fn read(parameters: &Parameters<'_>) -> Result<Self, Problem> {
        let text = parameters.text("search").map(str::to_owned);
        if text.as_ref().is_some_and(|text| text.chars().nth(MAX_TEXT).is_some()) {
            return Err(Problem::invalid("search", format!("must not have more than {MAX_TEXT} characters")));
        }
        let mut people = Vec::new();
        for (parameter, role) in ROLES {
            let nicknames = sorted(parameters.list(parameter)?.into_iter().map(str::to_lowercase).collect());
            if !nicknames.is_empty() {
                people.push(PeopleFilter { role, nicknames });
            }
        }
        Ok(Self {
            text,
            years: sorted(parameters.numbers("year")?),
            kinds: distinct(parameters.list("type")?.into_iter().map(kind))?,
            seasons: distinct(parameters.list("season_code")?.into_iter().map(season))?,
            genres: sorted(parameters.owned_list("genres")?),
            people,
            order: requested_order(parameters)?,
        })
    }

    /// Returns the matching titles of the catalog: the best match first if a text is searched, else the last updated
    /// first.
    pub(super) async fn find_in_catalog(
        &self,
        catalog: Arc<Catalog>,
        workers: &Workers,
    ) -> Result<Vec<ReleaseId>, LoadFailure> {
        let mut query = catalog.query().genres(&self.genres).years(self.years.iter().copied());
        query = query.kinds(self.kinds.iter().cloned()).seasons(self.seasons.iter().cloned());
        if let Some(text) = &self.text {
            query = query.search(text.as_str());
        }
        let found = query.find().items.into_iter().filter(|entry| self.matches_entry(entry));
        let ids = found.map(|entry| entry.id).collect();
        match &self.order {
            None => Ok(ids),
            Some(order) => sort_by_order(Arc::clone(&catalog), ids, order.clone(), workers).await,
        }
    }

    /// Returns the matching titles from AniLibria, for use without a catalog. The requested order is ignored. People are
    /// matched only on the first [`MAX_SCANNED`] titles.
    pub(super) async fn find_upstream(&self, titles: &HostTitles) -> Result<Vec<ReleaseId>, LoadFailure> {
        let Some(genres) = titles.genre_ids(&self.genres).await? else { return Ok(Vec::new()) };
        let mut catalog = titles.client().catalog().releases().kinds(self.kinds.iter().cloned());
        catalog = catalog.seasons(self.seasons.iter().cloned());
        if !genres.is_empty() {
            catalog = catalog.genres(genres);
        }
        catalog = match &self.text {
            Some(text) => catalog.search(text.as_str()),
            None => catalog.sorting(CatalogSorting::FreshAtDesc),
        };
        if let (Some(first), Some(last)) = (self.years.iter().min(), self.years.iter().max()) {
            catalog = catalog.from_year(*first).to_year(*last);
        }
        let found = catalog.include(["id", "year"]).window(0, MAX_SCANNED).await?.items;
        let in_years = |release: &Release| {
            self.years.is_empty() || release.year.is_some_and(|year| self.years.contains(&year))
        };
        let ids = found.iter().filter(|release| in_years(release)).map(|release| release.id);
        if self.people.is_empty() {
            return Ok(ids.collect());
        }
        let releases = titles.client().releases().many(ids).await?;
        Ok(releases
            .iter()
            .filter(|release| self.matches_release(release))
            .map(|release| release.id)
            .collect())
    }

    fn matches_entry(&self, entry: &CatalogEntry) -> bool {
        let members =
            || entry.members.iter().flatten().map(|member| (&*member.nickname, member.role.as_ref()));
        self.people.iter().all(|people| people.matches(members()))
    }

    fn matches_release(&self, release: &Release) -> bool {
        let members =
            || release.members.iter().flatten().map(|member| (&*member.nickname, member.role.as_ref()));
        self.people.iter().all(|people| people.matches(members()))
    }
}

impl PeopleFilter {
    fn matches<'m>(&self, mut members: impl Iterator<Item = (&'m str, Option<&'m MemberRole>)>) -> bool {
        members.any(|(nickname, role)| {
            let has_role = self.role.as_ref().is_none_or(|wanted| role == Some(wanted));
            has_role && self.nicknames.contains(&nickname.trim().to_lowercase())
        })
    }
}

/// Sorts values and removes duplicates, so that equal searches have one key.
fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

/// Sorts a few values that are not [`Ord`], and removes duplicates.
fn distinct<T: PartialEq + Debug>(
    values: impl Iterator<Item = Result<T, Problem>>,
) -> Result<Vec<T>, Problem> {
    let mut distinct: Vec<T> = Vec::new();
    for value in values {
        let value = value?;
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct.sort_by_cached_key(|value| format!("{value:?}"));
    Ok(distinct)
}

fn season(word: &str) -> Result<Season, Problem> {
    match word {
        "1" => Ok(Season::Winter),
        "2" => Ok(Season::Spring),
        "3" => Ok(Season::Summer),
        "4" => Ok(Season::Autumn),
        _ => Err(Problem::invalid("season_code", "must be a list of numbers from 1 (winter) to 4 (autumn)")),
    }
}

/// Parses a kind of release by its number or name.
fn kind(word: &str) -> Result<ReleaseKind, Problem> {
    let name = match word {
        "0" => "MOVIE".to_owned(),
        "1" => "TV".to_owned(),
        "2" => "OVA".to_owned(),
        "3" => "ONA".to_owned(),
        "4" => "SPECIAL".to_owned(),
        "5" => "WEB".to_owned(),
        name => name.to_uppercase(),
    };
    match ReleaseKind::from(&*name) {
        ReleaseKind::Unknown(_) => {
            let reason = "must be a list of numbers from 0 to 5, or of names such as TV and MOVIE";
            Err(Problem::invalid("type", reason))
        }
        kind => Ok(kind),
    }
}
