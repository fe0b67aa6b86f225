//! Teams, roles and members of the service.

use uuid::Uuid;

use crate::random::{self, random, sample};

use super::team::User;
use super::words::NICKNAMES;

/// Names and descriptions of the teams. Some teams have no description.
const TEAMS: [(&str, Option<&str>); 5] = [
    ("Руководство", Some("Следят за тем, чтобы всё шло своим чередом")),
    ("Озвучка", Some("Те, чьи голоса вы слышите")),
    ("Перевод", Some("Переводят с японского и редактируют")),
    ("Техническая команда", None),
    ("Дизайн", None),
];
const ROLES: [(&str, Option<&str>); 7] = [
    ("Даббер", Some("#3A86FF")),
    ("Переводчик", Some("#8338EC")),
    ("Таймер", None),
    ("Саунд-дизайнер", Some("#FF006E")),
    ("Разработчик", Some("#2A9D8F")),
    ("Дизайнер", None),
    ("Куратор", Some("#E9C46A")),
];

/// A team.
#[derive(Debug)]
pub(crate) struct Team {
    pub(crate) id: Uuid,
    pub(crate) title: &'static str,
    pub(crate) description: Option<&'static str>,
    pub(crate) sort_order: usize,
}

/// A role in a team.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) id: Uuid,
    pub(crate) title: &'static str,
    pub(crate) color: Option<&'static str>,
    pub(crate) sort_order: usize,
}

/// A member of a team.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) nickname: &'static str,
    pub(crate) is_intern: bool,
    pub(crate) is_vacation: bool,
    pub(crate) sort_order: usize,
    pub(crate) team: Team,
    pub(crate) user: Option<User>,
    pub(crate) roles: Vec<Role>,
}

/// Returns all teams in the order of display.
pub(crate) fn teams(seed: u64) -> Vec<Team> {
    (0..)
        .zip(TEAMS)
        .map(|(place, (title, description))| Team {
            id: id(seed, "team", place),
            title,
            description,
            sort_order: place + 1,
        })
        .collect()
}

/// Returns all roles in the order of display.
pub(crate) fn roles(seed: u64) -> Vec<Role> {
    (0..)
        .zip(ROLES)
        .map(|(place, (title, color))| Role {
            id: id(seed, "team role", place),
            title,
            color,
            sort_order: place + 1,
        })
        .collect()
}

/// Returns all persons in the order of display.
pub(crate) fn people(seed: u64) -> Vec<Person> {
    (0..).zip(&NICKNAMES).map(|(place, nickname)| person(seed, place, nickname)).collect()
}

fn person(seed: u64, place: usize, nickname: &'static str) -> Person {
    let rng = &mut random::stream(seed, "team user", place as u64);
    let mut teams = teams(seed);
    let team = teams.swap_remove(rng.usize(..teams.len()));
    let user = User { id: rng.u32(1000..200_000), avatar: std::array::from_fn(|_| random::file_name(rng)) };
    let mut roles = sample(rng, roles(seed).into_iter(), 1 + place % 2);
    roles.sort_by_key(|role| role.sort_order);
    Person {
        id: random::uuid(rng),
        nickname,
        is_intern: random(rng, 15),
        is_vacation: random(rng, 10),
        sort_order: place + 1,
        team,
        user: random(rng, 80).then_some(user),
        roles,
    }
}

fn id(seed: u64, kind: &str, place: usize) -> Uuid {
    random::uuid(&mut random::stream(seed, kind, place as u64))
}
