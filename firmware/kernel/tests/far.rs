//! Devices of other nodes: what is for them goes to the gateway, what they send comes from it.

#![allow(clippy::expect_used)]

mod common;

use common::{device, route, signal, wait_for, Emit, Kernel, Seen};
use dkvm_wire::service::{
    Applied, Demand, Grant, Nothing, PoolInfo, PoolRequest, SourceGone, Want,
};
use dkvm_wire::{decode_body, encode_body, service::methods, topics, Generation, LeaseRef};
use std::collections::BTreeMap;

const GATEWAY: &str = "gateway = true";
/// As many as routes may name.
const MANY_NODES: usize = 128;
/// Of so many topics of other nodes a gateway is told that they are wanted.
const DEMANDS: usize = 512;

/// A workstation: `in` has keys for targets, `out` shows what they tell, `peer` is what leads there.
fn desk() -> Kernel {
    let text = device("in", "puppet keys:input st:state vid:stream", "")
        + &device("out", "puppet +*", "")
        + &device(
            "peer",
            "puppet keys:input st:state vid:stream other:state +*",
            GATEWAY,
        )
        + &route("keys", "in", &["*/hid", "out"])
        + &route("st", "in", &["office/screen", "*/hid"])
        + &route("vid", "in", &["*/screen"])
        + &route("st", "*/hid", &["out"])
        + &route("vid", "*/cam", &["out"])
        + &route("keys", "office/hid", &["out"])
        + &route("other", "peer", &["out"]);
    ready(&text, &["in", "out", "peer"])
}

fn ready(text: &str, names: &[&str]) -> Kernel {
    let mut kernel = Kernel::start(text);
    for name in names {
        kernel.wait_ready(name, 1);
    }
    kernel
}

/// An event of a device of another node.
fn far<'a>(source: &'a str, topic: &'a str, body: &'a [u8]) -> Emit<'a> {
    Emit {
        topic,
        body,
        source: Some((source, 4)),
        ..Emit::default()
    }
}

fn bring(kernel: &mut Kernel, source: &str, topic: &str, body: &[u8]) {
    kernel.emit_as("peer", &far(source, topic, body));
}

fn say_want(kernel: &mut Kernel, device: &str, topic: &str, want: bool, from: Option<&str>) {
    let body = encode_body(&Want {
        topic: topic.into(),
        want,
        from: from.map(str::to_owned),
    });
    kernel.emit(device, topics::WANT, &body);
}

fn gone_of(seen: &Seen) -> (String, u32) {
    let gone: SourceGone = decode_body("gone", &seen.body).expect("reads");
    (gone.source.into(), gone.generation.0)
}

fn say_gone(kernel: &mut Kernel, source: &str, generation: u32) {
    let gone = SourceGone {
        source: source.try_into().expect("a name"),
        generation: Generation(generation),
    };
    kernel.emit("peer", topics::SOURCE_GONE, &encode_body(&gone));
}

fn waits_for_line(kernel: &mut Kernel, device: &str, part: &str) {
    wait_for(part, || {
        kernel
            .log_of(device)
            .into_iter()
            .find(|line| line.text.contains(part))
    });
}

/// What comes to a device up to an event that is sent last.
fn until(kernel: &mut Kernel, device: &str, topic: &str, body: &[u8]) -> Vec<Seen> {
    let mut all = Vec::new();
    wait_for("the last event", || {
        all.extend(kernel.seen(device));
        let last = all
            .iter()
            .position(|seen| seen.topic == topic && seen.body == body)?;
        all.truncate(last);
        Some(())
    });
    all.retain(|seen| seen.topic != topics::DEMAND);
    all
}

fn bodies(seen: &[Seen]) -> Vec<u8> {
    seen.iter().map(|seen| seen.body[0]).collect()
}

