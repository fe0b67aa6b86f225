//! Checks that the top-level modules of the server use only modules of lower layers.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Layers of top-level modules, the lowest first. A module may use itself and every module of a lower layer. Modules of the same
/// layer must not use each other. `docs/architecture.md` describes the modules.
const LAYERS: &[&[&str]] = &[
    &["config"],
    &["telemetry"],
    &["auth"],
    &["node"],
    &["titles"],
    &["events"],
    &["health"],
    &["v1", "v2", "v3", "torznab", "migration"],
    &["app"],
    &["cli"],
    &["main"],
];

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// A word or a punctuation mark, after the number of its line.
type Token = (usize, String);

/// Returns the position of the layer of a module.
fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// Returns the tokens of `code`, without comments and literals.
fn tokens(code: &str) -> Vec<Token> {
    let chars: Vec<char> = code.chars().collect();
    let (mut found, mut line, mut start) = (Vec::new(), 1, 0);
    while start < chars.len() {
        let (length, is_token) = lexeme(&chars[start..]);
        let text: String = chars[start..].iter().take(length).collect();
        start += length;
        line += text.matches('\n').count();
        if is_token {
            found.push((line, text));
        }
    }
    found
}

/// Returns the length of the first lexeme of `chars`, and true if it is a token.
fn lexeme(chars: &[char]) -> (usize, bool) {
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let is_word = |i: usize| at(i).is_alphanumeric() || at(i) == '_';
    let until = |from: usize, is_end: &dyn Fn(usize) -> bool| {
        (from..chars.len()).find(|i| is_end(*i)).unwrap_or(chars.len())
    };
    let hashes = chars.iter().skip(1).take_while(|c| **c == '#').count();
    match (at(0), at(1)) {
        ('/', '/') => (until(2, &|i| at(i) == '\n'), false),
        ('/', '*') => {
            let (mut depth, mut i) = (1, 2);
            while depth > 0 && i < chars.len() {
                match (at(i), at(i + 1)) {
                    ('/', '*') => (depth, i) = (depth + 1, i + 2),
                    ('*', '/') => (depth, i) = (depth - 1, i + 2),
                    _ => i += 1,
                }
            }
            (i, false)
        }
        ('b' | 'c', 'r') if matches!(at(2), '"' | '#') => (1, false),
        ('r', _) if at(hashes + 1) == '"' => {
            let is_end = |i: usize| at(i) == '"' && (1..=hashes).all(|n| at(i + n) == '#');
            (until(hashes + 2, &is_end) + hashes + 1, false)
        }
        ('"', _) | ('\'', '\\') => {
            let mut i = 1;
            while i < chars.len() && at(i) != at(0) {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            (i + 1, false)
        }
        ('\'', _) if at(2) == '\'' => (3, false),
        (':', ':') => (2, true),
        _ if is_word(0) => (until(1, &|i| !is_word(i)), true),
        (c, _) => (1, !c.is_whitespace()),
    }
}

/// Returns the top-level modules that `code` uses, with their lines, and the names of its test modules that have their own files.
/// `depth` counts the levels from the root of the crate to the module of `code`.
fn uses(code: &str, depth: usize) -> (Vec<Token>, Vec<String>) {
    let tokens = tokens(code);
    let text = |i: usize| tokens.get(i).map_or("", |(_, text)| text.as_str());
    let has = |i: usize, expected: &str| expected.split(' ').enumerate().all(|(n, e)| text(i + n) == e);
    let (mut used, mut tests, mut i) = (Vec::new(), Vec::new(), 0);
    while i < tokens.len() {
        let visibility = ["mod", "pub mod", "pub ( crate ) mod"].into_iter().find(|v| has(i + 7, v));
        if let Some(visibility) = visibility.filter(|_| has(i, "# [ cfg ( test ) ]")) {
            let name = i + 7 + visibility.split(' ').count();
            i = if text(name + 1) == "{" { group(name + 1, &text).1 } else { name };
            tests.extend((i == name).then(|| text(name).to_owned()));
            continue;
        }
        let supers = (0..tokens.len()).take_while(|n| has(i + 2 * n, "super ::")).count();
        let is_crate = has(i, "crate ::") || has(i, "anilibria_server ::");
        let first = i + 2 * supers.max(usize::from(is_crate));
        if is_crate || (supers > 0 && supers == depth) {
            let names = if text(first) == "{" { group(first, &text).0 } else { vec![first] };
            used.extend(names.into_iter().filter_map(|name| tokens.get(name).cloned()));
        }
        i = first.max(i + 1);
    }
    (used, tests)
}

/// Returns the first tokens of the branches of the group that opens at `open`, and the position after the group.
fn group<'a>(open: usize, text: &dyn Fn(usize) -> &'a str) -> (Vec<usize>, usize) {
    let (mut firsts, mut depth, mut i) = (Vec::new(), 0, open);
    loop {
        match text(i) {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 || text(i).is_empty() {
            return (firsts, i + 1);
        }
        if depth == 1 && matches!(text(i), "{" | ",") {
            firsts.push(i + 1);
        }
        i += 1;
    }
}

fn offences(file: &str, module: &str, used: &[Token]) -> Vec<String> {
    let is_lower = |other: &str| layer(other) < layer(module) || other == module || module == "lib";
    let used = used.iter().filter(|(_, other)| !is_lower(other));
    used.map(|(line, other)| format!("{file}:{line}: module {module} must not use module {other}")).collect()
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        found.extend(if path.is_dir() { files(&path)? } else { vec![path] });
    }
    Ok(found)
}

