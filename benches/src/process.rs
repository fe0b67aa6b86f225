//! Limits, memory and CPU time of processes.

use std::{fs, io, time::Duration};

use rustix::{
    param::clock_ticks_per_second,
    process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit},
};

/// Raises the limit of open files to the maximum, for this process and its children.
pub fn allow_many_files() -> io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Returns the resident memory of the process `id` in bytes. Linux only.
pub fn resident(id: u32) -> io::Result<u64> {
    size(id, "status", "VmRSS:")
}

/// Returns the resident memory of the process `id` in bytes. A page counts in equal parts for all processes that share it.
/// Linux only.
pub fn proportional_memory(id: u32) -> io::Result<u64> {
    size(id, "smaps_rollup", "Pss:")
}

/// Reads the size `name` from `file` of the process `id`.
fn size(id: u32, file: &str, name: &str) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/{file}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes.map(|kibibytes| kibibytes << 10).ok_or_else(|| io::Error::other(format!("no {name} in {file}")))
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

/// Returns the number of threads and of open files of the process `id`. Linux only.
pub fn threads_and_files(id: u32) -> io::Result<(usize, usize)> {
    let count =
        |directory: &str| Ok::<_, io::Error>(fs::read_dir(format!("/proc/{id}/{directory}"))?.count());
    Ok((count("task")?, count("fd")?))
}

/// Returns the ids of the process `id` and of its descendants. Linux only.
pub fn family(id: u32) -> Vec<u32> {
    let mut ids = vec![id];
    let mut next = 0;
    while let Some(parent) = ids.get(next) {
        let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        let children: Vec<u32> = children
            .flat_map(|line| line.split_ascii_whitespace().flat_map(str::parse).collect::<Vec<_>>())
            .collect();
        ids.extend(children);
        next += 1;
    }
    ids
}

/// Kills the process `id`, which may have ended already.
pub fn kill(id: u32) {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    // An error means that the process has ended.
    let _ = id.map(|id| kill_process(id, Signal::KILL));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn family_contains_children() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();

        assert!(family(std::process::id()).contains(&child.id()));
        kill(child.id());
        child.wait().unwrap();
    }

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
        let id = std::process::id();

        assert!(proportional_memory(id).unwrap() > 0);
        assert!(resident(id).unwrap() >= proportional_memory(id).unwrap() / 2);
    }
}