#[test]
fn what_is_for_other_nodes_goes_to_the_gateway_with_their_names() {
    let mut kernel = desk();
    kernel.emit("in", "keys", b"\x01");
    let got = kernel.wait_seen("peer", "keys");
    assert_eq!(got.source, Some(("in".into(), 1)));
    assert_eq!((got.body, got.to), (vec![1], vec!["*/hid".to_owned()]));
    assert!(kernel.wait_seen("out", "keys").to.is_empty());
    kernel.emit("in", "st", b"\x02");
    assert_eq!(
        kernel.wait_seen("peer", "st").to,
        ["*/hid", "office/screen"]
    );
    let to_two = Emit {
        topic: "keys",
        body: b"\x03",
        to: vec!["office/hid", "lab/hid", "office/hid", "lab/web"],
        ..Emit::default()
    };
    kernel.emit_as("in", &to_two);
    assert_eq!(
        kernel.wait_seen("peer", "keys").to,
        ["office/hid", "lab/hid"]
    );
    waits_for_line(&mut kernel, "in", "\"lab/web\", to which no route leads");
    let to_one = Emit {
        topic: "keys",
        body: b"\x04",
        to: vec!["out"],
        ..Emit::default()
    };
    kernel.emit_as("in", &to_one);
    kernel.emit("in", "keys", b"\x05");
    assert_eq!(bodies(&until(&mut kernel, "out", "keys", b"\x05")), [4]);
    assert_eq!(
        bodies(&until(&mut kernel, "peer", "keys", b"\x05")),
        [0u8; 0]
    );
}

#[test]
fn states_that_are_for_different_nodes_do_not_replace_each_other() {
    let mut kernel = desk();
    let pid = kernel.info("peer").pid.expect("it runs");
    signal(pid, "STOP");
    for (n, to) in [(1, "office/hid"), (2, "lab/hid"), (3, "office/hid")] {
        let body = [n];
        let one = Emit {
            topic: "st",
            body: &body,
            to: vec![to],
            ..Emit::default()
        };
        kernel.emit_as("in", &one);
    }
    signal(pid, "CONT");
    let last = wait_for("the latest for each", || {
        let seen = kernel.seen("peer");
        let states = seen.into_iter().filter(|seen| seen.topic == "st");
        let last: BTreeMap<_, _> = states.map(|seen| (seen.to, seen.body)).collect();
        (last.len() == 2).then_some(last)
    });
    assert_eq!(last.get(&vec!["lab/hid".to_owned()]), Some(&vec![2]));
}

#[test]
fn a_gateway_that_comes_late_gets_the_latest_state_with_the_names() {
    let mut kernel = desk();
    kernel.emit("in", "st", b"\x01");
    kernel.emit("in", "st", b"\x02");
    let addressed = Emit {
        topic: "st",
        body: b"\x03",
        to: vec!["office/hid"],
        ..Emit::default()
    };
    kernel.emit_as("in", &addressed);
    signal(kernel.info("peer").pid.expect("it runs"), "KILL");
    kernel.wait_ready("peer", 2);
    let got = kernel.wait_seen("peer", "st");
    assert_eq!((got.body, got.source), (vec![2], Some(("in".into(), 1))));
    assert_eq!(got.to, ["*/hid", "office/screen"]);
}

#[test]
fn a_gateway_speaks_for_devices_of_other_nodes_and_for_no_others() {
    let mut kernel = desk();
    bring(&mut kernel, "office/hid", "st", b"\x01");
    let got = kernel.wait_seen("out", "st");
    assert_eq!(
        (got.body, got.source),
        (vec![1], Some(("office/hid".into(), 4)))
    );
    // Not routed; of a device here; of nothing.
    bring(&mut kernel, "lab/hid", "keys", b"\x02");
    bring(&mut kernel, "in", "st", b"\x03");
    bring(&mut kernel, "a/b/c", "st", b"\x04");
    kernel.emit("peer", "st", b"\x05");
    waits_for_line(&mut kernel, "peer", "no device of another node");
    // Its own word for another's is nobody else's to give.
    kernel.emit_as("in", &far("office/hid", "keys", b"\x06"));
    let got = kernel.wait_seen("out", "keys");
    assert_eq!((got.body, got.source), (vec![6], Some(("in".into(), 1))));
    kernel.emit("peer", "other", b"\x07");
    assert_eq!(
        bodies(&until(&mut kernel, "out", "other", b"\x07")),
        [0u8; 0]
    );
}

