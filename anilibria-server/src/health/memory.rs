//! Memory of the process, and its limit. Only available on Linux.

use std::fs;

use crate::health::report::{MemoryCheck, MemoryStatus};

/// Share of the limit, in percent, from which the status is a warning.
const WARNING_PERCENT: f64 = 90.0;

/// Files with the limit of the control group, in versions 2 and 1. Without a limit they contain `max` or an unreachable number.
const CGROUP_LIMITS: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// Returns the used memory, the limit and the status.
pub(super) fn check() -> MemoryCheck {
    let usage = fs::read_to_string("/proc/self/status").ok().and_then(|text| kibibytes(&text, "VmRSS:"));
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| kibibytes(&text, "MemTotal:"));
    let cgroup = CGROUP_LIMITS.iter().find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    report(usage, machine.into_iter().chain(cgroup).min())
}

/// Returns the value of the line that starts with `name`, converted from kibibytes to bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    number.checked_mul(1024)
}

fn report(usage: Option<u64>, limit: Option<u64>) -> MemoryCheck {
    let percent = usage.zip(limit.filter(|limit| *limit > 0)).map(|(usage, limit)| percent(usage, limit));
    let status = match percent {
        None => MemoryStatus::Unknown,
        Some(percent) if percent < WARNING_PERCENT => MemoryStatus::Healthy,
        Some(_) => MemoryStatus::Warning,
    };
    MemoryCheck { status, heap_usage_bytes: usage, heap_limit_bytes: limit, heap_usage_percent: percent }
}

/// Returns `part` of `whole` in percent, rounded to one digit.
#[expect(clippy::cast_precision_loss, reason = "the result is rounded to one digit")]
fn percent(part: u64, whole: u64) -> f64 {
    (part as f64 / whole as f64 * 1000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_values_are_converted_to_bytes() {
        let text = "VmPeak:\t  200 kB\nVmRSS:\t  12 kB\nThreads:\t4\n";

        assert_eq!(kibibytes(text, "VmRSS:"), Some(12 * 1024));
        assert_eq!(kibibytes(text, "Threads:"), None);
        assert_eq!(kibibytes(text, "VmSwap:"), None);
    }

    #[test]
    fn status_is_warning_from_90_percent_of_the_limit() {
        assert_eq!(report(Some(899), Some(1000)).status, MemoryStatus::Healthy);
        assert_eq!(report(Some(900), Some(1000)).status, MemoryStatus::Warning);
        assert_eq!(report(Some(900), Some(1000)).heap_usage_percent, Some(90.0));
    }

    #[test]
    fn status_is_unknown_without_usage_or_limit() {
        assert_eq!(report(None, Some(1000)).status, MemoryStatus::Unknown);
        assert_eq!(report(Some(1), None).status, MemoryStatus::Unknown);
    }
}
