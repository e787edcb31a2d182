//! What is known of the other slot: two small files on the data partition.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// There exactly while the other slot can be booted and was healthy: the `update` device sees to it.
const FALLBACK: &str = "update/fallback";
/// There from an escape into the other slot to the next healthy minute in a committed one.
const TRIED: &str = "boot/fallback-tried";

/// What the other slot is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherSlot {
    /// It holds an image that was healthy before.
    Healthy,
    /// Nothing, or nothing that is known to be good, or it was tried.
    Useless,
}

pub(crate) fn other_slot(state_dir: &Path) -> OtherSlot {
    let is = |file: &str| state_dir.join(file).exists();
    if is(FALLBACK) && !is(TRIED) {
        OtherSlot::Healthy
    } else {
        OtherSlot::Useless
    }
}

/// It is tried only where this is kept: else it would be tried for ever.
pub(crate) fn note_trial(state_dir: &Path) -> io::Result<()> {
    let path = state_dir.join(TRIED);
    let directory = path.parent().unwrap_or(state_dir);
    fs::create_dir_all(directory)?;
    File::create(&path)?.sync_all()?;
    File::open(directory)?.sync_all()
}

pub(crate) fn forget_trial(state_dir: &Path) {
    let _ = fs::remove_file(state_dir.join(TRIED));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_slot_is_tried_once() {
        let state = tempfile::tempdir().expect("a directory");
        assert_eq!(other_slot(state.path()), OtherSlot::Useless);
        fs::create_dir(state.path().join("update")).expect("made");
        fs::write(state.path().join(FALLBACK), "").expect("written");
        assert_eq!(other_slot(state.path()), OtherSlot::Healthy);
        note_trial(state.path()).expect("kept");
        assert_eq!(other_slot(state.path()), OtherSlot::Useless);
        forget_trial(state.path());
        assert_eq!(other_slot(state.path()), OtherSlot::Healthy);
    }
}
