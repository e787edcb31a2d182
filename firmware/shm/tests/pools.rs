//! Pools as their three sides use them.

#![allow(clippy::unwrap_used)]

use dkvm_shm::{
    pool_path, CreateError, Geometry, OpenError, Owner, PoolFile, ProducerPool, ReaderPool,
    Readers, SlotError, ViewError, MAX_CACHED,
};
use dkvm_wire::{LeaseId, LeaseRef, PoolId, SlotIndex};
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use tempfile::TempDir;

const POOL: PoolId = PoolId(1);

fn make(dir: &Path, pool: PoolId) -> PoolFile {
    PoolFile::create(dir, pool, Geometry::new(8192, 3).unwrap(), None).unwrap()
}

fn grant(lease: u64, slot: u32) -> LeaseRef {
    LeaseRef {
        lease: LeaseId(lease),
        pool: POOL,
        slot: SlotIndex(slot),
        length: 0,
    }
}

fn scene() -> (TempDir, PoolFile, ProducerPool, ReaderPool) {
    let dir = TempDir::new().unwrap();
    let file = make(dir.path(), POOL);
    let producer = ProducerPool::open(dir.path(), POOL).unwrap();
    let reader = ReaderPool::open(dir.path(), POOL).unwrap();
    (dir, file, producer, reader)
}

fn write(producer: &ProducerPool, grant: LeaseRef, payload: &[u8]) -> LeaseRef {
    let mut slot = producer.slot(&grant).unwrap();
    slot.bytes_mut()[..payload.len()].copy_from_slice(payload);
    slot.finish(payload.len()).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let (_dir, _file, producer, reader) = scene();
    for (at, payload) in [&b"one"[..], b"two", &[7; 8192]].into_iter().enumerate() {
        let lease = write(&producer, grant(at as u64 + 1, at as u32), payload);
        assert_eq!(&*reader.view(&lease).unwrap(), payload);
    }
}

#[test]
fn slots_are_whole_pages_for_drivers_that_write_them() {
    let (_dir, _file, producer, _reader) = scene();
    let mut slot = producer.slot(&grant(1, 1)).unwrap();
    assert_eq!(slot.len(), 8192);
    assert_eq!(slot.as_mut_ptr() as usize % 4096, 0);
    assert_eq!(slot.as_mut_ptr(), slot.bytes_mut().as_mut_ptr());
}

#[test]
fn a_slot_is_handed_out_once_at_a_time_and_once_per_publication() {
    let (_dir, _file, producer, _reader) = scene();
    let slot = producer.slot(&grant(5, 0)).unwrap();
    assert_eq!(
        producer.slot(&grant(5, 0)).unwrap_err(),
        SlotError::InUse(grant(5, 0))
    );
    assert_eq!(
        producer.slot(&grant(6, 0)).unwrap_err(),
        SlotError::InUse(grant(6, 0))
    );
    drop(slot);
    write(&producer, grant(5, 0), b"x");
    assert_eq!(
        producer.slot(&grant(5, 0)).unwrap_err(),
        SlotError::Stale(grant(5, 0))
    );
    assert_eq!(
        producer.slot(&grant(4, 0)).unwrap_err(),
        SlotError::Stale(grant(4, 0))
    );
    assert!(producer.slot(&grant(7, 0)).is_ok());
}

#[test]
fn a_lease_that_does_not_fit_the_pool_gives_no_slot() {
    let (_dir, _file, producer, _reader) = scene();
    assert_eq!(
        producer.slot(&grant(1, 3)).unwrap_err(),
        SlotError::NoSuchSlot(grant(1, 3))
    );
    let other = LeaseRef {
        pool: PoolId(2),
        ..grant(1, 0)
    };
    assert_eq!(
        producer.slot(&other).unwrap_err(),
        SlotError::OtherPool(other)
    );
    let slot = producer.slot(&grant(1, 0)).unwrap();
    assert_eq!(
        slot.finish(8193).unwrap_err(),
        SlotError::TooLong {
            length: 8193,
            size: 8192
        }
    );
}

