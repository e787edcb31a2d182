//! What devices of two nodes say to each other.

use crate::node::{linked, TestNode};
use dkvm_testkit::{Event, Failure};
use dkvm_wire::{
    encode_body,
    service::{Nothing, SourceGone, Want},
    topics,
    vocab::peer::{methods, Allow, Grant, LinkState, Node, PeerState},
    Generation, QueueClass, Source,
};
use serde_json::json;
use std::time::{Duration, Instant};

/// Nothing comes in this time that was on its way.
const QUIET: Duration = Duration::from_millis(300);
/// What is waited for is there long before.
const PATIENCE: Duration = Duration::from_secs(90);

fn body(text: &str) -> serde_json::Value {
    json!({ "text": text })
}

fn is_of(event: &Event, source: &str, text: &str) -> bool {
    let from = event.source.as_ref().map(|(name, _)| name.as_str());
    from == Some(source) && event.body == encode_body(&body(text))
}

/// Input until it arrives: datagrams may be lost while the other side is still adopting the link.
fn type_until_taken(desk: &mut TestNode, office: &mut TestNode) -> Result<Event, Failure> {
    let until = Instant::now() + PATIENCE;
    let mut sent = 0;
    while Instant::now() < until {
        let text = body(&sent.to_string());
        desk.kernel
            .emit_to("input", topics::INPUT, &text, &["office/hid"])?;
        sent += 1;
        let turn = Duration::from_millis(50);
        if let Some(event) = office.kernel.within(turn, topics::INPUT)? {
            return Ok(event);
        }
    }
    Err(Failure::new("no input arrives").with_log(desk.kernel.log()))
}

/// Of what was typed until it was taken nothing is on its way any more: the last is there.
fn drain(desk: &mut TestNode, office: &mut TestNode) -> Result<(), Failure> {
    let last = body("last");
    desk.kernel
        .emit_to("input", topics::INPUT, &last, &["office/hid"])?;
    while !is_of(
        &office.kernel.expect_event(topics::INPUT)?,
        "desk/input",
        "last",
    ) {}
    Ok(())
}

/// The desk may do all at the office.
fn worked() -> Result<(TestNode, TestNode), Failure> {
    linked(&[Grant::View, Grant::Type])
}

#[test]
fn it_says_in_its_hello_what_may_cross() -> Result<(), Failure> {
    let desk = TestNode::start("desk")?;
    let hello = desk.kernel.hello().expect("a hello");
    let class = |topic: &str| {
        let produced = hello.produces.iter().find(|one| one.topic == topic);
        produced.map(|one| one.class)
    };
    assert_eq!(class(topics::INPUT), Some(QueueClass::Input));
    assert_eq!(class(topics::HID_STATE), Some(QueueClass::State));
    assert_eq!(class(topics::SERIAL_OUTPUT), None);
    for topic in [topics::INPUT, topics::INPUT_ACK, topics::HID_STATE] {
        assert!(hello.consumes.iter().any(|one| one == topic), "{topic}");
    }
    Ok(())
}

#[test]
fn input_arrives_from_whom_it_comes_and_for_whom_it_is() -> Result<(), Failure> {
    let (mut desk, mut office) = worked()?;
    let event = type_until_taken(&mut desk, &mut office)?;
    let (source, _) = event.source.clone().expect("a source");
    assert_eq!(source, "desk/input");
    assert_eq!(event.to, ["hid"]);
    drain(&mut desk, &mut office)?;
    // What does not fit a datagram too.
    let long = body(&"x".repeat(20_000));
    desk.kernel
        .emit_to("input", topics::INPUT, &long, &["attic/hid", "*/hid"])?;
    let event = office.kernel.expect_event(topics::INPUT)?;
    assert_eq!(event.body, encode_body(&long));
    Ok(())
}

#[test]
fn a_thumbnail_is_made_while_somebody_looks_and_one_of_long_ago_is_not_shown() -> Result<(), Failure>
{
    let (mut desk, mut office) = worked()?;
    let thumb = |text: &str| body(&format!("{text} {}", "x".repeat(30_000)));
    let look = |desk: &mut TestNode, office: &mut TestNode, readers| -> Result<Want, Failure> {
        let from = "*/encode";
        desk.kernel
            .demand_from(topics::VIDEO_THUMB, from, readers)?;
        office.kernel.expect(topics::WANT)
    };
    assert!(look(&mut desk, &mut office, 1)?.want);
    for text in ["one", "two"] {
        office
            .kernel
            .emit("encode", topics::VIDEO_THUMB, &thumb(text))?;
        let event = desk.kernel.expect_event(topics::VIDEO_THUMB)?;
        assert_eq!(event.body, encode_body(&thumb(text)));
    }
    // One more looks, of a picture that rests.
    desk.kernel
        .demand_from(topics::VIDEO_THUMB, "*/encode", 2)?;
    let event = desk.kernel.expect_event(topics::VIDEO_THUMB)?;
    assert_eq!(event.body, encode_body(&thumb("two")));
    assert!(!look(&mut desk, &mut office, 0)?.want);
    assert!(look(&mut desk, &mut office, 1)?.want);
    assert_eq!(desk.kernel.within(QUIET, topics::VIDEO_THUMB)?, None);
    Ok(())
}