#[test]
fn modules_use_only_modules_of_lower_layers() {
    let (mut found, mut tests) = (Vec::new(), Vec::new());
    let is_rust = |path: &&PathBuf| path.extension() == Some("rs".as_ref());
    for path in files(Path::new(SOURCE)).unwrap().iter().filter(is_rust) {
        let submodule = path.strip_prefix(SOURCE).unwrap().with_extension("");
        let module = submodule.iter().next().unwrap().to_str().unwrap();
        let (used, test_modules) = uses(&fs::read_to_string(path).unwrap(), submodule.iter().count());
        tests.extend(test_modules.iter().map(|name| submodule.join(name)));
        let offences = offences(&format!("src/{}.rs", submodule.display()), module, &used);
        found.extend(offences.into_iter().map(|offence| (submodule.clone(), offence)));
    }

    found.retain(|(submodule, _)| !tests.iter().any(|test| submodule.starts_with(test)));

    let offences: Vec<_> = found.into_iter().map(|(_, offence)| offence).collect();
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    let tokens = tokens(&fs::read_to_string(format!("{SOURCE}/lib.rs")).unwrap());
    let modules = tokens.windows(2).filter(|pair| pair[0].1 == "mod").map(|pair| &pair[1].1);

    let missing: Vec<_> = modules.filter(|module| layer(module).is_none()).collect();

    assert!(missing.is_empty(), "modules of src/lib.rs that LAYERS does not contain: {missing:?}");
}

#[test]
fn checker_follows_paths_and_ignores_comments_literals_and_tests() {
    let nested = "use crate::{\n config::Config,\n v1::{self, a},\n titles::{b, cli::c},\n cli::Serve,\n};";
    let in_code = "fn f() -> crate::events::Hub {\n  crate::app::g(anilibria_server::cli::run)\n}";
    let literals =
        r##"const A: &str = "\" crate::app"; const B: &str = r#"" crate::app"#; const C: char = '"';"##;
    let comments = "// crate::app\n/// [`crate::app`]\n/* crate::app /* */ crate::app */ use crate::v2::a;";
    let tests = "#[cfg(test)]\nmod tests {\n use crate::{app, v1};\n fn f() {}\n}\nuse crate::v3::b;";
    let cases: [(&str, &[&str]); 6] = [
        (nested, &["x:3: module v2 must not use module v1", "x:5: module v2 must not use module cli"]),
        (in_code, &["x:2: module v2 must not use module app", "x:2: module v2 must not use module cli"]),
        ("use super::v3; use super::super::v1;", &["x:1: module v2 must not use module v3"]),
        (comments, &[]),
        (literals, &[]),
        (tests, &["x:6: module v2 must not use module v3"]),
    ];
    for (code, expected) in cases {
        assert_eq!(offences("x", "v2", &uses(code, 1).0), *expected, "{code}");
    }
    assert_eq!(uses("#[cfg(test)] mod a;\n#[cfg(test)] pub(crate) mod b;", 1).1, ["a", "b"]);
}
