//! The ledger's rules, one by one, in virtual time.

use super::super::lease::MAX_COUNT;
use super::super::ledger::MAX_POOLS;
use super::super::{Holder, Ledger, MemoryError, Overdue, OverdueAction};
use super::{holder, request, MIB};
use dkvm_wire::service::PoolRequest;
use dkvm_wire::{ErrorCode, LeaseRef, PoolId, WireError};

struct Scene {
    ledger: Ledger,
    capture: Holder,
    encode: Holder,
    web: Holder,
    pool: PoolId,
    leases: Vec<LeaseRef>,
}

/// A pool of `slots` slots with a window of `window`, opened by capture.
fn scene(slots: u32, window: u32) -> Scene {
    let mut ledger = Ledger::new(MIB);
    let capture = holder("capture", 1);
    let admitted = ledger
        .admit(&capture, &request(slots, window), MIB)
        .unwrap();
    let leases = ledger.open_pool(&capture, &admitted);
    let (encode, web) = (holder("encode", 1), holder("web", 1));
    Scene {
        ledger,
        capture,
        encode,
        web,
        pool: admitted.pool,
        leases,
    }
}

fn written(lease: LeaseRef) -> LeaseRef {
    LeaseRef {
        length: 100,
        ..lease
    }
}

#[test]
fn the_first_window_comes_with_the_pool_and_the_next_slot_after_each_frame() {
    let mut s = scene(4, 2);
    assert_eq!(s.leases.len(), 2);
    s.ledger
        .publish(
            &s.capture,
            &written(s.leases[0]),
            std::slice::from_ref(&s.encode),
        )
        .unwrap();
    let grants = s.ledger.take_grants();
    assert_eq!(grants.len(), 1);
    assert_eq!((&grants[0].0, grants[0].1.len()), (&s.capture, 1));
    assert_ne!(grants[0].1[0].slot, s.leases[0].slot);
    assert!(s.ledger.take_grants().is_empty(), "a grant is told once");
}

#[test]
fn a_frame_that_nobody_reads_is_free_at_once() {
    let mut s = scene(2, 1);
    s.ledger
        .publish(&s.capture, &written(s.leases[0]), &[])
        .unwrap();
    assert_eq!(s.ledger.stats().leases, 1);
    assert_eq!(s.ledger.take_grants()[0].1.len(), 1);
}

#[test]
fn a_slot_comes_back_when_the_last_reader_is_done() {
    let mut s = scene(2, 1);
    let readers = [s.encode.clone(), s.web.clone()];
    s.ledger
        .publish(&s.capture, &written(s.leases[0]), &readers)
        .unwrap();
    let second = s.ledger.take_grants()[0].1[0];
    s.ledger
        .publish(&s.capture, &written(second), &readers)
        .unwrap();
    assert!(
        s.ledger.take_grants().is_empty(),
        "both slots are with the readers"
    );
    s.ledger.release(&s.encode, s.leases[0].lease).unwrap();
    assert!(s.ledger.take_grants().is_empty());
    s.ledger.release(&s.web, s.leases[0].lease).unwrap();
    assert_eq!(s.ledger.take_grants()[0].1[0].slot, s.leases[0].slot);
}

#[test]
fn only_a_holder_publishes_and_only_what_is_true() {
    let mut s = scene(4, 2);
    let lease = written(s.leases[0]);
    let stranger = s.ledger.publish(&s.web, &lease, &[]);
    assert!(matches!(stranger, Err(MemoryError::NotHeld { .. })));
    let restarted = holder("capture", 2);
    assert!(matches!(
        s.ledger.publish(&restarted, &lease, &[]),
        Err(MemoryError::NotHeld { .. })
    ));
    let other_slot = LeaseRef {
        slot: s.leases[1].slot,
        ..lease
    };
    assert!(matches!(
        s.ledger.publish(&s.capture, &other_slot, &[]),
        Err(MemoryError::Mismatch(_))
    ));
    let too_long = LeaseRef {
        length: 4097,
        ..lease
    };
    assert!(matches!(
        s.ledger.publish(&s.capture, &too_long, &[]),
        Err(MemoryError::TooLong { .. })
    ));
    assert!(s.ledger.publish(&s.capture, &lease, &[]).is_ok());
    assert!(
        s.ledger.publish(&s.capture, &lease, &[]).is_err(),
        "published twice"
    );
}

