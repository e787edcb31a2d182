//! A full file system is an error at once, in a sentence. The file system is a tmpfs of 1 MiB that this test mounts in a
//! mount namespace of its own: it starts itself again inside.

#![allow(clippy::unwrap_used)]

use dkvm_shm::{pool_path, CreateError, Geometry, PoolFile};
use dkvm_wire::PoolId;
use std::path::Path;
use std::process::Command;

const INSIDE: &str = "DKVM_TEST_SMALL_TMPFS";
const MOUNT: &str = r#"mount -t tmpfs -o size=1M,mode=755 tmpfs "$1" && exec "$2" --exact a_full_shm_is_told_at_once"#;

#[test]
fn a_full_shm_is_told_at_once() {
    match std::env::var_os(INSIDE) {
        Some(dir) => inside(Path::new(&dir)),
        None => start_inside(),
    }
}

fn start_inside() {
    let dir = tempfile::TempDir::new().unwrap();
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", MOUNT, "sh"])
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("1 passed"),
        "the test did not run inside: {said}"
    );
}

fn inside(dir: &Path) {
    let small = Geometry::new(128 * 1024, 4).unwrap();
    let first = PoolFile::create(dir, PoolId(1), small, None).unwrap();
    let error = PoolFile::create(dir, PoolId(2), small, None).unwrap_err();
    assert!(matches!(error, CreateError::Full { .. }));
    let message = error.to_string();
    let expected = format!(
        "{} is full: a pool needs 1 MiB and 0 MiB are free; lower `slots`",
        dir.display()
    );
    assert!(message.starts_with(&expected), "{message}");
    assert!(!pool_path(dir, PoolId(2)).exists(), "nothing is left of it");
    drop(first);
    PoolFile::create(dir, PoolId(3), small, None).unwrap();
}
