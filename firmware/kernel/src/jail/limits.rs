use super::JailError;
use rustix::process::{getrlimit, setrlimit, Resource, Rlimit};

/// Files that a device may have open: a few, and one per viewer of the page.
const FILES: u64 = 1024;
/// Processes that its user may have: devices start threads, no crowds.
const PROCESSES: u64 = 256;

pub(super) fn set(realtime: bool, own_user: bool) -> Result<(), JailError> {
    let both = |n| Rlimit {
        current: Some(n),
        maximum: Some(n),
    };
    setrlimit(Resource::Core, both(0)).map_err(|e| JailError::step("forbid core files", e))?;
    lower(Resource::Nofile, FILES)?;
    if own_user {
        // Linux counts all that the user runs: only a user of the device's own can have such a limit.
        lower(Resource::Nproc, PROCESSES)?;
    }
    if realtime {
        // It locks its memory itself, for that does not survive exec. Without the right to it, it runs all the same.
        let _ = setrlimit(
            Resource::Memlock,
            Rlimit {
                current: None,
                maximum: None,
            },
        );
    }
    Ok(())
}

/// Never raises a limit that is lower already.
fn lower(resource: Resource, to: u64) -> Result<(), JailError> {
    let most = getrlimit(resource).maximum.map_or(to, |most| most.min(to));
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(resource, limit).map_err(|e| JailError::step("limit its files and processes", e))
}