#[test]
fn a_reader_may_pass_a_lease_on_and_keeps_its_own_count() {
    let mut s = scene(2, 1);
    let lease = written(s.leases[0]);
    s.ledger
        .publish(&s.capture, &lease, std::slice::from_ref(&s.encode))
        .unwrap();
    let grown = LeaseRef {
        length: 101,
        ..lease
    };
    assert!(matches!(
        s.ledger.publish(&s.encode, &grown, &[]),
        Err(MemoryError::Mismatch(_))
    ));
    s.ledger
        .publish(&s.encode, &lease, std::slice::from_ref(&s.web))
        .unwrap();
    s.ledger.release(&s.encode, lease.lease).unwrap();
    assert_eq!(s.ledger.leases_of(&s.web), 1);
    assert!(
        s.ledger.publish(&s.encode, &lease, &[]).is_err(),
        "it has given its count back"
    );
}

#[test]
fn allocate_goes_beyond_the_window_until_the_pool_is_empty() {
    let mut s = scene(3, 1);
    assert!(s.ledger.allocate(&s.capture, s.pool).is_ok());
    assert!(s.ledger.allocate(&s.capture, s.pool).is_ok());
    let empty = s.ledger.allocate(&s.capture, s.pool);
    assert!(matches!(empty, Err(MemoryError::NoFreeSlot(_))));
    assert!(matches!(
        s.ledger.allocate(&s.web, s.pool),
        Err(MemoryError::NoPool { .. })
    ));
}

#[test]
fn a_closed_pool_ends_with_its_last_reader() {
    let mut s = scene(4, 2);
    s.ledger
        .publish(
            &s.capture,
            &written(s.leases[0]),
            std::slice::from_ref(&s.web),
        )
        .unwrap();
    s.ledger.close_pool(&s.capture, s.pool).unwrap();
    assert!(
        s.ledger.take_grants().is_empty(),
        "grants that were not fetched are void"
    );
    assert!(s.ledger.take_ended().is_empty());
    s.ledger.release(&s.web, s.leases[0].lease).unwrap();
    assert_eq!(s.ledger.take_ended(), [s.pool]);
    assert_eq!(s.ledger.stats().bytes, 0);
}

#[test]
fn a_dead_producer_loses_its_grants_but_not_its_readers_frames() {
    let mut s = scene(4, 2);
    s.ledger
        .publish(
            &s.capture,
            &written(s.leases[0]),
            std::slice::from_ref(&s.web),
        )
        .unwrap();
    assert_eq!(s.ledger.reclaim(&s.capture), 2);
    assert_eq!((s.ledger.stats().leases, s.ledger.stats().granted), (1, 0));
    assert!(s.ledger.take_ended().is_empty());
    assert_eq!(s.ledger.reclaim(&s.web), 1);
    assert_eq!(s.ledger.take_ended(), [s.pool]);
}

#[test]
fn a_slow_reader_is_logged_once_and_then_restarted_once() {
    let mut s = scene(2, 1);
    s.ledger
        .publish(
            &s.capture,
            &written(s.leases[0]),
            std::slice::from_ref(&s.web),
        )
        .unwrap();
    assert!(s.ledger.overdue(1_000).is_empty());
    assert!(s.ledger.overdue(2_999).is_empty());
    assert_eq!(
        actions(&s.ledger.overdue(3_000)),
        [(s.web.clone(), OverdueAction::Log)]
    );
    assert!(s.ledger.overdue(10_999).is_empty());
    assert_eq!(
        actions(&s.ledger.overdue(11_000)),
        [(s.web.clone(), OverdueAction::Restart)]
    );
    assert!(
        s.ledger.overdue(60_000).is_empty(),
        "said once; the producer's grant never is"
    );
}

