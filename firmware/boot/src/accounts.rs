//! Users and groups of the image, for the few files that are somebody's.

use std::fs;
use std::io;
use std::os::unix::fs::{chown, PermissionsExt};
use std::path::Path;

/// The device `update` is in it: it writes the other slot.
const CARD_GROUP: &str = "disk";
const CARD_MODE: u32 = 0o660;

/// Gives a file to a user. An image without that user has no device that could read it either.
pub fn give(path: &Path, user: &str) -> io::Result<()> {
    let accounts = fs::read_to_string("/etc/passwd")?;
    number(&accounts, user).map_or(Ok(()), |uid| chown(path, Some(uid), None))
}

/// Gives the card's nodes to the group that may write it, before a device of that group starts; those that come later
/// are mdev's.
pub fn give_card(nodes: impl Iterator<Item = std::path::PathBuf>) -> io::Result<()> {
    let Some(gid) = number(&fs::read_to_string("/etc/group")?, CARD_GROUP) else {
        return Ok(());
    };
    for node in nodes.filter(|node| node.exists()) {
        chown(&node, None, Some(gid))?;
        fs::set_permissions(&node, fs::Permissions::from_mode(CARD_MODE))?;
    }
    Ok(())
}

/// The third field of a name's line, as in passwd(5) and group(5).
fn number(accounts: &str, name: &str) -> Option<u32> {
    let line = accounts
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split(':').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_by_name() {
        let group = "root:x:0:\ndisk:x:6:dkvm-update\n";
        assert_eq!(number(group, "disk"), Some(6));
        assert_eq!(number(group, "dis"), None);
        assert_eq!(number(group, "video"), None);
        let image = include_str!("../../../rootfs/etc/group");
        assert!(number(image, super::CARD_GROUP).is_some());
    }
}
