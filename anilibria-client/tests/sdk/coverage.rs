//! Tests that every operation has a method and a row in the table of the documentation.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// One operation: its method, and its path without the names of arguments.
type Operation = (String, String);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Replaces the names of arguments: `/a/{b}/c` becomes `/a/{}/c`. The names may differ from the document.
fn unnamed(path: &str) -> String {
    let mut parts = path.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| format!("{path}{{}}{}", part.split_once('}').map_or("", |(_, rest)| rest)))
}

fn operations(text: &str) -> BTreeSet<Operation> {
    let split = |line: &str| line.split_once(' ').map(|(method, path)| (method.to_owned(), unnamed(path)));
    text.lines().filter_map(split).collect()
}

fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// Returns the method that calls each operation, from the sources.
fn methods() -> BTreeMap<Operation, String> {
    let mut texts = Vec::new();
    sources(&root().join("src/api"), &mut texts);
    let mut methods = BTreeMap::new();
    for text in texts {
        let accessors = accessors(&text);
        declared(&text, &accessors, &mut methods);
        written_out(&text, &accessors, &mut methods);
    }
    methods
}

/// Returns the accessors of the groups that a file declares: `group! { … Releases, releases }`.
fn accessors(text: &str) -> BTreeMap<String, String> {
    let groups =
        text.split("group! {").skip(1).filter_map(|rest| rest.split_once("\n}").map(|(group, _)| group));
    let names = groups.filter_map(|group| group.lines().last()?.trim().split_once(", "));
    names.map(|(group, accessor)| (group.to_owned(), accessor.to_owned())).collect()
}

/// Adds the methods that a file declares in `endpoint!`: `GET "/path" [or_post] => Group::name(…`.
fn declared(text: &str, accessors: &BTreeMap<String, String>, methods: &mut BTreeMap<Operation, String>) {
    for line in text.lines().map(str::trim) {
        let Some((verb, rest)) = line.split_once(" \"/") else { continue };
        let Some((path, rest)) = rest.split_once('"') else { continue };
        let Some((flags, target)) = rest.split_once("=> ") else { continue };
        let Some((group, name)) = target.split('(').next().and_then(|target| target.split_once("::")) else {
            continue;
        };
        let method = format!("`{}().{name}(…)`", accessors[group]);
        let path = unnamed(&format!("/{path}"));
        if flags.contains("or_post") {
            methods.insert(("POST".to_owned(), path.clone()), method.clone());
        }
        methods.insert((verb.to_owned(), path), method);
    }
}

/// Adds the methods that are written out, by their documentation: ``Calls `POST /path`.``
fn written_out(text: &str, accessors: &BTreeMap<String, String>, methods: &mut BTreeMap<Operation, String>) {
    let group = accessors.values().next();
    let mut calls = None;
    for line in text.lines().map(str::trim) {
        if let Some(operation) = line.strip_prefix("/// Calls `").and_then(|rest| rest.strip_suffix("`.")) {
            calls = operation.split_once(' ').map(|(verb, path)| (verb.to_owned(), unnamed(path)));
        } else if let Some(rest) = line.strip_prefix("pub async fn ").or_else(|| line.strip_prefix("pub fn "))
        {
            // A file without a group has methods of the client.
            let group = group.map_or_else(String::new, |group| format!("{group}()."));
            let name = rest.split('(').next().unwrap_or_default();
            methods.extend(calls.take().map(|operation| (operation, format!("`{group}{name}(…)`"))));
        }
    }
}

fn table(operations: &BTreeSet<Operation>, methods: &BTreeMap<Operation, String>) -> String {
    let mut table = "| operation | method of `Client` |\n| --- | --- |\n".to_owned();
    let mut sorted: Vec<_> = operations.iter().collect();
    sorted.sort_by_key(|(verb, path)| (path, verb));
    for operation in sorted {
        let (verb, path) = operation;
        writeln!(table, "| `{verb} {path}` | {} |", methods[operation]).unwrap();
    }
    table
}

#[test]
fn every_operation_has_a_method_and_a_row_in_the_table() {
    let operations = operations(&fs::read_to_string(root().join("tests/fixtures/operations.txt")).unwrap());
    let methods = methods();

    assert_eq!(operations.len(), 80);
    let known: BTreeSet<_> = methods.keys().cloned().collect();
    assert_eq!(operations.difference(&known).collect::<Vec<_>>(), Vec::<&Operation>::new(), "no method");
    assert_eq!(
        known.difference(&operations).collect::<Vec<_>>(),
        Vec::<&Operation>::new(),
        "no such operation"
    );
    let path = root().join("src/api/operations.md");
    let table = table(&operations, &methods);
    if std::env::var_os("UPDATE_OPERATIONS").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == table, "out of date: run the test once with UPDATE_OPERATIONS=1");
}

/// Compares the recorded list with the document of the service, if the document is available.
#[test]
fn list_of_operations_matches_the_published_document() {
    let path = root().join("../../shared/spec/aniliberty-v1.openapi.json");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("left out: the published document is not there");
        return;
    };
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let published = paths.iter().flat_map(|(path, methods)| {
        let verbs = methods.as_object().unwrap().keys();
        verbs.map(move |verb| (verb.to_uppercase(), unnamed(path)))
    });
    let mut published: BTreeSet<_> = published.collect();
    // These operations are newer than the document.
    let rating = "/anime/releases/{}/rating";
    published.extend(["GET", "POST", "DELETE"].map(|verb| (verb.to_owned(), rating.to_owned())));

    let kept = operations(&fs::read_to_string(root().join("tests/fixtures/operations.txt")).unwrap());

    assert_eq!(kept, published);
}
