//! Limits, memory and CPU time of processes.

use std::{fs, io, time::Duration};

use rustix::{
    param::clock_ticks_per_second,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// Raises the limit of open files to the maximum, for this process and its children.
pub fn allow_many_files() -> io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Returns the resident memory of the process `id` in bytes. Linux only.
pub fn resident(id: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes.map(|kibibytes| kibibytes << 10).ok_or_else(|| io::Error::other("no VmRSS in its status"))
}

/// Returns the CPU time of the process `id`, in steps of 10 milliseconds. Linux only.
pub fn cpu_time(id: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name is in parentheses and may contain any character. The field after it has the number 3.
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
    fn cpu_time_of_this_process_increases() {
        let before = cpu_time(std::process::id()).unwrap();
        while cpu_time(std::process::id()).unwrap() == before {
            std::hint::spin_loop();
        }

        assert!(cpu_time(std::process::id()).unwrap() > before);
    }

    #[test]
    fn memory_of_this_process_is_known() {
        assert!(resident(std::process::id()).unwrap() > 0);
    }
}