#[test]
fn what_other_nodes_say_is_no_word_of_the_gateways() {
    let mut kernel = desk();
    let want = encode_body(&Want {
        topic: "keys".into(),
        want: false,
        from: None,
    });
    bring(&mut kernel, "office/hid", topics::WANT, &want);
    bring(&mut kernel, "office/hid", topics::SOURCE_GONE, b"\xc1");
    kernel.emit("in", "keys", b"\x01");
    assert_eq!(kernel.wait_seen("peer", "keys").body, [1]);
    waits_for_line(&mut kernel, "peer", "does not list in `produces`");
    say_want(&mut kernel, "out", "keys", false, Some("Nobody/at/all"));
    waits_for_line(&mut kernel, "out", "wants keys of nobody");
    kernel.emit("in", "keys", b"\x02");
    assert_eq!(
        kernel.wait_seen("out", "keys").body,
        [1],
        "it wants them still"
    );
    assert_eq!(kernel.info("peer").generation.0, 1);
}

#[test]
fn what_came_goes_by_the_gateways_name_too_and_only_to_who_is_named() {
    let text = device("one", "puppet +*", "")
        + &device("two", "puppet +*", "")
        + &device("peer", "puppet keys:input", GATEWAY)
        + &route("keys", "peer", &["one", "two"]);
    let mut kernel = ready(&text, &["one", "two", "peer"]);
    bring(&mut kernel, "desk/input", "keys", b"\x01");
    let to_two = Emit {
        to: vec!["two"],
        ..far("desk/input", "keys", b"\x02")
    };
    kernel.emit_as("peer", &to_two);
    bring(&mut kernel, "desk/input", "keys", b"\x03");
    assert_eq!(bodies(&until(&mut kernel, "one", "keys", b"\x03")), [1]);
    let two = until(&mut kernel, "two", "keys", b"\x03");
    assert_eq!(bodies(&two), [1, 2]);
    assert!(two
        .iter()
        .all(|seen| seen.source == Some(("desk/input".into(), 4))));
}

#[test]
fn an_answer_reaches_a_far_device_over_a_route_to_the_gateway() {
    let text = device("hid", "puppet ack:stream", "")
        + &device("web", "puppet +*", "")
        + &device("peer", "puppet keys:input +*", GATEWAY)
        + &route("ack", "hid", &["peer", "web"]);
    let mut kernel = ready(&text, &["hid", "web", "peer"]);
    say_want(&mut kernel, "peer", "ack", true, None);
    say_want(&mut kernel, "web", "ack", true, None);
    wait_for("both", || {
        let demand = kernel.wait_seen("hid", topics::DEMAND);
        let demand: Demand = decode_body("demand", &demand.body).ok()?;
        (demand.readers == 2).then_some(())
    });
    let named = Emit {
        topic: "ack",
        body: b"\x01",
        to: vec!["desk/input"],
        ..Emit::default()
    };
    kernel.emit_as("hid", &named);
    kernel.emit("hid", "ack", b"\x02");
    let got = [
        kernel.wait_seen("peer", "ack"),
        kernel.wait_seen("peer", "ack"),
    ];
    assert_eq!(
        (&*got[0].to, &*got[1].to),
        (&["desk/input".to_owned()][..], &[][..])
    );
    assert_eq!(bodies(&until(&mut kernel, "web", "ack", b"\x02")), [0u8; 0]);
}

