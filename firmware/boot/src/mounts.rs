//! What Linux keeps in memory and a system expects to find.

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mount::{mount, MountFlags};
use std::ffi::{CStr, CString};
use std::path::Path;
use thiserror::Error;

/// Something is not mounted.
#[derive(Debug, Error)]
#[error("mounting {kind} on {target} failed: {source}")]
pub struct MountError {
    kind: String,
    target: String,
    source: Errno,
}

const QUIET: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);
const STRICT: MountFlags = QUIET.union(MountFlags::NOEXEC);

type Mount = (&'static str, &'static str, MountFlags, &'static CStr);

/// In this order: each may lie in one before it.
const MOUNTS: [Mount; 7] = [
    ("proc", "/proc", STRICT, c""),
    ("sysfs", "/sys", STRICT, c""),
    ("devtmpfs", "/dev", MountFlags::NOSUID, c"mode=0755"),
    (
        "devpts",
        "/dev/pts",
        MountFlags::NOSUID.union(MountFlags::NOEXEC),
        c"gid=5,mode=620,ptmxmode=666",
    ),
    ("tmpfs", "/dev/shm", QUIET, c"mode=1777"),
    ("tmpfs", "/run", QUIET, c"mode=0755"),
    ("tmpfs", "/tmp", QUIET, c"mode=1777"),
];

const CONFIGFS: &str = "/sys/kernel/config";
const GADGETS: &str = "/sys/kernel/config/usb_gadget";

/// Mounts configfs, the gadget's home; it may be a module that is still to be loaded.
pub fn mount_configfs() -> Result<(), MountError> {
    attach("configfs", Path::new(CONFIGFS), "configfs", STRICT, c"")
}

/// Can a gadget be made there? Else its drivers are modules.
pub fn has_gadgets() -> bool {
    Path::new(GADGETS).is_dir()
}

/// Mounts all of it. What is there already stays.
pub fn mount_all() -> Vec<MountError> {
    let failures = MOUNTS.iter().filter_map(|(kind, target, flags, data)| {
        // Directories in what was mounted just before; elsewhere they belong to the image.
        let _ = rustix::fs::mkdir(*target, Mode::from_raw_mode(0o755));
        let failure = attach(kind, Path::new(target), kind, *flags, data).err();
        failure.filter(|failure| failure.source != Errno::BUSY)
    });
    failures.collect()
}

/// A file system in memory, where what is kept should have been.
pub fn mount_memory(target: &Path) -> Result<(), MountError> {
    attach("tmpfs", target, "tmpfs", QUIET, c"mode=0755,size=64m")
}

/// One file system of a device.
pub fn mount_device(
    device: &Path,
    target: &Path,
    kind: &str,
    flags: MountFlags,
    data: &str,
) -> Result<(), MountError> {
    let data = CString::new(data).unwrap_or_default();
    attach(
        &device.to_string_lossy(),
        target,
        kind,
        QUIET.union(flags),
        &data,
    )
}

fn attach(
    source: &str,
    target: &Path,
    kind: &str,
    flags: MountFlags,
    data: &CStr,
) -> Result<(), MountError> {
    mount(source, target, kind, flags, data).map_err(|source| MountError {
        kind: kind.to_owned(),
        target: target.display().to_string(),
        source,
    })
}