#[test]
fn only_one_mapping_writes() {
    let (dir, _file, producer, _reader) = scene();
    assert!(matches!(
        ProducerPool::open(dir.path(), POOL),
        Err(OpenError::InUse { .. })
    ));
    drop(producer);
    assert!(ProducerPool::open(dir.path(), POOL).is_ok());
}

#[test]
fn a_view_outlives_the_slot_that_outlives_the_pool() {
    let (_dir, _file, producer, reader) = scene();
    let slot = producer.slot(&grant(1, 0)).unwrap();
    drop(producer);
    let lease = slot.finish(1).unwrap();
    let view = reader.view(&lease).unwrap();
    drop(reader);
    assert_eq!(view.len(), 1);
}

#[test]
fn a_late_reader_sees_that_the_slot_is_anothers() {
    let (_dir, _file, producer, reader) = scene();
    let old = write(&producer, grant(1, 0), b"old");
    let view = reader.view(&old).unwrap();
    assert!(view.is_current());
    let slot = producer.slot(&grant(2, 0)).unwrap();
    assert!(!view.is_current(), "being written");
    let new = slot.finish(3).unwrap();
    assert!(!view.is_current(), "written");
    assert_eq!(reader.view(&old).unwrap_err(), ViewError::Stale(old));
    assert!(reader.view(&new).is_ok());
}

#[test]
fn a_lease_reference_never_leads_outside() {
    let (_dir, _file, producer, reader) = scene();
    let good = write(&producer, grant(1, 2), b"good");
    for bad in [
        LeaseRef {
            length: 8193,
            ..good
        },
        LeaseRef {
            length: u32::MAX,
            ..good
        },
        LeaseRef {
            slot: SlotIndex(3),
            ..good
        },
        LeaseRef {
            slot: SlotIndex(u32::MAX),
            ..good
        },
    ] {
        assert_eq!(reader.view(&bad).unwrap_err(), ViewError::Outside(bad));
    }
    let shorter = LeaseRef { length: 3, ..good };
    assert_eq!(
        reader.view(&shorter).unwrap_err(),
        ViewError::Stale(shorter)
    );
    let other = LeaseRef {
        pool: PoolId(9),
        ..good
    };
    assert_eq!(
        reader.view(&other).unwrap_err(),
        ViewError::OtherPool(other)
    );
}

#[test]
fn no_slot_header_is_believed_without_its_mark() {
    let (_dir, file, producer, reader) = scene();
    let lease = write(&producer, grant(1, 0), b"x");
    let mut bytes = fs::read(file.path()).unwrap();
    bytes[64] ^= 1;
    fs::write(file.path(), &bytes).unwrap();
    assert_eq!(reader.view(&lease).unwrap_err(), ViewError::Stale(lease));
}

#[test]
fn a_file_that_is_no_pool_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = pool_path(dir.path(), POOL);
    let open = || ReaderPool::open(dir.path(), POOL).unwrap_err();
    assert!(matches!(open(), OpenError::Open { .. }), "missing");
    fs::write(&path, b"short").unwrap();
    assert!(matches!(open(), OpenError::Header { .. }));
    fs::write(&path, [0; 8192]).unwrap();
    assert!(matches!(open(), OpenError::Geometry { .. }));
    let geometry = Geometry::new(4096, 2).unwrap();
    fs::write(&path, geometry.header()).unwrap();
    assert!(
        open().to_string().contains("its header promises 12288"),
        "{}",
        open()
    );
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(open(), OpenError::NotAFile { .. }));
}

#[test]
fn a_symbolic_link_to_a_pool_is_refused() {
    let (dir, file, ..) = scene();
    std::os::unix::fs::symlink(file.path(), pool_path(dir.path(), PoolId(2))).unwrap();
    assert!(matches!(
        ReaderPool::open(dir.path(), PoolId(2)),
        Err(OpenError::Open { .. })
    ));
    assert!(matches!(
        ProducerPool::open(dir.path(), PoolId(2)),
        Err(OpenError::Open { .. })
    ));
}

