//! Colours, pipes and exit statuses that no single command owns.

use std::{io::Read as _, net::TcpListener, process::Stdio};

use crate::{
    program::{command, run, sandbox},
    terminal::Terminal,
};

#[test]
fn color_option_overrides_the_terminal() {
    let always = sandbox(&["--color", "always", "show", "228"]);
    assert!(always.stdout.starts_with("\u{1b}[1mНаруто"), "{:?}", always.stdout);

    let mut never = Terminal::spawn((24, 80), &["--sandbox", "--color", "never", "show", "228"], &[]);
    assert_eq!(never.finish().0, 0);
    assert!(!never.written().contains('\u{1b}'), "{:?}", never.written());
}

#[test]
fn closed_pipe_ends_the_program_without_a_word() {
    let home = tempfile::tempdir().unwrap();
    let mut child = command(home.path(), &["--sandbox", "schedule", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();

    // More is written than a pipe holds.
    let mut first = [0];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();

    assert_eq!(first, *b"[");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn unreachable_service_ends_with_5_and_names_the_host() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

    let error = run(&["--base-url", &format!("http://{free}/api/v1"), "latest"]).failure(5);

    assert!(error.starts_with(&format!("anilibria: {free}: could not connect: ")), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn wrong_command_lines_end_with_2() {
    for arguments in [
        &["no-such-command"][..],
        &["--base-url", "ftp://one.example", "latest"],
        &["--base-url", "no address", "latest"],
        &["--base-url", "http://one.example", "--sandbox", "latest"],
        &["--color", "blue", "latest"],
        &["watch", "--jobs", "3"],
        &["watch", "--every", "1"],
        &["watch", "--exec", "'open"],
        &["torrent", "1", "--best", "--id", "1"],
        &["download", "1", "--limit-rate", "0"],
        &["download", "1", "--episodes", "3-1"],
        &["download", "1", "--parallel", "17"],
        &["download", "1", "--quality", "8k"],
        &["favorites"],
    ] {
        let error = run(arguments).failure(2);
        assert!(!error.is_empty(), "{arguments:?}");
    }
}

#[test]
fn browser_without_a_terminal_ends_with_2() {
    assert!(sandbox(&[]).failure(2).contains("needs a terminal"));
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]).success();
        assert!(script.contains("favorites") && script.contains("sandbox"), "{shell}");
    }
}

#[test]
fn manual_has_the_exit_statuses_and_a_page_for_each_command() {
    assert!(run(&["man"]).success().contains("cannot be reached"));

    let home = tempfile::tempdir().unwrap();
    let pages = home.path().join("pages");
    run(&["man", "--dir", pages.to_str().unwrap()]).success();
    for page in ["anilibria.1", "anilibria-watch.1", "anilibria-favorites-add.1"] {
        assert!(pages.join(page).is_file(), "{page}");
    }
}
