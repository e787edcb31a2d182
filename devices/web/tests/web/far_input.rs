//! Targets of other nodes: what pages are told of them, and that what is typed reaches the one that is meant and no other.

use crate::common::far::{allow, hid, hid_state, page, peers, LAB};
use crate::common::{Node, Socket};
use dkvm_testkit::{Event, Failure};
use dkvm_wire::{
    service::Want,
    topics,
    vocab::{
        input::{InputAck, InputState, Step},
        page::{FarTarget, ToPage, ToWeb},
        peer::{Grant, LinkState},
        power::PowerState,
    },
};
use std::time::Duration;

type Outcome = Result<(), Failure>;

/// What is to come has come by then; what must not, will not.
const SILENCE: Duration = Duration::from_millis(300);

fn input(holder: u64, seq: u32, usage: u8) -> InputState {
    InputState {
        holder,
        focus: 2,
        seq,
        first: 7,
        steps: vec![Step::Key { usage, down: true }],
        keys: vec![usage],
        ..InputState::default()
    }
}

fn to_lab(state: InputState) -> ToWeb {
    let node = LAB.to_owned();
    ToWeb::InputTo { node, state }
}

fn ack(holder: u64) -> InputAck {
    InputAck {
        holder,
        seq: 1,
        steps: 8,
        focus: 2,
        lost: 0,
    }
}

fn came(node: &mut Node) -> Result<(Vec<String>, InputState), Failure> {
    let event = node.kernel.expect_event(topics::INPUT)?;
    Ok((event.to.clone(), event.decode()?))
}

fn target(page: &mut Socket, fits: impl Fn(&FarTarget) -> bool) -> Result<FarTarget, Failure> {
    let told = page.expect(|message| matches!(message, ToPage::Target(target) if fits(target)))?;
    match told {
        ToPage::Target(target) => Ok(*target),
        other => Err(Failure::new(format!("{other:?}"))),
    }
}

#[test]
fn what_is_typed_goes_to_one_target_by_its_name_whichever_it_is() -> Outcome {
    let mut node = Node::start()?;
    allow(&mut node, &[Grant::View, Grant::Type])?;
    hid(&mut node, "lab/hid", 1)?;
    let mut page = page(&node)?;
    page.send(&ToWeb::Input(input(11, 1, 4)))?;
    assert_eq!(came(&mut node)?, (vec!["hid".into()], input(11, 1, 4)));
    page.send(&to_lab(input(11, 2, 5)))?;
    assert_eq!(came(&mut node)?, (vec!["lab/hid".into()], input(11, 2, 5)));
    // Also by the name that a device has here by its configuration.
    hid(&mut node, "keys", 1)?;
    page.send(&ToWeb::Input(input(11, 3, 6)))?;
    assert_eq!(came(&mut node)?.0, ["keys"]);
    drop(page);
    // And what it held is let go at both, by name.
    let both = [came(&mut node)?, came(&mut node)?];
    assert_eq!(
        both.each_ref().map(|(to, _)| to[0].as_str()),
        ["keys", "lab/hid"]
    );
    assert!(both
        .iter()
        .all(|(_, state)| state.keys.is_empty() && state.holder == 11));
    Ok(())
}

#[test]
fn acknowledgements_come_back_to_the_page_and_the_target_that_they_are_of() -> Outcome {
    let mut node = Node::start()?;
    let all: Vec<Want> = vec![node.kernel.expect(topics::WANT)?];
    assert_eq!((&*all[0].topic, &all[0].from), (topics::INPUT_ACK, &None));
    allow(&mut node, &[Grant::View, Grant::Type])?;
    hid(&mut node, "lab/hid", 1)?;
    let (mut one, mut two) = (page(&node)?, page(&node)?);
    one.send(&to_lab(input(11, 1, 4)))?;
    two.send(&ToWeb::Input(input(11, 1, 4)))?;
    came(&mut node)?;
    came(&mut node)?;
    // Of another device of that node, and of one that nobody here has.
    node.kernel.emit("lab/fake", topics::INPUT_ACK, &ack(11))?;
    node.kernel.emit("lab/hid", topics::INPUT_ACK, &ack(12))?;
    node.kernel.emit("lab/hid", topics::INPUT_ACK, &ack(11))?;
    node.settle()?;
    let got = one.expect(|message| matches!(message, ToPage::AckFrom { .. }))?;
    let expected = ToPage::AckFrom {
        node: LAB.into(),
        ack: ack(11),
    };
    assert_eq!(got, expected);
    let is_ack = |message: &ToPage| matches!(message, ToPage::Ack(_) | ToPage::AckFrom { .. });
    for page in [&mut one, &mut two] {
        let others = page.sync(1)?;
        assert!(!others.iter().any(is_ack), "{others:?}");
    }
    Ok(())
}