#[test]
fn states_of_other_nodes_are_kept_until_their_source_is_gone() {
    let mut kernel = desk();
    bring(&mut kernel, "office/hid", "st", b"\x01");
    bring(&mut kernel, "office/hid", "st", b"\x02");
    bring(&mut kernel, "lab/hid", "st", b"\x03");
    let again = |kernel: &mut Kernel, life: u32| {
        signal(kernel.info("out").pid.expect("it runs"), "KILL");
        kernel.wait_ready("out", life);
        kernel.emit("peer", "other", &[life as u8]);
        let mut seen = until(kernel, "out", "other", &[life as u8]);
        seen.retain(|seen| seen.topic == "st");
        seen
    };
    assert_eq!(bodies(&again(&mut kernel, 2)), [3, 2], "by name");
    // Of a life that is over, and then of the one that is.
    say_gone(&mut kernel, "office/hid", 3);
    say_gone(&mut kernel, "lab/hid", 4);
    assert_eq!(
        gone_of(&kernel.wait_seen("out", topics::SOURCE_GONE)),
        ("lab/hid".into(), 4)
    );
    assert_eq!(bodies(&again(&mut kernel, 3)), [2]);
    signal(kernel.info("peer").pid.expect("it runs"), "KILL");
    kernel.wait_ready("peer", 2);
    assert_eq!(
        gone_of(&kernel.wait_seen("out", topics::SOURCE_GONE)),
        ("office/hid".into(), 4)
    );
    assert_eq!(bodies(&again(&mut kernel, 4)), [0u8; 0]);
}

#[test]
fn who_read_of_a_far_source_is_told_when_it_is_gone() {
    let mut kernel = desk();
    bring(&mut kernel, "office/hid", "keys", b"\x01");
    say_gone(&mut kernel, "office/hid", 4);
    let gone = kernel.wait_seen("out", topics::SOURCE_GONE);
    assert_eq!(
        (gone_of(&gone), gone.source),
        (("office/hid".into(), 4), None)
    );
    // Another life of it tells of the end of the one before.
    bring(&mut kernel, "office/hid", "keys", b"\x02");
    let newer = Emit {
        source: Some(("office/hid", 5)),
        ..far("office/hid", "keys", b"\x03")
    };
    kernel.emit_as("peer", &newer);
    let seen = until(&mut kernel, "out", "keys", b"\x03");
    assert_eq!(seen.last().map(gone_of), Some(("office/hid".into(), 4)));
    // The gateway's own death, and that it is none any more.
    signal(kernel.info("peer").pid.expect("it runs"), "KILL");
    assert_eq!(
        gone_of(&kernel.wait_seen("out", topics::SOURCE_GONE)),
        ("office/hid".into(), 5)
    );
    assert!(kernel
        .seen("in")
        .iter()
        .all(|seen| seen.topic != topics::SOURCE_GONE));
}

#[test]
fn lives_that_follow_each_other_do_not_fill_a_reader_that_is_held_up() {
    let mut kernel = desk();
    let pid = kernel.info("out").pid.expect("it runs");
    signal(pid, "STOP");
    let big = vec![7; 200 << 10];
    for life in 4..30 {
        let state = Emit {
            source: Some(("office/hid", life)),
            ..far("office/hid", "st", &big)
        };
        kernel.emit_as("peer", &state);
    }
    signal(pid, "CONT");
    wait_for("the last life", || {
        let seen = kernel.seen("out");
        let last = seen.into_iter().rfind(|seen| seen.topic == "st")?;
        (last.source?.1 == 29).then_some(())
    });
    assert_eq!(kernel.info("out").generation.0, 1);
}

#[test]
fn the_death_of_a_device_here_is_told_to_the_gateway_and_to_who_shows_its_state() {
    let mut kernel = desk();
    kernel.emit("in", "keys", b"\x01");
    kernel.wait_seen("peer", "keys");
    signal(kernel.info("in").pid.expect("it runs"), "KILL");
    for reader in ["peer", "out"] {
        let gone = kernel.wait_seen(reader, topics::SOURCE_GONE);
        assert_eq!((gone_of(&gone), gone.to.len()), (("in".into(), 1), 0));
    }
    // Of a gateway's own state too.
    signal(kernel.info("peer").pid.expect("it runs"), "KILL");
    let gone = kernel.wait_seen("out", topics::SOURCE_GONE);
    assert_eq!(gone_of(&gone), ("peer".into(), 1));
}

