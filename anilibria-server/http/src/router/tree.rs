//! Finds which pattern a path fits: `/titles/:id`, `/ws/*path`.

use std::{borrow::Cow, sync::Arc};

use percent_encoding::percent_decode_str;

/// Patterns, part by part. Where several fit a path, the one that says more of it counts: words before parameters,
/// parameters before a rest.
#[derive(Debug)]
pub(super) struct Tree<T> {
    root: Node<T>,
}

/// What a path says at the places of the parameters of its pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathValues {
    names: Arc<[Box<str>]>,
    values: Vec<String>,
}

impl PathValues {
    /// What it says at the place of the parameter `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let place = self.names.iter().position(|known| **known == *name)?;
        self.values.get(place).map(String::as_str)
    }
}

#[derive(Debug)]
struct Node<T> {
    words: Vec<(Box<str>, Node<T>)>,
    parameter: Option<Box<Node<T>>>,
    rest: Option<Leaf<T>>,
    leaf: Option<Leaf<T>>,
}

#[derive(Debug)]
struct Leaf<T> {
    names: Arc<[Box<str>]>,
    item: T,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { words: Vec::new(), parameter: None, rest: None, leaf: None }
    }
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

impl<T> Tree<T> {
    /// Adds `item` at `pattern`; what was there is replaced.
    pub(super) fn insert(&mut self, pattern: &str, item: T) {
        let mut names: Vec<Box<str>> = Vec::new();
        let mut node = &mut self.root;
        for part in parts(pattern) {
            if let Some(name) = part.strip_prefix('*') {
                names.push(name.into());
                node.rest = Some(Leaf { names: names.into(), item });
                return;
            }
            node = if let Some(name) = part.strip_prefix(':') {
                names.push(name.into());
                node.parameter.get_or_insert_default()
            } else {
                node.word(part)
            };
        }
        node.leaf = Some(Leaf { names: names.into(), item });
    }

    /// What was inserted at the pattern that `path` fits, and what the path says at its parameters.
    pub(super) fn find(&self, path: &str) -> Option<(&T, PathValues)> {
        let mut values = Vec::new();
        let leaf = self.root.find(path.strip_prefix('/')?, &mut values)?;
        let values = values.into_iter().map(decoded).collect();
        Some((&leaf.item, PathValues { names: Arc::clone(&leaf.names), values }))
    }
}

impl<T> Node<T> {
    fn word(&mut self, word: &str) -> &mut Self {
        let place = self.words.iter().position(|(known, _)| **known == *word).unwrap_or_else(|| {
            self.words.push((word.into(), Self::default()));
            self.words.len() - 1
        });
        let (_, node) = &mut self.words[place];
        node
    }

    /// The leaf that `path` leads to from here; on the way, the parts that stand for parameters.
    fn find<'p>(&self, path: &'p str, values: &mut Vec<&'p str>) -> Option<&Leaf<T>> {
        let (part, below) = match path.split_once('/') {
            Some((part, below)) => (part, Some(below)),
            None => (path, None),
        };
        let word = self.words.iter().find(|(word, _)| **word == *part);
        if let Some((_, node)) = word
            && let Some(leaf) = node.at(below, values)
        {
            return Some(leaf);
        }
        if let Some(node) = self.parameter.as_deref()
            && !part.is_empty()
        {
            values.push(part);
            if let Some(leaf) = node.at(below, values) {
                return Some(leaf);
            }
            values.pop();
        }
        let rest = self.rest.as_ref()?;
        values.push(path);
        Some(rest)
    }

    /// The leaf at the end of a path, or further on.
    fn at<'p>(&self, below: Option<&'p str>, values: &mut Vec<&'p str>) -> Option<&Leaf<T>> {
        match below {
            Some(below) => self.find(below, values),
            None => self.leaf.as_ref(),
        }
    }
}

fn parts(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.strip_prefix('/').unwrap_or(pattern).split('/')
}

/// A part of a path without its escapes; as it is when they are no text.
fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8().unwrap_or(Cow::Borrowed(part)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree<&'static str> {
        let mut tree = Tree::default();
        for pattern in ["/titles/:id", "/titles/new", "/titles/:id/videos", "/ws/*path", "/:any/end"] {
            tree.insert(pattern, pattern);
        }
        tree
    }

    fn found(path: &str) -> Option<(&'static str, Vec<String>)> {
        tree().find(path).map(|(item, values)| (*item, values.values))
    }

    #[test]
    fn path_leads_to_the_pattern_that_says_most_of_it() {
        assert_eq!(found("/titles/7"), Some(("/titles/:id", vec!["7".to_owned()])));
        assert_eq!(found("/titles/new"), Some(("/titles/new", vec![])));
        assert_eq!(found("/titles/new/videos"), Some(("/titles/:id/videos", vec!["new".to_owned()])));
        assert_eq!(found("/titles/end"), Some(("/titles/:id", vec!["end".to_owned()])));
        assert_eq!(found("/other/end"), Some(("/:any/end", vec!["other".to_owned()])));
    }

    #[test]
    fn path_that_is_longer_shorter_or_empty_in_between_fits_nothing() {
        for path in ["/titles", "/titles/", "/titles/7/", "/titles/7/other", "//end", "/", "", "titles/7"] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn rest_takes_all_that_follows() {
        assert_eq!(found("/ws/a/b"), Some(("/ws/*path", vec!["a/b".to_owned()])));
        assert_eq!(found("/ws/"), Some(("/ws/*path", vec![String::new()])));
        assert_eq!(found("/ws"), None);
    }

    #[test]
    fn values_have_names_and_no_escapes() {
        let tree = tree();

        let (_, values) = tree.find("/titles/%D0%B0%20b/videos").unwrap();
        let (_, broken) = tree.find("/titles/%FF").unwrap();

        assert_eq!(values.get("id"), Some("а b"));
        assert_eq!(values.get("other"), None);
        assert_eq!(broken.get("id"), Some("%FF"));
    }
}
