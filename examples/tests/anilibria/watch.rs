//! `watch`.

use std::fs;

use serde_json::Value;

use crate::{
    program::{run_in, sandbox},
    terminal::Terminal,
};

#[test]
fn watch_prints_an_object_per_event() {
    let lines = sandbox(&["watch", "--count", "1", "--json"]).success();

    let event: Value = serde_json::from_str(lines.trim_end()).unwrap();
    assert_eq!((&event["event"], &event["release"]["id"]), (&"new_episode".into(), &228.into()));
    assert_eq!(lines.lines().count(), 1);
}

#[test]
fn watch_of_a_release_and_of_favorites_yields_their_episodes() {
    assert!(sandbox(&["watch", "--count", "1", "--release", "7"]).success().contains(" (7)"));
    assert!(sandbox(&["watch", "--count", "1", "--favorites"]).success().contains(" (228)"));
    sandbox(&["watch", "--release", "no-such-release"]).failure(3);
}

#[test]
#[cfg(unix)]
fn program_receives_the_facts_and_the_event() {
    let home = tempfile::tempdir().unwrap();
    let script = r#"sh -c 'cat >event.json; echo "$ANILIBRIA_EVENT $ANILIBRIA_RELEASE_ID $ANILIBRIA_EPISODE" >facts; echo out'"#;

    let run = run_in(home.path(), &["--sandbox", "watch", "--count", "1", "--exec", script]);

    assert_eq!((run.status, run.stderr.as_str()), (Some(0), "out\n"));
    assert!(run.stdout.starts_with("new episode "), "{}", run.stdout);
    let event: Value = serde_json::from_slice(&fs::read(home.path().join("event.json")).unwrap()).unwrap();
    let facts = fs::read_to_string(home.path().join("facts")).unwrap();
    assert_eq!(facts, format!("new_episode 228 {}\n", event["episode"]["ordinal"]));
}

#[test]
#[cfg(unix)]
fn failing_programs_are_reported_and_the_watch_continues() {
    for (program, reason) in [
        ("false", "anilibria: program `false`: failed with exit status: 1\n"),
        (
            "/no/such/program",
            "anilibria: program `/no/such/program`: cannot start: No such file or directory (os error 2)\n",
        ),
    ] {
        let run = sandbox(&["watch", "--count", "2", "--exec", program]);

        assert_eq!(run.status, Some(0), "{}", run.stderr);
        assert_eq!(run.stdout.lines().count(), 2);
        assert_eq!(run.stderr, reason.repeat(2));
    }
}

#[test]
fn state_is_kept_and_a_damaged_one_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let watch = ["--sandbox", "watch", "--count", "1", "--state", "state"];

    let first = run_in(home.path(), &watch).success();
    // The sandbox has forgotten the episode and publishes it again, which the state knows already.
    let mut state = fs::read(home.path().join("state")).unwrap();

    assert!(first.starts_with("new episode"), "{first}");
    state.pop();
    fs::write(home.path().join("state"), state).unwrap();
    let error = run_in(home.path(), &watch).failure(1);
    assert!(error.starts_with("anilibria: cannot read the state `state`: "), "{error}");
}

#[test]
fn ctrl_c_ends_the_watch_with_130() {
    let mut terminal = Terminal::spawn((24, 80), &["--sandbox", "watch"], &[]);
    terminal.wait_for("new episode");

    terminal.send("\u{3}");

    let (status, screen) = terminal.finish();
    assert_eq!(status, 130, "{screen}");
    assert!(screen.contains("anilibria: interrupted"), "{screen}");
}