#[test]
fn a_locked_lease_has_its_own_limit() {
    let mut s = scene(2, 1);
    let lease = s.leases[0].lease;
    s.ledger
        .publish(
            &s.capture,
            &written(s.leases[0]),
            std::slice::from_ref(&s.web),
        )
        .unwrap();
    assert!(matches!(
        s.ledger.lock(&s.web, lease, 3_600_001),
        Err(MemoryError::HoldTooLong(_))
    ));
    assert!(matches!(
        s.ledger.lock(&s.encode, lease, 1),
        Err(MemoryError::NotHeld { .. })
    ));
    s.ledger.lock(&s.web, lease, 60_000).unwrap();
    s.ledger.overdue(0);
    assert!(s.ledger.overdue(59_999).is_empty());
    assert_eq!(
        actions(&s.ledger.overdue(60_000)),
        [(s.web.clone(), OverdueAction::Restart)]
    );
}

fn actions(found: &[Overdue]) -> Vec<(Holder, OverdueAction)> {
    found.iter().map(|o| (o.holder.clone(), o.action)).collect()
}

#[test]
fn counts_are_bounded_and_come_back_one_by_one() {
    let mut s = scene(2, 1);
    let lease = s.leases[0].lease;
    for _ in 0..MAX_COUNT {
        s.ledger.retain(&s.capture, lease).unwrap();
    }
    assert!(matches!(
        s.ledger.retain(&s.capture, lease),
        Err(MemoryError::TooManyRetains(_))
    ));
    for _ in 0..=MAX_COUNT {
        s.ledger.release(&s.capture, lease).unwrap();
    }
    assert!(
        s.ledger.release(&s.capture, lease).is_err(),
        "the counts and the grant are all given back"
    );
}

#[test]
fn budgets_are_kept_and_told_in_sentences() {
    let mut ledger = Ledger::new(MIB);
    let capture = holder("capture", 1);
    let big = PoolRequest {
        slot_size: 512 * 1024,
        slots: 2,
        window: 1,
    };
    let small_device = WireError::from(ledger.admit(&capture, &big, MIB / 2).unwrap_err());
    assert_eq!(small_device.code, ErrorCode::Exhausted);
    assert_eq!(
        small_device.message,
        "a pool of 2 MiB does not fit: capture (generation 1) uses 0 of its 0 MiB; raise `memory` of the device, or lower `slots`"
    );
    assert!(matches!(
        ledger.admit(&capture, &big, 8 * MIB),
        Err(MemoryError::OverBudget { .. })
    ));
    assert!(matches!(
        ledger.admit(&capture, &request(4, 4), MIB),
        Err(MemoryError::Window(4))
    ));
    assert!(matches!(
        ledger.admit(&capture, &request(4, 0), MIB),
        Err(MemoryError::Window(0))
    ));
    assert!(matches!(
        ledger.admit(&capture, &request(1, 1), MIB),
        Err(MemoryError::Geometry(_))
    ));
    assert_eq!(ledger.stats().bytes, 0);
}

#[test]
fn pools_per_device_are_bounded() {
    let mut ledger = Ledger::new(64 * MIB);
    let capture = holder("capture", 1);
    for _ in 0..MAX_POOLS {
        let admitted = ledger.admit(&capture, &request(2, 1), 64 * MIB).unwrap();
        ledger.open_pool(&capture, &admitted);
    }
    assert!(matches!(
        ledger.admit(&capture, &request(2, 1), 64 * MIB),
        Err(MemoryError::TooManyPools(_))
    ));
    assert!(ledger
        .admit(&holder("web", 1), &request(2, 1), 64 * MIB)
        .is_ok());
    ledger.reclaim(&capture);
    assert!(ledger
        .admit(&holder("capture", 2), &request(2, 1), 64 * MIB)
        .is_ok());
}
