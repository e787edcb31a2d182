//! The small files of Linux that the gadget device reads and the device files that it hands out.

use std::{
    fs, io,
    os::unix::fs::{chown, FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Where gadgets are built, in configfs.
const GADGETS: &str = "usb_gadget";

/// A file's text, empty when it cannot be read.
pub(super) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The names in a directory, sorted; none when it is not there.
pub(super) fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Where configfs is mounted, from the text of `/proc/mounts`.
pub(super) fn configfs(mounts: &str) -> Option<PathBuf> {
    let mut lines = mounts.lines().map(|line| line.split(' '));
    lines.find_map(|mut words| {
        let (place, kind) = (words.nth(1)?, words.next()?);
        (kind == "configfs").then(|| Path::new(place).join(GADGETS))
    })
}

/// The device file of a function, from its attribute `dev` (`240:1`): Linux names it by the minor number.
pub(super) fn device_file(dev: &str) -> Option<PathBuf> {
    let (_, minor) = dev.trim().split_once(':')?;
    let minor: u32 = minor.parse().ok()?;
    Some(PathBuf::from(format!("/dev/hidg{minor}")))
}

/// Whether a device file is there.
pub(super) fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.file_type().is_char_device())
}

/// Gives a file to a group, and to nobody else.
pub(super) fn give(path: &Path, group: u32, mode: u32) -> io::Result<()> {
    chown(path, None, Some(group))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// The group of a user, from the text of `/etc/passwd`.
pub fn group_of(user: &str, passwd: &str) -> Option<u32> {
    let mut lines = passwd.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| {
        (fields.next()? == user)
            .then(|| fields.nth(2)?.parse().ok())
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn configfs_is_found_where_it_is_mounted() {
        let mounts = "proc /proc proc rw 0 0\nnone /sys/kernel/config configfs rw,relatime 0 0\n";
        assert_eq!(
            configfs(mounts),
            Some("/sys/kernel/config/usb_gadget".into())
        );
        assert_eq!(configfs("proc /proc proc rw 0 0\n"), None);
    }

    #[test]
    fn the_minor_number_names_the_file() {
        assert_eq!(device_file("240:2\n"), Some("/dev/hidg2".into()));
        assert_eq!(device_file(""), None);
    }

    #[test]
    fn a_user_has_a_group() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\ndkvm-hid:x:901:902:hid:/:/bin/false\nbroken\n";
        assert_eq!(group_of("dkvm-hid", passwd), Some(902));
        assert_eq!(group_of("nobody", passwd), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let found = (configfs(&text), device_file(&text), group_of("dkvm-hid", &text));
            prop_assert!(found.0.is_none_or(|path| path.ends_with(GADGETS)));
            prop_assert!(found.1.is_none_or(|path| path.starts_with("/dev")));
        }
    }
}
