use std::{env, path::PathBuf};

/// What the device puts there it finds again after its death, and after a restart of the machine where there is a card
/// that keeps it. `None` where no kernel has said it.
pub fn state_dir() -> Option<PathBuf> {
    folder("DKVM_STATE_DIR")
}

/// What the device puts there it finds again after its death, and after the kernel's, but not after a restart of the
/// machine. `None` where no kernel has said it: the device then does without what it would keep there.
pub fn run_dir() -> Option<PathBuf> {
    folder("DKVM_RUN_DIR")
}

/// The kernel sets both for each start.
fn folder(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