/// `in` sends, `out` and `new` show, as far as routes say so.
fn rerouted(kernel: Option<&mut Kernel>, gateway: &str, routes: &str) -> Option<Kernel> {
    let text = device("in", "puppet keys:input st:state", "")
        + &device("out", "puppet +*", "")
        + &device("new", "puppet +*", "")
        + &device("peer", "puppet keys:input st:state +*", gateway)
        + routes;
    let Some(kernel) = kernel else {
        return Some(ready(&text, &["in", "out", "new", "peer"]));
    };
    kernel.configure(&text);
    kernel
        .client()
        .ask::<Applied>(methods::CONFIG_RELOAD)
        .expect("valid");
    None
}

fn all_gone(kernel: &mut Kernel, reader: &str) -> Vec<(String, u32)> {
    let mut seen = kernel.seen(reader);
    seen.retain(|seen| seen.topic == topics::SOURCE_GONE);
    seen.iter().map(gone_of).collect()
}

#[test]
fn who_read_over_a_route_that_goes_is_told() {
    let both = route("keys", "in", &["out", "*/hid"]) + &route("st", "*/hid", &["out", "new"]);
    let mut kernel = rerouted(None, GATEWAY, &both).expect("started");
    kernel.emit("in", "keys", b"\x01");
    bring(&mut kernel, "office/hid", "st", b"\x02");
    for (reader, topic) in [("peer", "keys"), ("out", "st"), ("new", "st")] {
        kernel.wait_seen(reader, topic);
    }
    let less = route("keys", "in", &["new"]) + &route("st", "*/hid", &["new"]);
    rerouted(Some(&mut kernel), GATEWAY, &less);
    assert_eq!(all_gone(&mut kernel, "peer"), [("in".to_owned(), 1)]);
    let both = [("in".to_owned(), 1), ("office/hid".to_owned(), 4)];
    assert_eq!(all_gone(&mut kernel, "out"), both);
    assert_eq!(all_gone(&mut kernel, "new"), []);
    // One that is no gateway any more speaks for nobody, whatever the routes.
    rerouted(Some(&mut kernel), "", "");
    let mut lost = all_gone(&mut kernel, "new");
    lost.sort();
    assert_eq!(lost, both);
    assert_eq!(all_gone(&mut kernel, "out"), []);
}

#[test]
fn whom_a_new_route_leads_to_gets_the_states_that_it_finds() {
    let few = route("st", "*/hid", &["out"]) + &route("st", "in", &["out"]);
    let mut kernel = rerouted(None, GATEWAY, &few).expect("started");
    kernel.emit("in", "st", b"\x01");
    bring(&mut kernel, "office/hid", "st", b"\x02");
    for body in [1, 2] {
        assert_eq!(kernel.wait_seen("out", "st").body, [body]);
    }
    let more = route("st", "*/hid", &["out", "new"]) + &route("st", "in", &["out", "new", "*/led"]);
    rerouted(Some(&mut kernel), GATEWAY, &more);
    for body in [1, 2] {
        assert_eq!(kernel.wait_seen("new", "st").body, [body]);
    }
    let far = kernel.wait_seen("peer", "st");
    assert_eq!((far.body, far.to), (vec![1], vec!["*/led".to_owned()]));
    // Again only what is new.
    rerouted(
        Some(&mut kernel),
        GATEWAY,
        &(more + &route("st", "in", &["*/hid"])),
    );
    let far = kernel.wait_seen("peer", "st");
    assert_eq!(far.to, ["*/hid", "*/led"]);
    for reader in ["out", "new"] {
        let states = kernel.seen(reader).into_iter();
        assert_eq!(states.filter(|seen| seen.topic == "st").count(), 0);
    }
}

fn demands(kernel: &mut Kernel, known: &mut BTreeMap<(String, String), u32>) {
    for seen in kernel.seen("peer") {
        if seen.topic == topics::DEMAND {
            let demand: Demand = decode_body("demand", &seen.body).expect("reads");
            if let Some(from) = demand.from {
                known.insert((demand.topic, from), demand.readers);
            }
        }
    }
}

fn wait_demands(
    kernel: &mut Kernel,
    known: &mut BTreeMap<(String, String), u32>,
    expected: &[(&str, &str, u32)],
) {
    let of = |(topic, from, readers): &(&str, &str, u32)| {
        ((String::from(*topic), String::from(*from)), *readers)
    };
    let expected: BTreeMap<_, _> = expected.iter().map(of).collect();
    wait_for(&format!("the demand {expected:?}"), || {
        demands(kernel, known);
        (*known == expected).then_some(())
    });
}

