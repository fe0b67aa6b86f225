//! What the system allows a process, and what a process takes of it.

use std::{fs, io, time::Duration};

use rustix::{
    param::clock_ticks_per_second,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// Lets this process, and those it starts, have as many open files as it may.
pub fn allow_many_files() -> io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Bytes of memory that the process `id` has in use, as Linux counts them.
pub fn resident(id: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes.map(|kibibytes| kibibytes << 10).ok_or_else(|| io::Error::other("no VmRSS in its status"))
}

/// Time that cores have worked for the process `id`, as Linux counts it: in hundredths of a second.
pub fn worked(id: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // Its name may hold anything, and ends with the last parenthesis; what follows is numbered from 3.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_ascii_whitespace();
    let (user, system) = (14, 15);
    let ticks: Vec<u64> =
        fields.skip(user - 3).take(system - user + 1).filter_map(|field| field.parse().ok()).collect();
    let [user, system] = ticks[..] else { return Err(io::Error::other("no times in its stat")) };
    Ok(Duration::from_millis((user + system) * 1000 / clock_ticks_per_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_of_this_process_is_counted() {
        let before = worked(std::process::id()).unwrap();
        while worked(std::process::id()).unwrap() == before {
            std::hint::spin_loop();
        }

        assert!(worked(std::process::id()).unwrap() > before);
    }

    #[test]
    fn memory_of_this_process_is_read() {
        assert!(resident(std::process::id()).unwrap() > 0);
    }
}
