//! Whether a server can be started here, and what happens to the test when it cannot.

use std::{
    env, fmt,
    fs::OpenOptions,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
};

/// Lists the services whose absence is a failure.
const REQUIRED: &str = "REQUIRE_TEST_SERVICES";

/// Names the file that collects the skipped tests: the output of a test that passes is not shown.
const SKIPPED: &str = "TEST_SERVICES_SKIPPED";

/// What a test may need, by the name that `REQUIRE_TEST_SERVICES` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Redis,
    MongoDb,
    Nginx,
    Jaeger,
    Promtool,
    Jq,
}

impl Service {
    const ALL: [Self; 6] = [Self::Redis, Self::MongoDb, Self::Nginx, Self::Jaeger, Self::Promtool, Self::Jq];

    const fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::MongoDb => "mongodb",
            Self::Nginx => "nginx",
            Self::Jaeger => "jaeger",
            Self::Promtool => "promtool",
            Self::Jq => "jq",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The first of `programs` that is installed. Without any, the test is reported as skipped, or panics if `service` is
/// required.
pub(crate) fn find(service: Service, programs: &[&str]) -> Option<PathBuf> {
    let found = programs.iter().find_map(|program| installed(program));
    if found.is_none() {
        missing(service, &format!("{} is not installed", programs.join(" or ")));
    }
    found
}

fn installed(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn missing(service: Service, reason: &str) {
    let required = env::var(REQUIRED).unwrap_or_default();
    match is_required(&required, service) {
        Ok(false) => skip(reason),
        Ok(true) => panic!("{reason}, and {REQUIRED} lists {service}"),
        Err(reason) => panic!("{reason}"),
    }
}

/// A name that is not a service fails the test: a misspelt one would let it pass unseen.
fn is_required(list: &str, service: Service) -> Result<bool, String> {
    let mut required = false;
    for word in list.split_whitespace() {
        let named = Service::ALL.into_iter().find(|service| service.name() == word);
        let named = named.ok_or_else(|| format!("{REQUIRED}: no service is called {word:?}"))?;
        required |= named == service;
    }
    Ok(required)
}

fn skip(reason: &str) {
    // The test harness names the thread of a test after the test.
    let thread = thread::current();
    let line = format!("skipped: {}: {reason}\n", thread.name().unwrap_or("a test without a name"));
    eprint!("{line}");
    let Some(path) = env::var_os(SKIPPED) else { return };

    // One write of a whole line: tests of several processes append to this file.
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = written {
        panic!("{SKIPPED}: cannot append to {}: {error}", Path::new(&path).display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_required_unless_listed() {
        assert_eq!(is_required("", Service::Redis), Ok(false));
        assert_eq!(is_required("mongodb", Service::Redis), Ok(false));
        assert_eq!(is_required("mongodb redis", Service::Redis), Ok(true));
    }

    #[test]
    fn a_misspelt_requirement_is_an_error_that_names_it() {
        let error = is_required("redis mongo", Service::Redis).unwrap_err();

        assert_eq!(error, r#"REQUIRE_TEST_SERVICES: no service is called "mongo""#);
    }

    #[test]
    fn a_program_that_is_not_on_the_path_is_not_found() {
        assert!(installed("sh").is_some());
        assert!(installed("no-such-program-anywhere").is_none());
    }
}
