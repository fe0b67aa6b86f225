//! `login`, `logout` and `favorites`.

use std::{io::Write as _, path::Path, process::Stdio};

use serde_json::Value;

use crate::{
    program::{Run, command, run, run_in, sandbox},
    service::Service,
    terminal::Terminal,
};

/// Logs in to `service` with a password on stdin.
pub(crate) fn log_in(service: &Service, home: &Path, password: &str) -> Run {
    let mut command = command(home, &service.arguments(&["login", "demo"]));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn session_is_kept_until_logout() {
    let (service, home) = (Service::start(), tempfile::tempdir().unwrap());
    let run = |arguments: &[&str]| run_in(home.path(), &service.arguments(arguments));

    assert!(run(&["favorites", "list"]).failure(4).contains("log in first"));
    assert_eq!(log_in(&service, home.path(), "demo\n").success(), "logged in\n");
    assert_eq!(run(&["favorites", "add", "1", "2", "3"]).success(), "3 favorites\n");
    assert_eq!(run(&["favorites", "remove", "2"]).success(), "2 favorites\n");
    assert_eq!(run(&["favorites", "list"]).success().lines().count(), 2);
    assert_eq!(run(&["logout"]).success(), "logged out\n");
    assert_eq!(run(&["logout"]).success(), "there was no session\n");
    run(&["favorites", "list"]).failure(4);
}

#[test]
#[cfg(unix)]
fn token_is_readable_by_its_owner_only_and_sent_to_its_service_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let (service, other, home) = (Service::start(), Service::start(), tempfile::tempdir().unwrap());
    log_in(&service, home.path(), "demo").success();

    let config = home.path().join("config");
    let tokens: Vec<_> = config.read_dir().unwrap().map(|entry| entry.unwrap()).collect();
    let mode = |metadata: std::fs::Metadata| metadata.permissions().mode() & 0o777;
    assert_eq!(tokens.len(), 1);
    assert_eq!(mode(tokens[0].metadata().unwrap()), 0o600);
    assert_eq!(mode(config.metadata().unwrap()), 0o700);
    run_in(home.path(), &other.arguments(&["favorites", "list"])).failure(4);
    assert!(other.sandbox.requests().is_empty());
}

#[test]
fn wrong_and_missing_passwords_are_refused() {
    let (service, home) = (Service::start(), tempfile::tempdir().unwrap());

    let wrong = log_in(&service, home.path(), "secret-of-mine").failure(4);

    assert!(!wrong.contains("secret-of-mine") && wrong.contains("not authorised"), "{wrong}");
    assert!(log_in(&service, home.path(), "").failure(2).contains("the password is empty"));
    assert!(run(&["login"]).failure(2).contains("the login is missing"));
}

#[test]
fn password_is_not_shown_on_the_terminal() {
    let (service, home) = (Service::start(), tempfile::tempdir().unwrap());
    let config = [("ANILIBRIA_CONFIG_DIR", home.path().to_str().unwrap())];
    let mut terminal = Terminal::spawn((24, 80), &service.arguments(&["login"]), &config);

    terminal.wait_for("Login: ");
    terminal.send("demo\r");
    terminal.wait_for("Password: ");
    terminal.send("demo\r");

    let (status, screen) = terminal.finish();
    assert_eq!((status, screen.trim_end()), (0, "Login: demo\nPassword: \nlogged in"));
}

#[test]
#[cfg(unix)]
fn ctrl_c_at_the_password_turns_the_echo_on_again() {
    let (service, home) = (Service::start(), tempfile::tempdir().unwrap());
    let config = [("ANILIBRIA_CONFIG_DIR", home.path().to_str().unwrap())];
    let mut terminal = Terminal::spawn((24, 80), &service.arguments(&["login", "demo"]), &config);
    terminal.wait_for("Password: ");
    assert!(!terminal.has_echo());

    terminal.send("\u{3}");

    assert_eq!(terminal.finish().0, 130);
    assert!(terminal.has_echo());
}

#[test]
fn sandbox_logs_in_by_itself() {
    assert_eq!(sandbox(&["favorites", "list"]).success().lines().count(), 3);
    assert_eq!(sandbox(&["favorites", "add", "7"]).success(), "4 favorites\n");
    assert_eq!(sandbox(&["favorites", "remove", "228", "--json"]).success(), "[1,2]\n");
    assert!(
        sandbox(&["favorites", "add", "no-such-release"]).failure(3).contains("release `no-such-release`")
    );
    let login: Value = serde_json::from_str(&sandbox(&["login", "--json"]).success()).unwrap();
    assert_eq!(login["logged_in"], true);
    assert_eq!(sandbox(&["logout"]).success(), "logged out\n");
}
