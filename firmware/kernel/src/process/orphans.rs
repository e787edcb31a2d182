use super::reap::pid_of;
use rustix::process::{kill_process, Signal};
use std::fs;

/// Kills every child of ours that is no known device: what a device started in a session of its own became ours
/// when the device ended (the kernel is a child subreaper). Our children keep their numbers until we collect
/// them, so none of these numbers can mean another process.
pub(crate) fn kill_orphans(known: &[u32]) -> usize {
    let orphans: Vec<u32> = children().into_iter().filter(|pid| !known.contains(pid)).collect();
    for pid in &orphans {
        if let Some(pid) = pid_of(*pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    orphans.len()
}

fn children() -> Vec<u32> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let lists: Vec<_> = tasks.flatten().map(|task| fs::read_to_string(task.path().join("children"))).collect();
    if lists.iter().all(Result::is_err) {
        return children_by_walk();
    }
    lists.into_iter().flatten().flat_map(|list| numbers(&list)).collect()
}

fn numbers(list: &str) -> Vec<u32> {
    list.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// For a Linux without CONFIG_PROC_CHILDREN.
fn children_by_walk() -> Vec<u32> {
    let us = std::process::id();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(us)).collect()
}

/// The fourth field of `stat`; the second, in brackets, may hold anything.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_parent_is_found_in_proc() {
        assert_eq!(parent_of(std::process::id()), Some(std::os::unix::process::parent_id()));
    }

    #[test]
    fn lists_are_read() {
        assert_eq!(numbers("12 345 \n"), [12, 345]);
    }
}
