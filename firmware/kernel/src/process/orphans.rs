use super::reap::pid_of;
use rustix::process::{kill_process, Signal};
use std::fs;

/// Kills every child of ours that is no known device: what a device started in a session of its own became ours
/// when the device ended (the kernel is a child subreaper). Our children keep their numbers until we collect
/// them, so none of these numbers can mean another process.
/// Tells whose they were, as far as their environment says it.
pub(crate) fn kill_orphans(known: &[u32]) -> Vec<Option<String>> {
    let strangers = children().into_iter().filter(|pid| !known.contains(pid));
    let orphans = strangers.filter(|pid| stat_of(*pid).is_some_and(|stat| !stat.dead));
    orphans.map(kill_orphan).collect()
}

fn kill_orphan(pid: u32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    if let Some(pid) = pid_of(pid) {
        let _ = kill_process(pid, Signal::KILL);
    }
    device_in(&environment)
}

/// The device that an environment was made for.
fn device_in(environment: &[u8]) -> Option<String> {
    let mut pairs = environment.split(|byte| *byte == 0);
    let name = pairs.find_map(|pair| pair.strip_prefix(b"DKVM_DEVICE="))?;
    String::from_utf8(name.to_vec()).ok()
}

fn children() -> Vec<u32> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let lists: Vec<_> = tasks
        .flatten()
        .map(|task| fs::read_to_string(task.path().join("children")))
        .collect();
    if lists.iter().all(Result::is_err) {
        return children_by_walk();
    }
    lists
        .into_iter()
        .flatten()
        .flat_map(|list| numbers(&list))
        .collect()
}

fn numbers(list: &str) -> Vec<u32> {
    list.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// For a Linux without CONFIG_PROC_CHILDREN.
fn children_by_walk() -> Vec<u32> {
    let us = std::process::id();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| stat_of(*pid).is_some_and(|stat| stat.parent == us))
        .collect()
}

/// What `/proc/PID/stat` says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// Ended, and only waits to be collected.
    dead: bool,
    pub(super) parent: u32,
}

pub(super) fn stat_of(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The third and fourth field; the second, in brackets, may hold anything.
fn parse_stat(stat: &str) -> Option<Stat> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X");
    Some(Stat {
        dead,
        parent: fields.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_parent_is_found_in_proc() {
        let parent = std::os::unix::process::parent_id();
        assert_eq!(
            stat_of(std::process::id()),
            Some(Stat {
                dead: false,
                parent
            })
        );
    }

    #[test]
    fn a_name_with_brackets_does_not_confuse() {
        assert_eq!(
            parse_stat("7 (a) Z 1) b) Z 12 7 7"),
            Some(Stat {
                dead: true,
                parent: 12
            })
        );
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn an_environment_names_its_device() {
        assert_eq!(
            device_in(b"PATH=/bin\0DKVM_DEVICE=hid\0X=1\0"),
            Some("hid".to_owned())
        );
        assert_eq!(device_in(b"PATH=/bin\0"), None);
    }

    #[test]
    fn lists_are_read() {
        assert_eq!(numbers("12 345 \n"), [12, 345]);
    }
}
