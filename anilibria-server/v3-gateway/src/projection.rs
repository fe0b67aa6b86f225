//! The parts of an object that a client wants: the parameters `filter` and `remove`.
//!
//! `filter` keeps only what its paths lead to, within the objects and arrays that lead there; `remove` takes away from
//! what is left. A path that leads nowhere changes nothing, and with none that leads anywhere `filter` leaves an empty
//! object. Of an array, `list[0]` keeps one element, still in an array.

mod schema;
mod tree;

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use self::{schema::Schema, tree::Tree};
use super::path::{Path, PathError};

/// Most paths of one parameter. A title has about 80 places, counting those of one episode and one torrent.
pub const MAX_PATHS: usize = 256;

/// Most bytes of one parameter: some 30 for each of its paths.
pub const MAX_LENGTH: usize = 8 * 1024;

/// What to keep of an object. The [default](Projection::default) keeps everything.
///
/// As text it is canonical: projections that are written differently and mean the same (another order, paths named
/// twice or lying below others) are the same text, fit for the key of a cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    filter: Option<Paths>,
    remove: Option<Paths>,
}

/// A kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A title.
    Title,
    /// A video.
    Video,
    /// A title or a video.
    FeedItem,
}

/// The paths of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Paths {
    /// In canonical order, none below another.
    listed: Vec<Path>,
    tree: Tree,
}

/// Why a parameter is no list of paths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{parameter}`: {problem}")]
pub struct ProjectionError {
    /// The parameter: `filter` or `remove`.
    pub parameter: &'static str,
    /// What is wrong with it.
    pub problem: ProjectionProblem,
}

/// What is wrong with a list of paths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionProblem {
    /// One of them is no path.
    #[error("path {number}: {reason}")]
    Path {
        /// Which one, counted from 1.
        number: usize,
        /// Why not.
        reason: PathError,
    },
    /// More than [`MAX_PATHS`].
    #[error("there are more than {MAX_PATHS} paths")]
    TooMany,
    /// Longer than [`MAX_LENGTH`].
    #[error("the list is longer than {MAX_LENGTH} bytes")]
    TooLong,
}

impl Projection {
    /// Reads both parameters: paths with commas in between. An empty one is the same as none; a comma too many does no
    /// harm.
    pub fn parse(filter: &str, remove: &str) -> Result<Self, ProjectionError> {
        let paths =
            |parameter, text| Paths::parse(text).map_err(|problem| ProjectionError { parameter, problem });
        Ok(Self { filter: paths("filter", filter)?, remove: paths("remove", remove)? })
    }

    /// Returns the same projection of objects of this kind, without the paths that lead nowhere in any of them. All its
    /// spellings are then the same text.
    #[must_use]
    pub fn of(self, kind: Kind) -> Self {
        let schema = Schema::of(kind);
        let known = |paths: Paths| paths.listed.into_iter().filter(|path| schema.has(path)).collect();
        // To filter by paths that lead nowhere leaves nothing, and to remove them changes nothing.
        let filter = self.filter.map(|paths| Paths::of(known(paths)));
        let remove =
            self.remove.map(|paths| Paths::of(known(paths))).filter(|paths| !paths.listed.is_empty());
        Self { filter, remove }
    }

    /// Whether everything is kept.
    pub fn keeps_all(&self) -> bool {
        self.filter.is_none() && self.remove.is_none()
    }

    /// Whether anything under `key` of the whole object may be kept. What is not need not be made.
    pub fn reads(&self, key: &str) -> bool {
        let wanted = self.filter.as_ref().is_none_or(|filter| filter.tree.touches(key));
        wanted && !self.remove.as_ref().is_some_and(|remove| remove.tree.covers(key))
    }

    /// Leaves of `object` what is to be kept. Anything but an object stays as it is.
    pub fn apply(&self, object: &mut Value) {
        if !object.is_object() {
            return;
        }
        if let Some(filter) = &self.filter {
            filter.tree.filter(object);
        }
        if let Some(remove) = &self.remove {
            remove.tree.remove(object);
        }
    }
}

impl fmt::Display for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = [("filter=", &self.filter), ("remove=", &self.remove)];
        let given = parameters.iter().filter_map(|(name, paths)| Some((name, paths.as_ref()?)));
        for (position, (name, paths)) in given.enumerate() {
            f.write_str(if position > 0 { "&" } else { "" })?;
            f.write_str(name)?;
            for (position, path) in paths.listed.iter().enumerate() {
                f.write_str(if position > 0 { "," } else { "" })?;
                path.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl Paths {
    /// Reads a list; `None` when there are none.
    fn parse(text: &str) -> Result<Option<Self>, ProjectionProblem> {
        if text.len() > MAX_LENGTH {
            return Err(ProjectionProblem::TooLong);
        }
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let mut sorted = BTreeSet::new();
        for (position, part) in parts.enumerate() {
            let number = position + 1;
            if number > MAX_PATHS {
                return Err(ProjectionProblem::TooMany);
            }
            sorted.insert(Path::parse(part).map_err(|reason| ProjectionProblem::Path { number, reason })?);
        }
        Ok((!sorted.is_empty()).then(|| Self::of(sorted)))
    }

    fn of(sorted: BTreeSet<Path>) -> Self {
        let mut listed: Vec<Path> = Vec::with_capacity(sorted.len());
        for path in sorted {
            // Those below a path follow it in this order.
            if !listed.last().is_some_and(|above| path.steps().starts_with(above.steps())) {
                listed.push(path);
            }
        }
        let tree = Tree::of(&listed);
        Self { listed, tree }
    }
}

#[cfg(test)]
mod tests;