#[test]
fn a_state_is_told_to_who_asks_at_once_and_when_it_changes() -> Result<(), Failure> {
    let (mut desk, mut office) = worked()?;
    office.kernel.emit("hid", topics::HID_STATE, &body("one"))?;
    office.kernel.ping()?;
    desk.kernel
        .demand_from(topics::HID_STATE, "office/hid", 1)?;
    let event = desk.kernel.expect_event(topics::HID_STATE)?;
    assert!(is_of(&event, "office/hid", "one"), "{event:?}");
    for n in 0..200 {
        office
            .kernel
            .emit("hid", topics::HID_STATE, &body(&n.to_string()))?;
    }
    // Between, some are overtaken; the last is never.
    loop {
        let event = desk.kernel.expect_event(topics::HID_STATE)?;
        if is_of(&event, "office/hid", "199") {
            break;
        }
    }
    desk.kernel
        .demand_from(topics::HID_STATE, "office/hid", 0)?;
    desk.kernel
        .demand_from(topics::GADGET_STATE, "*/gadget", 1)?;
    office
        .kernel
        .emit("gadget", topics::GADGET_STATE, &body("first"))?;
    desk.kernel.expect_event(topics::GADGET_STATE)?;
    office.kernel.emit("hid", topics::HID_STATE, &body("two"))?;
    assert_eq!(desk.kernel.within(QUIET, topics::HID_STATE)?, None);
    Ok(())
}

#[test]
fn acknowledgements_go_to_who_sends_input_and_are_wanted_for_it_alone() -> Result<(), Failure> {
    let (mut desk, mut office) = worked()?;
    desk.kernel.demand_from(topics::INPUT_ACK, "*/hid", 1)?;
    let want: dkvm_wire::service::Want = office.kernel.expect(topics::WANT)?;
    assert_eq!(
        (want.topic.as_str(), want.want, want.from.as_deref()),
        (topics::INPUT_ACK, true, None)
    );
    office
        .kernel
        .emit("hid", topics::INPUT_ACK, &body("none"))?;
    assert_eq!(desk.kernel.within(QUIET, topics::INPUT_ACK)?, None);
    type_until_taken(&mut desk, &mut office)?;
    office
        .kernel
        .emit("hid", topics::INPUT_ACK, &body("seen"))?;
    let event = desk.kernel.expect_event(topics::INPUT_ACK)?;
    assert!(is_of(&event, "office/hid", "seen"), "{event:?}");
    // Who else types there is not this node's affair.
    let (others, ours) = (&["attic/input"], &["desk/input", "attic/input"]);
    office
        .kernel
        .emit_to("hid", topics::INPUT_ACK, &body("theirs"), others)?;
    office
        .kernel
        .emit_to("hid", topics::INPUT_ACK, &body("ours"), ours)?;
    let event = desk.kernel.expect_event(topics::INPUT_ACK)?;
    assert!(is_of(&event, "office/hid", "ours"), "{event:?}");
    assert_eq!(event.to, ["input"]);
    desk.kernel.demand_from(topics::INPUT_ACK, "*/hid", 0)?;
    let want: dkvm_wire::service::Want = office.kernel.expect(topics::WANT)?;
    assert!(!want.want);
    Ok(())
}

#[test]
fn without_the_grant_nothing_crosses_and_a_person_is_told() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::Power])?;
    desk.kernel
        .demand_from(topics::HID_STATE, "office/hid", 1)?;
    let told = |state: &PeerState| {
        let told = state.peers.first().and_then(|peer| peer.detail.clone());
        let told = told.unwrap_or_default();
        // The other's words, and not this node's.
        told.starts_with("it says: it shows no ")
            && told.contains("\"view\"")
            && told.contains("dkvm peers allow")
    };
    let state = desk.until(told)?;
    assert_eq!(state.peers[0].link, LinkState::Up);
    office.until(|state| state.refused.rights == 1)?;
    office.kernel.emit("hid", topics::HID_STATE, &body("one"))?;
    desk.kernel
        .emit_to("input", topics::INPUT, &body("x"), &["office/hid"])?;
    assert_eq!(desk.kernel.within(QUIET, topics::HID_STATE)?, None);
    assert_eq!(office.kernel.within(QUIET, topics::INPUT)?, None);
    // Of any node only what it grants is asked.
    desk.kernel
        .demand_from(topics::GADGET_STATE, "*/gadget", 1)?;
    desk.kernel.ping()?;
    assert_eq!(office.kernel.within(QUIET, topics::WANT)?, None);
    assert_eq!(office.get()?.refused.rights, 1);
    Ok(())
}

#[test]
fn what_comes_from_one_node_goes_to_no_other() -> Result<(), Failure> {
    let (mut desk, mut office) = worked()?;
    type_until_taken(&mut desk, &mut office)?;
    drain(&mut desk, &mut office)?;
    let event = Event {
        topic: topics::INPUT.to_owned(),
        body: encode_body(&body("relayed")),
        to: vec!["office/hid".to_owned()],
        ..Event::default()
    };
    let source = Source {
        name: "attic/input",
        generation: Generation(1),
    };
    desk.kernel.emit_raw(Some(source), &event)?;
    assert_eq!(office.kernel.within(QUIET, topics::INPUT)?, None);
    Ok(())
}

