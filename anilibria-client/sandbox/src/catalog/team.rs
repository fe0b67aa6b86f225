//! Members and sponsors of a release.

use fastrand::Rng;
use uuid::Uuid;

use crate::random::{self, pick, random, sample};

use super::reference::{Choice, DECORATING, EDITING, HEVC, POSTER, TIMING, TRANSLATING, VOICING};
use super::release::Release;
use super::words::NICKNAMES;

/// A person who worked on a release.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: Uuid,
    pub(crate) nickname: &'static str,
    pub(crate) role: &'static Choice,
    pub(crate) user: Option<User>,
}

/// Account of a member.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: u32,
    /// File names of the avatar.
    pub(crate) avatar: [String; 4],
}

/// A sponsor of a release.
#[derive(Debug)]
pub(crate) struct Sponsor {
    pub(crate) id: Uuid,
    pub(crate) number: u32,
}

/// Returns the members of a release. Two to four of them are voice actors.
pub(crate) fn members(release: &Release) -> Vec<Member> {
    let rng = &mut release.rng("members");
    let voices = rng.usize(2..=4);
    let rest = [&TRANSLATING, &TIMING, &DECORATING, &EDITING, &POSTER, &HEVC];
    let mut roles = vec![&VOICING; voices];
    roles.extend(rest.into_iter().filter(|role| **role == TRANSLATING || random(rng, 45)));
    let nicknames = sample(rng, NICKNAMES.iter(), roles.len());
    roles.into_iter().zip(nicknames).map(|(role, nickname)| member(rng, nickname, role)).collect()
}

/// Returns the member who is named as the author of a torrent.
pub(crate) fn encoder(release: &Release) -> Member {
    let rng = &mut release.rng("encoder");
    let nickname = pick(rng, &NICKNAMES);
    member(rng, nickname, &HEVC)
}

fn member(rng: &mut Rng, nickname: &'static str, role: &'static Choice) -> Member {
    let id = random::uuid(rng);
    let user = User { id: rng.u32(1000..200_000), avatar: std::array::from_fn(|_| random::file_name(rng)) };
    Member { id, nickname, role, user: random(rng, 65).then_some(user) }
}

/// Returns the sponsors of a release. Most releases have none.
pub(crate) fn sponsors(release: &Release) -> Vec<Sponsor> {
    let rng = &mut release.rng("sponsors");
    let sponsor = Sponsor { id: random::uuid(rng), number: rng.u32(1..50) };
    if random(rng, 5) { vec![sponsor] } else { Vec::new() }
}
