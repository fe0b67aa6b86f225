//! A prefix tree of paths, so that an object is traversed once for all of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::path::{Path, Step, fraction};

/// Node of the tree: the next steps of all paths that lead to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    /// True if a path ends here, so that it includes everything below.
    covers_all: bool,
    keys: BTreeMap<String, Tree>,
    indices: BTreeMap<usize, Tree>,
    all: Option<Box<Tree>>,
}

impl Tree {
    /// Creates the tree of `paths`.
    pub(super) fn of(paths: &[Path]) -> Self {
        let mut tree = Self::default();
        for path in paths {
            tree.insert(path.steps(), true);
        }
        tree
    }

    /// Inserts a path. Its first two neighbouring numbers may be a fraction, so the path is then inserted in both readings.
    /// Further numbers are not read as fractions, because a short path could otherwise grow into a large tree.
    fn insert(&mut self, steps: &[Step], fractions: bool) {
        let Some((step, rest)) = steps.split_first() else {
            self.covers_all = true;
            return;
        };
        match step {
            Step::Key(key) => {
                let joined = fraction(key, rest).filter(|_| fractions);
                let fractions = fractions && joined.is_none();
                if let Some((key, rest)) = joined {
                    self.keys.entry(key).or_default().insert(rest, fractions);
                }
                self.keys.entry(key.clone()).or_default().insert(rest, fractions);
            }
            Step::Index(index) => self.indices.entry(*index).or_default().insert(rest, fractions),
            Step::All => self.all.get_or_insert_default().insert(rest, fractions),
        }
    }

    /// True if a path leads to `key` or below it.
    pub(super) fn touches(&self, key: &str) -> bool {
        !under_key(&[self], key).is_empty()
    }

    /// True if a path includes everything under `key`.
    pub(super) fn covers(&self, key: &str) -> bool {
        covers_all(&under_key(&[self], key))
    }

    /// Keeps only the values of `object` that the paths lead to.
    pub(super) fn filter(&self, object: &mut Value) {
        filter(&[self], object);
    }

    /// Removes the values of `object` that the paths lead to.
    pub(super) fn remove(&self, object: &mut Value) {
        remove(&[self], object);
    }
}

/// Keeps only the values that `trees` lead to; returns `true` if there are any.
fn filter(trees: &[&Tree], value: &mut Value) -> bool {
    if covers_all(trees) {
        return true;
    }
    match value {
        // An empty array or object is kept if a path leads into it.
        Value::Array(items) if items.is_empty() => {
            trees.iter().any(|tree| tree.all.is_some() || !tree.indices.is_empty())
        }
        Value::Object(object) if object.is_empty() => {
            trees.iter().any(|tree| tree.all.is_some() || !tree.keys.is_empty())
        }
        Value::Array(items) => {
            let mut index = 0;
            items.retain_mut(|item| {
                let below = under_index(trees, index);
                index += 1;
                !below.is_empty() && filter(&below, item)
            });
            !items.is_empty()
        }
        Value::Object(object) => {
            object.retain(|key, item| {
                let below = under_key(trees, key);
                !below.is_empty() && filter(&below, item)
            });
            !object.is_empty()
        }
        _ => false,
    }
}

/// Removes the values that `trees` lead to.
fn remove(trees: &[&Tree], value: &mut Value) {
    let keep = |below: &[&Tree], item: &mut Value| {
        let keep = !covers_all(below);
        if keep && !below.is_empty() {
            remove(below, item);
        }
        keep
    };
    match value {
        Value::Array(items) => {
            let mut index = 0;
            items.retain_mut(|item| {
                let below = under_index(trees, index);
                index += 1;
                keep(&below, item)
            });
        }
        Value::Object(object) => object.retain(|key, item| keep(&under_key(trees, key), item)),
        _ => {}
    }
}

/// True if a path ends at one of `trees`.
fn covers_all(trees: &[&Tree]) -> bool {
    trees.iter().any(|tree| tree.covers_all)
}

/// Returns the subtrees under `key`.
fn under_key<'t>(trees: &[&'t Tree], key: &str) -> Vec<&'t Tree> {
    trees.iter().flat_map(|tree| tree.keys.get(key).into_iter().chain(tree.all.as_deref())).collect()
}

/// Returns the subtrees of the element at `index`.
fn under_index<'t>(trees: &[&'t Tree], index: usize) -> Vec<&'t Tree> {
    trees.iter().flat_map(|tree| tree.indices.get(&index).into_iter().chain(tree.all.as_deref())).collect()
}