#[test]
fn a_gateway_knows_what_is_read_of_other_nodes() {
    let mut kernel = desk();
    let mut known = BTreeMap::new();
    let states = [("keys", "office/hid", 1), ("st", "*/hid", 1)];
    wait_demands(&mut kernel, &mut known, &states);
    say_want(&mut kernel, "out", "vid", true, Some("office/cam"));
    let one = [states[0], states[1], ("vid", "office/cam", 1)];
    wait_demands(&mut kernel, &mut known, &one);
    say_want(&mut kernel, "out", "vid", true, None);
    let all = [
        states[0],
        states[1],
        ("vid", "office/cam", 0),
        ("vid", "*/cam", 1),
    ];
    wait_demands(&mut kernel, &mut known, &all);
    say_want(&mut kernel, "out", "st", false, None);
    let less = [states[0], ("st", "*/hid", 0), all[2], all[3]];
    wait_demands(&mut kernel, &mut known, &less);
    // A new life of the gateway is told anew.
    known.clear();
    signal(kernel.info("peer").pid.expect("it runs"), "KILL");
    kernel.wait_ready("peer", 2);
    wait_demands(&mut kernel, &mut known, &[states[0], ("vid", "*/cam", 1)]);
    signal(kernel.info("out").pid.expect("it runs"), "KILL");
    wait_for("nobody to read", || {
        demands(&mut kernel, &mut known);
        (known.get(&("keys".into(), "office/hid".into())) == Some(&1)
            && known.get(&("vid".into(), "*/cam".into())) == Some(&0))
        .then_some(())
    });
}

#[test]
fn what_is_asked_for_beyond_the_limit_is_told() {
    let topics = ["a:state", "b:state", "c:state", "d:state", "e:state"];
    let mut text = device("out", "puppet +*", "")
        + &device("peer", &format!("puppet {}", topics.join(" ")), GATEWAY);
    for node in 0..MANY_NODES {
        text += &route("*", &format!("n{node}/x"), &["out"]);
    }
    let mut kernel = ready(&text, &["out", "peer"]);
    let told = format!(
        "{} are not asked for, the first is ",
        MANY_NODES * topics.len() - DEMANDS
    );
    waits_for_line(&mut kernel, "peer", &told);
    let mut known = BTreeMap::new();
    wait_for("all that may be asked for", || {
        demands(&mut kernel, &mut known);
        (known.len() >= DEMANDS).then_some(())
    });
    assert_eq!(known.len(), DEMANDS);
}

#[test]
fn who_wants_a_stream_again_has_it_begun_anew() {
    let mut kernel = desk();
    let mut known = BTreeMap::new();
    say_want(&mut kernel, "out", "vid", true, None);
    let all = [
        ("keys", "office/hid", 1),
        ("st", "*/hid", 1),
        ("vid", "*/cam", 1),
    ];
    wait_demands(&mut kernel, &mut known, &all);
    // Both in one turn or each in its own, it is told.
    say_want(&mut kernel, "out", "vid", false, None);
    say_want(&mut kernel, "out", "vid", true, None);
    let again = kernel.wait_seen("peer", topics::DEMAND);
    let again: Demand = decode_body("demand", &again.body).expect("reads");
    assert_eq!(
        (&*again.topic, again.from.as_deref()),
        ("vid", Some("*/cam"))
    );
}

#[test]
fn a_far_stream_flows_from_the_source_that_is_wanted() {
    let mut kernel = desk();
    bring(&mut kernel, "office/cam", "vid", b"\x01");
    say_want(&mut kernel, "out", "vid", true, Some("office/cam"));
    kernel.emit("out", "ready", b"\x80");
    wait_for("the want", || {
        let mut known = BTreeMap::new();
        demands(&mut kernel, &mut known);
        known
            .contains_key(&("vid".into(), "office/cam".into()))
            .then_some(())
    });
    bring(&mut kernel, "lab/cam", "vid", b"\x02");
    bring(&mut kernel, "office/cam", "vid", b"\x03");
    bring(&mut kernel, "office/hid", "keys", b"\x04");
    assert_eq!(bodies(&until(&mut kernel, "out", "keys", b"\x04")), [3]);
}