#[test]
fn a_device_that_is_gone_is_gone_everywhere_and_its_successor_is_another() -> Result<(), Failure> {
    let (mut desk, mut office) = worked()?;
    let event = type_until_taken(&mut desk, &mut office)?;
    let (_, first) = event.source.expect("a source");
    drain(&mut desk, &mut office)?;
    desk.kernel.source_gone("input", 1)?;
    let gone: SourceGone = office.kernel.expect(topics::SOURCE_GONE)?;
    assert_eq!(
        (gone.source.as_str(), gone.generation),
        ("desk/input", first)
    );
    let late = body("late");
    desk.kernel
        .emit_to("input", topics::INPUT, &late, &["office/hid"])?;
    assert_eq!(office.kernel.within(QUIET, topics::INPUT)?, None);
    let event = Event {
        topic: topics::INPUT.to_owned(),
        body: encode_body(&body("next")),
        to: vec!["office/hid".to_owned()],
        ..Event::default()
    };
    let source = Source {
        name: "input",
        generation: Generation(2),
    };
    desk.kernel.emit_raw(Some(source), &event)?;
    let (_, second) = office
        .kernel
        .expect_event(topics::INPUT)?
        .source
        .expect("a source");
    assert!(second > first);
    Ok(())
}

#[test]
fn whoever_was_typing_over_a_link_that_ended_holds_nothing_any_more() -> Result<(), Failure> {
    let (mut desk, mut office) = worked()?;
    let node = Node {
        node: "desk".to_owned(),
    };
    let allow = Allow {
        node: "desk".to_owned(),
        grants: vec![Grant::View],
    };
    type_until_taken(&mut desk, &mut office)?;
    drain(&mut desk, &mut office)?;
    office.kernel.call::<_, Nothing>(methods::ALLOW, &allow)?;
    let gone: SourceGone = office.kernel.expect(topics::SOURCE_GONE)?;
    assert_eq!(gone.source.as_str(), "desk/input");
    desk.until(|state| {
        let office = &state.peers[0];
        office.link == LinkState::Up && office.granted == [Grant::View]
    })?;
    // Now it may only look.
    desk.kernel
        .emit_to("input", topics::INPUT, &body("x"), &["office/hid"])?;
    assert_eq!(office.kernel.within(QUIET, topics::INPUT)?, None);
    desk.kernel.demand_from(topics::HID_STATE, "*/hid", 1)?;
    office
        .kernel
        .emit("hid", topics::HID_STATE, &body("seen"))?;
    desk.kernel.expect_event(topics::HID_STATE)?;
    office.kernel.call::<_, Nothing>(methods::FORGET, &node)?;
    let gone: SourceGone = desk.kernel.expect(topics::SOURCE_GONE)?;
    assert_eq!(gone.source.as_str(), "office/hid");
    Ok(())
}

#[test]
fn after_the_death_of_either_all_goes_on() -> Result<(), Failure> {
    let (mut desk, mut office) = worked()?;
    desk.kernel.demand_from(topics::HID_STATE, "*/hid", 1)?;
    let before = type_until_taken(&mut desk, &mut office)?.source;
    office.restart()?;
    office.until_link("desk", LinkState::Up)?;
    office.kernel.emit("hid", topics::HID_STATE, &body("one"))?;
    desk.kernel.expect_event(topics::HID_STATE)?;
    type_until_taken(&mut desk, &mut office)?;
    desk.restart()?;
    let gone: SourceGone = office.kernel.expect(topics::SOURCE_GONE)?;
    assert_eq!(gone.source.as_str(), "desk/input");
    desk.kernel.demand_from(topics::HID_STATE, "*/hid", 1)?;
    desk.until_link("office", LinkState::Up)?;
    let event = desk.kernel.expect_event(topics::HID_STATE)?;
    assert!(is_of(&event, "office/hid", "one"), "the latest is kept");
    let after = type_until_taken(&mut desk, &mut office)?.source;
    assert!(before.is_some() && after.is_some());
    Ok(())
}

#[test]
fn what_was_typed_while_the_other_hung_does_not_come_seconds_later() -> Result<(), Failure> {
    let (mut desk, mut office) = worked()?;
    type_until_taken(&mut desk, &mut office)?;
    drain(&mut desk, &mut office)?;
    office.kernel.freeze()?;
    desk.until_link("office", LinkState::Stalled)?;
    for n in 0..3000 {
        desk.kernel.emit_to(
            "input",
            topics::INPUT,
            &body(&n.to_string()),
            &["office/hid"],
        )?;
    }
    desk.kernel.ping()?;
    office.kernel.thaw()?;
    let mut came = 0;
    loop {
        let event = office.kernel.expect_event(topics::INPUT)?;
        came += 1;
        if is_of(&event, "desk/input", "2999") {
            break;
        }
    }
    assert!(came < 1500, "{came} of 3000 waited");
    Ok(())
}