#[test]
fn nothing_is_typed_where_it_is_not_allowed_or_nothing_is_known() -> Outcome {
    let mut node = Node::start()?;
    let mut page = page(&node)?;
    let nothing_comes = |node: &mut Node, page: &mut Socket| -> Outcome {
        page.send(&to_lab(input(11, 1, 4)))?;
        page.sync(1)?;
        let came = node.kernel.within(SILENCE, topics::INPUT)?;
        assert_eq!(came, None);
        Ok(())
    };
    nothing_comes(&mut node, &mut page)?;
    allow(&mut node, &[Grant::View, Grant::Type])?;
    nothing_comes(&mut node, &mut page)?;
    hid(&mut node, "lab/hid", 1)?;
    allow(&mut node, &[Grant::View])?;
    nothing_comes(&mut node, &mut page)?;
    peers(&mut node, LinkState::Connecting, &[])?;
    nothing_comes(&mut node, &mut page)?;
    allow(&mut node, &[Grant::Type])?;
    page.send(&to_lab(input(11, 2, 4)))?;
    assert_eq!(came(&mut node)?.0, ["lab/hid"]);
    // Its hid is gone: what was held there is over, and is not let go when it is back.
    node.kernel.source_gone("lab/hid", 1)?;
    node.settle()?;
    nothing_comes(&mut node, &mut page)?;
    hid(&mut node, "lab/hid", 1)?;
    drop(page);
    assert_eq!(node.kernel.within(SILENCE, topics::INPUT)?, None);
    Ok(())
}

#[test]
fn a_target_is_told_whole_at_once_on_change_and_until_it_is_gone() -> Outcome {
    let mut node = Node::start()?;
    let state = hid(&mut node, "lab/hid", 3)?;
    let own = hid(&mut node, "hid", 9)?;
    let mut page = page(&node)?;
    let told = target(&mut page, |_| true)?;
    assert_eq!((told.node.as_str(), told.hid), (LAB, Some(state)));
    let power = PowerState {
        buttons: vec![],
        pressed: None,
        power_led: Some(true),
        disk_led: None,
        wake: vec![],
    };
    node.kernel.emit("lab/power", topics::POWER_STATE, &power)?;
    let told = target(&mut page, |target| target.power.is_some())?;
    assert!(told.hid.is_some());
    node.kernel.source_gone("lab/hid", 1)?;
    target(&mut page, |target| target.hid.is_none())?;
    node.kernel.source_gone("lab/power", 1)?;
    let gone = ToPage::TargetGone { node: LAB.into() };
    page.expect(|message| *message == gone)?;
    // This node's own was never mistaken for it.
    let mut late = crate::common::far::page(&node)?;
    let hid = late.expect(|message| matches!(message, ToPage::Hid { .. }))?;
    assert_eq!(hid, ToPage::Hid { state: Some(own) });
    Ok(())
}

#[test]
fn a_node_that_floods_is_told_at_a_pace_and_one_that_talks_nonsense_not_at_all() -> Outcome {
    let mut node = Node::start()?;
    let mut page = page(&node)?;
    for focus in 1..=500 {
        let state = hid_state(focus);
        node.kernel.emit("lab/hid", topics::HID_STATE, &state)?;
    }
    let mut told = 1;
    while target(&mut page, |_| true)?
        .hid
        .is_some_and(|hid| hid.focus < 500)
    {
        told += 1;
    }
    // 20 at once, and then by time; how many exactly its own test says.
    assert!(told < 400, "{told}");
    let nonsense = Event {
        topic: topics::HID_STATE.to_owned(),
        body: vec![0xc1; 40],
        ..Event::default()
    };
    let source = Some(dkvm_wire::Source {
        name: "waste/hid",
        generation: dkvm_wire::Generation(1),
    });
    node.kernel.emit_raw(source, &nonsense)?;
    node.kernel.expect_log("waste/hid")?;
    let came = page.sync(1)?;
    let of_waste =
        |message: &ToPage| matches!(message, ToPage::Target(target) if target.node == "waste");
    assert!(!came.iter().any(of_waste), "{came:?}");
    Ok(())
}