/// A pool of the gateway's, and the lease of its first frame.
fn lease(kernel: &mut Kernel) -> LeaseRef {
    let request = PoolRequest {
        slot_size: 4096,
        slots: 4,
        window: 2,
    };
    let info = kernel
        .ask("peer", methods::MEMORY_POOL, &request)
        .expect("a pool");
    let info: PoolInfo = decode_body("pool", &info).expect("reads");
    LeaseRef {
        length: 100,
        ..info.leases[0]
    }
}

#[test]
fn a_frame_of_another_node_travels_in_the_gateways_own_pool() {
    let mut kernel = desk();
    say_want(&mut kernel, "out", "vid", true, None);
    wait_for("the want", || {
        let mut known = BTreeMap::new();
        demands(&mut kernel, &mut known);
        (known.get(&("vid".into(), "*/cam".into())) == Some(&1)).then_some(())
    });
    let lease = lease(&mut kernel);
    let frame = Emit {
        leases: vec![lease],
        ..far("office/cam", "vid", b"\x80")
    };
    kernel.emit_as("peer", &frame);
    let got = kernel.wait_seen("out", "vid");
    assert_eq!(
        (got.leases, got.source),
        (vec![lease], Some(("office/cam".into(), 4)))
    );
    kernel.wait_seen("peer", topics::GRANT);
    assert_eq!(
        (kernel.info("out").leases, kernel.info("peer").leases),
        (1, 2)
    );
}

#[test]
fn a_frame_that_goes_nowhere_is_the_gateways_again() {
    let mut kernel = desk();
    let lease = lease(&mut kernel);
    let frame = |topic, source| Emit {
        leases: vec![lease],
        ..far(source, topic, b"\x80")
    };
    // No route leads from it.
    kernel.emit_as("peer", &frame("vid", "office/web"));
    let granted = kernel.wait_seen("peer", topics::GRANT);
    let granted: Grant = decode_body("grant", &granted.body).expect("reads");
    // The hello did not name the topic.
    let again = Emit {
        leases: vec![LeaseRef {
            length: 100,
            ..granted.leases[0]
        }],
        ..far("office/cam", "unheard", b"\x80")
    };
    kernel.emit_as("peer", &again);
    kernel.wait_seen("peer", topics::GRANT);
    assert_eq!(kernel.info("peer").leases, 2);
}

#[test]
fn a_frame_for_other_nodes_is_lent_to_the_gateway() {
    let mut kernel = desk();
    say_want(&mut kernel, "peer", "vid", true, None);
    wait_for("the demand", || {
        let demand = kernel.wait_seen("in", topics::DEMAND);
        (decode_body::<Demand>("demand", &demand.body).ok()?.readers == 1).then_some(())
    });
    let request = PoolRequest {
        slot_size: 4096,
        slots: 4,
        window: 2,
    };
    let info = kernel
        .ask("in", methods::MEMORY_POOL, &request)
        .expect("a pool");
    let info: PoolInfo = decode_body("pool", &info).expect("reads");
    kernel.emit_leases("in", "vid", b"\x80", vec![info.leases[0]]);
    let got = kernel.wait_seen("peer", "vid");
    assert_eq!(
        (got.leases, &*got.to),
        (vec![info.leases[0]], &["*/screen".to_owned()][..])
    );
    assert_eq!(kernel.info("peer").leases, 1);
}

#[test]
fn too_many_names_break_the_protocol() {
    let mut kernel = desk();
    let many = Emit {
        topic: "keys",
        body: b"\x01",
        to: vec!["out"; 129],
        ..Emit::default()
    };
    // It does not live to say that it has done so.
    let sent = kernel.client().call::<_, Nothing>("in/emit", &many);
    assert!(sent.is_err());
    kernel.wait_ready("in", 2);
    waits_for_line(&mut kernel, "in", "at most 128 are possible");
}
