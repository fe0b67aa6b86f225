//! Selection of the parts of an object by the parameters `filter` and `remove`.
//!
//! `filter` keeps only the values that its paths lead to, together with the objects and arrays around them. `remove` is
//! applied to the rest. A path without a value has no effect. If no path of `filter` has a value, the result is an empty object.
//! Of an array, `list[0]` keeps one element, still in an array.

mod schema;
mod tree;

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use self::{schema::Schema, tree::Tree};
use super::path::{Path, PathError};

/// Maximum paths of one parameter. A title has about 80 paths, counting those of one episode and one torrent.
pub const MAX_PATHS: usize = 256;

/// Maximum bytes of one parameter, some 30 for each path.
pub const MAX_LENGTH: usize = 8 * 1024;

/// Selection of the parts of an object. The [default](Projection::default) keeps everything.
///
/// Its text is canonical: projections with different spellings and the same meaning have the same text. Spellings may differ
/// in order, in duplicates, and in paths below other paths. The text is suitable as part of a cache key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    filter: Option<Paths>,
    remove: Option<Paths>,
}

/// Kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
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
    /// Paths in canonical order. None is below another.
    listed: Vec<Path>,
    tree: Tree,
}

/// Error of parsing `filter` or `remove`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{parameter}`: {kind}")]
pub struct ProjectionError {
    /// Name of the parameter: `filter` or `remove`.
    pub parameter: &'static str,
    /// Cause of the error.
    pub kind: ProjectionErrorKind,
}

/// Errors of parsing a list of paths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionErrorKind {
    /// A path is malformed.
    #[error("path {number}: {reason}")]
    Path {
        /// Position of the path in the list, counted from 1.
        number: usize,
        /// Cause of the error.
        reason: PathError,
    },
    /// There are more than [`MAX_PATHS`] paths.
    #[error("there are more than {MAX_PATHS} paths")]
    TooMany,
    /// The list is longer than [`MAX_LENGTH`].
    #[error("the list is longer than {MAX_LENGTH} bytes")]
    TooLong,
}

impl Projection {
    /// Parses both parameters: paths separated by commas. Empty paths are skipped; a parameter without paths counts as
    /// missing.
    ///
    /// # Errors
    ///
    /// [`ProjectionError`] if a path is malformed, or a list is too long.
    pub fn parse(filter: &str, remove: &str) -> Result<Self, ProjectionError> {
        let paths = |parameter, text| Paths::parse(text).map_err(|kind| ProjectionError { parameter, kind });
        Ok(Self { filter: paths("filter", filter)?, remove: paths("remove", remove)? })
    }

    /// Returns the same projection for objects of this kind, without the paths that none of them can have. All
    /// spellings of a projection then have the same text.
    #[must_use]
    pub fn for_kind(self, kind: ObjectKind) -> Self {
        let schema = Schema::of(kind);
        let known = |paths: Paths| paths.listed.into_iter().filter(|path| schema.contains(path)).collect();
        // An empty `filter` keeps nothing, so it stays; an empty `remove` has no effect, so it is dropped.
        let filter = self.filter.map(|paths| Paths::of(known(paths)));
        let remove =
            self.remove.map(|paths| Paths::of(known(paths))).filter(|paths| !paths.listed.is_empty());
        Self { filter, remove }
    }

    /// True if everything is kept.
    pub fn keeps_all(&self) -> bool {
        self.filter.is_none() && self.remove.is_none()
    }

    /// True if a value under `key` of the object may be kept. If false, the value need not be produced.
    pub fn reads(&self, key: &str) -> bool {
        let wanted = self.filter.as_ref().is_none_or(|filter| filter.tree.touches(key));
        wanted && !self.remove.as_ref().is_some_and(|remove| remove.tree.covers(key))
    }

    /// Removes the values of `object` that are not kept. Values other than objects are left unchanged.
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
    /// Parses a list; `None` if it has no paths.
    fn parse(text: &str) -> Result<Option<Self>, ProjectionErrorKind> {
        if text.len() > MAX_LENGTH {
            return Err(ProjectionErrorKind::TooLong);
        }
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let mut sorted = BTreeSet::new();
        for (position, part) in parts.enumerate() {
            let number = position + 1;
            if number > MAX_PATHS {
                return Err(ProjectionErrorKind::TooMany);
            }
            sorted.insert(
                Path::parse_with_v2_names(part)
                    .map_err(|reason| ProjectionErrorKind::Path { number, reason })?,
            );
        }
        Ok((!sorted.is_empty()).then(|| Self::of(sorted)))
    }

    fn of(sorted: BTreeSet<Path>) -> Self {
        let mut listed: Vec<Path> = Vec::with_capacity(sorted.len());
        for path in sorted {
            // In this order, the paths below a path follow it directly.
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
