//! Events, calls, shared memory: what goes between devices.

#![allow(clippy::expect_used)]

mod common;

use common::{code_of, device, route, signal, wait_for, Kernel};
use dkvm_wire::service::{
    methods, Demand, Grant, MemoryStats, Nothing, PoolInfo, PoolRequest, Release, SourceGone, Want,
};
use dkvm_wire::{decode_body, encode_body, topics, ErrorCode, LeaseRef};

/// `a` sends, `b` and `c` read.
fn three() -> Kernel {
    let text = device(
        "a",
        "puppet keys:input st:state vid:stream",
        "calls = [\"b\", \"c/sa\"]",
    ) + &device("b", "puppet +keys +st +vid", "")
        + &device("c", "puppet +*", "")
        + &route("keys", "a", &["b"])
        + &route("st", "a", &["b", "c"])
        + &route("vid", "a", &["b", "c"]);
    let mut kernel = Kernel::start(&text);
    for name in ["a", "b", "c"] {
        kernel.wait_ready(name, 1);
    }
    kernel
}

fn want(kernel: &mut Kernel, device: &str) {
    let body = encode_body(&Want {
        topic: "vid".into(),
        want: true,
        from: None,
    });
    kernel.emit(device, topics::WANT, &body);
}

fn stats(kernel: &mut Kernel) -> MemoryStats {
    kernel.client().ask(methods::MEMORY_STATS).expect("numbers")
}

#[test]
fn events_follow_the_routes_and_carry_their_source() {
    let mut kernel = three();
    kernel.emit("a", "keys", b"\x01");
    let got = kernel.wait_seen("b", "keys");
    assert_eq!((got.body, got.source), (vec![1], Some(("a".into(), 1))));
    kernel.emit("a", "st", b"\x02");
    kernel.wait_seen("c", "st");
    assert!(
        !kernel.seen("c").iter().any(|seen| seen.topic == "keys"),
        "no route leads there"
    );
}

#[test]
fn an_undeclared_topic_is_told_and_dropped() {
    let mut kernel = three();
    kernel.emit("a", "other", b"\x01");
    wait_for("the line", || {
        kernel
            .log_of("a")
            .into_iter()
            .find(|line| line.text.contains("does not list in `produces`"))
    });
}

#[test]
fn a_late_reader_gets_the_latest_state_and_a_dead_source_leaves_none() {
    let mut kernel = three();
    kernel.emit("a", "st", b"\x01");
    kernel.emit("a", "st", b"\x02");
    let pid = kernel.info("b").pid.expect("it runs");
    signal(pid, "KILL");
    kernel.wait_ready("b", 2);
    assert_eq!(kernel.wait_seen("b", "st").body, [2]);
    let pid = kernel.info("a").pid.expect("it runs");
    signal(pid, "KILL");
    kernel.wait_ready("a", 2);
    let pid = kernel.info("b").pid.expect("it runs");
    signal(pid, "KILL");
    kernel.wait_ready("b", 3);
    kernel.emit("a", "keys", b"\x09");
    kernel.wait_seen("b", "keys");
}

#[test]
fn readers_are_told_when_a_source_is_gone() {
    let mut kernel = three();
    kernel.emit("a", "keys", b"\x01");
    kernel.wait_seen("b", "keys");
    let pid = kernel.info("a").pid.expect("it runs");
    signal(pid, "KILL");
    let gone = kernel.wait_seen("b", topics::SOURCE_GONE);
    let gone: SourceGone = decode_body("gone", &gone.body).expect("reads");
    assert_eq!((gone.source.as_str(), gone.generation.0), ("a", 1));
    // Who shows its state too.
    let gone = kernel.wait_seen("c", topics::SOURCE_GONE);
    let gone: SourceGone = decode_body("gone", &gone.body).expect("reads");
    assert_eq!((gone.source.as_str(), gone.generation.0), ("a", 1));
}

#[test]
fn streams_flow_only_when_wanted_and_the_producer_knows() {
    let mut kernel = three();
    kernel.emit("a", "vid", b"\x01");
    want(&mut kernel, "b");
    let demand: Demand =
        decode_body("demand", &kernel.wait_seen("a", topics::DEMAND).body).expect("reads");
    assert_eq!((demand.topic.as_str(), demand.readers), ("vid", 1));
    kernel.emit("a", "vid", b"\x02");
    assert_eq!(
        kernel.wait_seen("b", "vid").body,
        [2],
        "the first was before the want"
    );
    let pid = kernel.info("b").pid.expect("it runs");
    signal(pid, "KILL");
    let demand: Demand =
        decode_body("demand", &kernel.wait_seen("a", topics::DEMAND).body).expect("reads");
    assert_eq!(demand.readers, 0);
}

