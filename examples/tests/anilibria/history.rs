//! `history export` and `history import`.

use std::fs;

use serde_json::{Value, json};

use crate::{
    account::log_in,
    program::{run_in, sandbox},
    service::Service,
};

/// A list of Shikimori with one title that the sandbox does not have.
const UNKNOWN: &str =
    r#"[{"target_title": "Bleach", "target_id": 99999999, "target_type": "Anime", "status": "watching"}]"#;

#[test]
fn export_to_a_pipe_is_the_file_and_what_is_left_out_is_on_stderr() {
    let list = sandbox(&["history", "export"]);
    let entries: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!((list.status, list.stderr.as_str()), (Some(0), "3 entries written, 0 left out\n"));
    assert_eq!(
        (&entries["format"], entries["entries"].as_array().unwrap().len()),
        (&"anilibria-list".into(), 3)
    );

    let list = sandbox(&["history", "export", "--format", "mal"]);
    assert!(
        list.stdout.starts_with("<?xml") && list.stdout.contains("<series_animedb_id>"),
        "{}",
        list.stdout
    );
    assert!(list.stderr.starts_with("2 entries written, 1 left out\n  entry 2, "), "{}", list.stderr);
    assert!(list.stderr.ends_with(": in no collection\n"), "{}", list.stderr);
}

#[test]
fn import_is_a_dry_run_unless_it_is_applied_and_repeats_nothing() {
    let (service, home) = (Service::start(), tempfile::tempdir().unwrap());
    let run = |arguments: &[&str]| run_in(home.path(), &service.arguments(arguments));
    log_in(&service, home.path(), "demo").success();
    run(&["favorites", "add", "1", "2", "3"]).success();
    assert_eq!(run(&["history", "export", "--file", "list"]).success(), "3 entries written, 0 left out\n");
    run(&["favorites", "remove", "2", "3"]).success();
    let import = ["history", "import", "--file", "list"];

    let dry = run(&import).success();
    assert!(dry.starts_with("favorites: 2\nunchanged: 1\n") && dry.contains("--apply"), "{dry}");
    assert_eq!(run(&["favorites", "list"]).success().lines().count(), 1);

    let applied = run(&[&import[..], &["--apply"]].concat()).success();
    assert!(applied.ends_with("applied: 2 favorites, 0 collections, 0 episodes, 0 scores\n"), "{applied}");
    assert_eq!(run(&["favorites", "list"]).success().lines().count(), 3);

    let again: Value =
        serde_json::from_str(&run(&[&import[..], &["--apply", "--json"]].concat()).success()).unwrap();
    assert_eq!((&again["plan"]["unchanged"], &again["applied"]["favorites"]), (&json!(3), &json!(0)));
}

#[test]
fn unknown_titles_are_reported_with_their_line() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("list"), UNKNOWN).unwrap();

    let report =
        run_in(home.path(), &["--sandbox", "history", "import", "--file", "list", "--apply"]).success();

    assert!(
        report.starts_with("skipped: 1\n  entry 1 (line 1), Bleach: AniLibria has no release with "),
        "{report}"
    );
    assert!(report.ends_with("applied: 0 favorites, 0 collections, 0 episodes, 0 scores\n"), "{report}");
}

#[test]
fn damaged_huge_and_foreign_files_are_refused_before_a_request() {
    let (service, home) = (Service::start(), tempfile::tempdir().unwrap());
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("damaged", UNKNOWN.as_bytes()[..60].to_vec(), "line 1, column"),
        ("huge", vec![b' '; (16 << 20) + 1], "the file is longer than 16777216 bytes"),
        ("foreign", b"<html></html>".to_vec(), "not a list of a known format: a web page"),
        ("empty", Vec::new(), "the file is empty"),
        ("binary", b"[\"\xff\"]".to_vec(), "line 1, column 3: not valid UTF-8"),
    ];
    for (name, content, reason) in cases {
        fs::write(home.path().join(name), content).unwrap();

        let import = service.arguments(&["history", "import", "--apply", "--file", name]);
        let error = run_in(home.path(), &import).failure(1);

        assert!(error.starts_with(&format!("anilibria: cannot import `{name}`: {reason}")), "{error}");
    }
    let import = service.arguments(&["history", "import", "--file", "missing"]);
    assert!(run_in(home.path(), &import).failure(1).contains("cannot read `missing`: No such file"));
    assert!(service.sandbox.requests().is_empty());
}

#[test]
fn existing_file_is_replaced_with_force_only() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("list");
    fs::write(&file, "a backup").unwrap();
    let export = ["--sandbox", "history", "export", "--file", "list"];

    let error = run_in(home.path(), &export).failure(1);

    assert!(error.starts_with("anilibria: cannot write `list`: File exists"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "a backup");
    run_in(home.path(), &[&export[..], &["--force"]].concat()).success();
    assert!(fs::read_to_string(&file).unwrap().contains("anilibria-list"));
}
