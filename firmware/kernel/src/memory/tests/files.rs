//! The manager with real files.

use super::super::{remove_stale, MemoryManager, PoolOwner, ShmDir};
use super::{holder, request, MIB};
use dkvm_shm::{ProducerPool, ReaderPool};
use std::fs;
use tempfile::TempDir;

const OWNER: PoolOwner = PoolOwner {
    file: None,
    budget: 64 * MIB,
};

fn manager() -> (TempDir, MemoryManager) {
    let dir = TempDir::new().unwrap();
    let manager = MemoryManager::new(dir.path().to_owned(), 64 * MIB);
    (dir, manager)
}

fn files(dir: &TempDir) -> usize {
    fs::read_dir(dir.path()).unwrap().count()
}

#[test]
fn a_frame_goes_from_its_producer_to_its_reader() {
    let (dir, mut manager) = manager();
    let (capture, web) = (holder("capture", 1), holder("web", 1));
    let info = manager.open_pool(&capture, &request(4, 2), OWNER).unwrap();
    let pool = ProducerPool::open(dir.path(), info.pool).unwrap();
    let mut slot = pool.slot(&info.leases[0]).unwrap();
    slot.bytes_mut()[..5].copy_from_slice(b"frame");
    let lease = slot.finish(5).unwrap();
    manager
        .publish(&capture, &lease, std::slice::from_ref(&web))
        .unwrap();
    let view = ReaderPool::open(dir.path(), lease.pool)
        .unwrap()
        .view(&lease)
        .unwrap();
    assert_eq!(&*view, b"frame");
    manager.release(&web, &[lease.lease]).unwrap();
    assert!(manager.release(&web, &[lease.lease]).is_err());
}

#[test]
fn files_go_with_their_holders() {
    let (dir, mut manager) = manager();
    let capture = holder("capture", 1);
    manager.open_pool(&capture, &request(4, 2), OWNER).unwrap();
    let second = manager.open_pool(&capture, &request(4, 2), OWNER).unwrap();
    assert_eq!(files(&dir), 2);
    manager.close_pool(&capture, second.pool).unwrap();
    assert_eq!(files(&dir), 1);
    assert_eq!(manager.reclaim(&capture), 2);
    assert_eq!(files(&dir), 0);
}

#[test]
fn files_go_with_the_manager() {
    let (dir, mut manager) = manager();
    manager
        .open_pool(&holder("capture", 1), &request(4, 2), OWNER)
        .unwrap();
    drop(manager);
    assert_eq!(files(&dir), 0);
}

#[test]
fn a_pool_that_cannot_be_made_leaves_no_trace() {
    let (dir, mut manager) = manager();
    fs::write(dir.path().join("pool-1"), b"in the way").unwrap();
    let capture = holder("capture", 1);
    let refused = manager
        .open_pool(&capture, &request(4, 2), OWNER)
        .unwrap_err();
    assert!(
        refused.message.starts_with("cannot make the pool file"),
        "{refused}"
    );
    assert_eq!(manager.stats().bytes, 0);
    assert!(
        manager.open_pool(&capture, &request(4, 2), OWNER).is_ok(),
        "the next id is another"
    );
}

#[test]
fn only_directories_of_dead_kernels_are_removed() {
    let parent = TempDir::new().unwrap();
    let alive = ShmDir::create(parent.path(), "alive").unwrap();
    let dead = parent.path().join("dkvm-dead");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("pool-1"), b"left").unwrap();
    fs::create_dir(parent.path().join("other")).unwrap();
    std::os::unix::fs::symlink("other", parent.path().join("dkvm-link")).unwrap();
    assert_eq!(remove_stale(parent.path()).unwrap(), [dead]);
    assert!(alive.path().is_dir() && parent.path().join("other").is_dir());
    assert!(remove_stale(parent.path()).unwrap().is_empty());
}

#[test]
fn the_directory_of_a_living_kernel_is_not_shared_and_goes_with_it() {
    let parent = TempDir::new().unwrap();
    let first = ShmDir::create(parent.path(), "same").unwrap();
    let message = ShmDir::create(parent.path(), "same")
        .unwrap_err()
        .to_string();
    assert!(message.contains("is another kernel running"), "{message}");
    drop(first);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_shm_directory_is_told_with_its_key() {
    let missing = std::path::Path::new("/nonexistent/shm");
    assert!(remove_stale(missing)
        .unwrap_err()
        .to_string()
        .contains("`shm_dir` in [kernel]"));
    assert!(ShmDir::create(missing, "x")
        .unwrap_err()
        .to_string()
        .contains("`shm_dir` in [kernel]"));
}