#[test]
fn calls_go_where_the_configuration_allows() {
    let mut kernel = three();
    let echoed = kernel.ask("a", "b/echo", &"hello").expect("allowed");
    assert_eq!(
        decode_body::<String>("echo", &echoed).expect("text"),
        "hello"
    );
    assert_eq!(
        code_of(kernel.ask("a", "c/echo", &"hello")),
        ErrorCode::Forbidden
    );
    // It does not know the method, but it was asked.
    assert_eq!(
        code_of(kernel.ask("a", "c/say", &"hello")),
        ErrorCode::UnknownMethod
    );
    assert_eq!(
        code_of(kernel.ask("a", methods::DEVICES_STOP, &common::named("c"))),
        ErrorCode::Forbidden
    );
    assert_eq!(
        code_of(kernel.ask("a", "b/nonsense", &1)),
        ErrorCode::UnknownMethod
    );
    assert_eq!(
        code_of(kernel.client().ask::<Nothing>("no.method")),
        ErrorCode::UnknownMethod
    );
    assert_eq!(
        code_of(kernel.client().ask::<Nothing>("nobody/x")),
        ErrorCode::NotFound
    );
}

#[test]
fn a_call_to_a_device_that_dies_fails_at_once() {
    let mut kernel = three();
    assert_eq!(code_of(kernel.tell("b", "70")), ErrorCode::Unavailable);
}

/// A pool of `a`, and the lease of its first frame, published.
fn publish_one(kernel: &mut Kernel) -> LeaseRef {
    let request = PoolRequest {
        slot_size: 4096,
        slots: 4,
        window: 2,
    };
    let info = kernel
        .ask("a", methods::MEMORY_POOL, &request)
        .expect("a pool");
    let info: PoolInfo = decode_body("pool", &info).expect("reads");
    assert_eq!(info.leases.len(), 2);
    let lease = LeaseRef {
        length: 100,
        ..info.leases[0]
    };
    kernel.emit_leases("a", "vid", b"\x80", vec![lease]);
    lease
}

#[test]
fn a_frame_is_lent_returned_and_granted_anew() {
    let mut kernel = three();
    want(&mut kernel, "b");
    want(&mut kernel, "c");
    wait_for("both readers", || {
        let demand = kernel.wait_seen("a", topics::DEMAND);
        (decode_body::<Demand>("demand", &demand.body).ok()?.readers == 2).then_some(())
    });
    let lease = publish_one(&mut kernel);
    for reader in ["b", "c"] {
        assert_eq!(kernel.wait_seen(reader, "vid").leases, [lease]);
    }
    let grant: Grant =
        decode_body("grant", &kernel.wait_seen("a", topics::GRANT).body).expect("reads");
    assert_eq!(grant.leases.len(), 1, "its window is full again");
    assert_eq!((kernel.info("b").leases, kernel.info("a").leases), (1, 2));
    let release = encode_body(&Release {
        leases: vec![lease.lease],
    });
    kernel.emit("b", topics::RELEASE, &release);
    wait_for("b's lease to go", || {
        (kernel.info("b").leases == 0).then_some(())
    });
    let pid = kernel.info("c").pid.expect("it runs");
    signal(pid, "KILL");
    kernel.wait_ready("c", 2);
    assert_eq!(stats(&mut kernel).leases, 2, "only the window is left");
}

#[test]
fn a_dead_producer_takes_its_pool_along() {
    let mut kernel = three();
    publish_one(&mut kernel);
    assert_eq!(stats(&mut kernel).pools, 1);
    let pid = kernel.info("a").pid.expect("it runs");
    signal(pid, "KILL");
    kernel.wait_ready("a", 2);
    assert_eq!((stats(&mut kernel).pools, stats(&mut kernel).bytes), (0, 0));
}

#[test]
fn a_foreign_lease_is_refused() {
    let mut kernel = three();
    want(&mut kernel, "c");
    let lease = publish_one(&mut kernel);
    kernel.emit_leases(
        "a",
        "vid",
        b"\x80",
        vec![LeaseRef {
            lease: dkvm_wire::LeaseId(lease.lease.0 + 999),
            ..lease
        }],
    );
    wait_for("the line", || {
        kernel
            .log_of("a")
            .into_iter()
            .find(|line| line.text.contains("lease is not its own"))
    });
}