#[test]
fn the_file_is_whole_and_private_from_the_start_and_gone_at_the_end() {
    let dir = TempDir::new().unwrap();
    let file = make(dir.path(), POOL);
    let meta = fs::metadata(file.path()).unwrap();
    assert_eq!(meta.len(), file.geometry().file_len());
    assert!(meta.blocks() * 512 >= meta.len(), "the memory is set aside");
    assert_eq!(meta.permissions().mode() & 0o7777, 0o640);
    drop(file);
    assert!(!pool_path(dir.path(), POOL).exists());
}

#[test]
fn a_second_file_of_the_same_id_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = make(dir.path(), POOL);
    let again = PoolFile::create(dir.path(), POOL, file.geometry(), None);
    assert!(matches!(again, Err(CreateError::Open { .. })));
    assert!(file.path().exists(), "and the first one is not touched");
}

#[test]
fn an_owner_is_set_or_the_file_is_not_left() {
    let dir = TempDir::new().unwrap();
    let owner = Some(Owner {
        uid: 65_533,
        gid: 65_532,
    });
    match PoolFile::create(dir.path(), POOL, Geometry::new(1, 2).unwrap(), owner) {
        Ok(file) => {
            let meta = fs::metadata(file.path()).unwrap();
            assert_eq!((meta.uid(), meta.gid()), (65_533, 65_532));
        }
        Err(error) => {
            assert!(matches!(error, CreateError::Chown { .. }));
            assert!(!pool_path(dir.path(), POOL).exists());
        }
    }
}

#[test]
fn memory_of_a_dropped_pool_is_given_back_though_it_is_mapped() {
    let (_dir, file, producer, reader) = scene();
    let lease = write(&producer, grant(1, 0), &[9; 8192]);
    let view = reader.view(&lease).unwrap();
    assert!(!reader.is_gone());
    drop(file);
    assert!(reader.is_gone());
    assert!(!view.is_current());
    assert_eq!(&*view, [0; 8192], "zeros, and no SIGBUS");
}

#[test]
fn readers_map_a_pool_once_and_let_go_of_removed_ones() {
    let dir = TempDir::new().unwrap();
    let mut readers = Readers::new(dir.path().to_owned());
    let mut files = Vec::new();
    for id in 1..=20u32 {
        let pool = PoolId(id);
        files.push(make(dir.path(), pool));
        let producer = ProducerPool::open(dir.path(), pool).unwrap();
        for slot in 0..2 {
            let at = LeaseRef {
                pool,
                ..grant(u64::from(slot) + 1, slot)
            };
            let lease = write(&producer, at, b"x");
            assert_eq!(readers.view(&lease).unwrap().len(), 1);
        }
        assert_eq!(readers.mapped(), (id as usize).min(MAX_CACHED));
    }
    drop(files);
    readers.prune();
    assert_eq!(readers.mapped(), 0);
}

proptest::proptest! {
    /// Whatever a hostile producer writes over its header page, and whatever the event says: a view is inside its slot.
    #[test]
    fn hostile_headers_never_lead_outside(
        noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 256),
        lease in proptest::prelude::any::<u64>(),
        slot in 0..5u32,
        length in 0..10_000u32,
        honest in proptest::prelude::any::<bool>(),
    ) {
        let (_dir, file, _producer, reader) = scene();
        let raw = fs::OpenOptions::new().write(true).open(file.path()).unwrap();
        raw.write_all_at(&noise, 0).unwrap();
        if honest {
            let mut header = [0; 24];
            header[..4].copy_from_slice(&0x544c_536b_u32.to_le_bytes());
            header[4..8].copy_from_slice(&1u32.to_le_bytes());
            header[8..16].copy_from_slice(&lease.to_le_bytes());
            header[16..24].copy_from_slice(&u64::from(length).to_le_bytes());
            raw.write_all_at(&header, 64 * (u64::from(slot) + 1)).unwrap();
        }
        let at = LeaseRef { lease: LeaseId(lease), pool: POOL, slot: SlotIndex(slot), length };
        match reader.view(&at) {
            Ok(view) => proptest::prop_assert!(honest && slot < 3 && view.len() <= 8192 && view.iter().all(|b| *b == 0)),
            Err(_) => proptest::prop_assert!(!honest || slot >= 3 || length > 8192),
        }
    }
}
