//! Detection of installed services, and the outcome of a test whose service is missing.

use std::{
    env, fmt,
    fs::OpenOptions,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
};

/// Environment variable that lists the required services: a missing one fails the test.
const REQUIRED: &str = "REQUIRE_TEST_SERVICES";

/// Environment variable with the path of the file that collects the skipped tests. The harness hides the output of tests
/// that pass.
const SKIPPED: &str = "TEST_SERVICES_SKIPPED";

/// A service that a test needs, with the name that `REQUIRE_TEST_SERVICES` uses.
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

/// Returns the path of the first of `programs` that is installed. If none is installed, reports the test as skipped, or
/// panics if `service` is required.
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

/// Returns true if `list` contains `service`.
///
/// # Errors
///
/// A name in `list` that is no service: a misspelt requirement would have no effect.
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
    // The test harness gives the thread of a test the name of the test.
    let thread = thread::current();
    let line = format!("skipped: {}: {reason}\n", thread.name().unwrap_or("a test without a name"));
    eprint!("{line}");
    let Some(path) = env::var_os(SKIPPED) else { return };

    // A single write of the whole line: test processes append to this file at the same time.
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
    fn only_listed_services_are_required() {
        assert_eq!(is_required("", Service::Redis), Ok(false));
        assert_eq!(is_required("mongodb", Service::Redis), Ok(false));
        assert_eq!(is_required("mongodb redis", Service::Redis), Ok(true));
    }

    #[test]
    fn unknown_required_service_is_named_in_the_error() {
        let error = is_required("redis mongo", Service::Redis).unwrap_err();

        assert_eq!(error, r#"REQUIRE_TEST_SERVICES: no service is called "mongo""#);
    }

    #[test]
    fn program_outside_the_path_is_not_found() {
        assert!(installed("sh").is_some());
        assert!(installed("no-such-program-anywhere").is_none());
    }
}
