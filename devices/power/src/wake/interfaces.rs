//! The network interfaces that a packet can leave by.

use std::{fs, path::Path};

/// Where Linux lists them.
const CLASS: &str = "/sys/class/net";
/// More than a Pi has; a broken listing must not become a flood.
const MOST: usize = 32;
/// Flags of linux/if.h.
const UP: u32 = 1;
const BROADCAST: u32 = 2;
const LOOPBACK: u32 = 8;

/// One that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) index: u32,
}

/// All that are up and have neighbours, by name.
pub(super) fn up() -> Vec<Interface> {
    list(Path::new(CLASS))
}

fn list(class: &Path) -> Vec<Interface> {
    let entries = fs::read_dir(class).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .take(MOST)
        .filter_map(|entry| look(&entry.path()))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn look(folder: &Path) -> Option<Interface> {
    let flags = fs::read_to_string(folder.join("flags")).ok()?;
    let flags = u32::from_str_radix(flags.trim().strip_prefix("0x")?, 16).ok()?;
    if flags & (UP | BROADCAST | LOOPBACK) != UP | BROADCAST {
        return None;
    }
    let index = fs::read_to_string(folder.join("ifindex")).ok()?;
    Some(Interface {
        name: folder.file_name()?.to_str()?.to_owned(),
        index: index.trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_with_neighbours() {
        let class = tempfile::tempdir().unwrap();
        let add = |name: &str, flags: &str, index: &str| {
            fs::create_dir(class.path().join(name)).unwrap();
            fs::write(class.path().join(name).join("flags"), flags).unwrap();
            fs::write(class.path().join(name).join("ifindex"), index).unwrap();
        };
        add("wlan0", "0x1003\n", "3\n");
        add("eth0", "0x1003\n", "2\n");
        add("lo", "0x9\n", "1\n");
        add("down0", "0x1002\n", "4\n");
        add("broken0", "rubbish\n", "5\n");
        add("broken1", "0x1003\n", "\n");
        let names: Vec<_> = list(class.path())
            .into_iter()
            .map(|i| (i.name, i.index))
            .collect();
        assert_eq!(names, [("eth0".to_owned(), 2), ("wlan0".to_owned(), 3)]);
        assert!(list(Path::new("/nonexistent")).is_empty());
    }
}
