//! What pages are told and may ask for.

use crate::common::{device_info, Node, Socket};
use dkvm_testkit::Failure;
use dkvm_wire::{
    encode_body,
    service::{DeathRecord, Deaths, Named, Nothing, Phase},
    topics,
    vocab::{
        input::{HidState, InputAck, InputState, Leds, Link, Motion, Step},
        page::{Action, ToPage, ToWeb},
        video::VideoMode,
    },
    ErrorCode, Generation, WireError,
};

type Outcome = Result<(), Failure>;

fn input(holder: u64, seq: u32, keys: &[u8]) -> InputState {
    let steps = keys
        .iter()
        .map(|&usage| Step::Key { usage, down: true })
        .collect();
    let (keys, motion) = (
        keys.to_vec(),
        Motion {
            x: 3,
            y: -4,
            wheel: 1,
            pan: 0,
            ..Default::default()
        },
    );
    InputState {
        holder,
        focus: 2,
        seq,
        first: 7,
        steps,
        keys,
        buttons: 0,
        at: None,
        motion,
        extra: Default::default(),
    }
}

fn ack(holder: u64, steps: u32) -> Result<InputAck, Failure> {
    let ack = serde_json::json!({ "holder": holder, "seq": 1, "steps": steps, "focus": 2 });
    serde_json::from_value(ack).map_err(|error| Failure::new(error.to_string()))
}

fn hid_state(focus: u32) -> HidState {
    HidState {
        keyboard: Link::Ok,
        absolute: Link::Ok,
        relative: Link::Ok,
        leds: Leds::default(),
        focus,
        holder: 0,
        extras: Vec::new(),
        jiggle: 0,
        by: String::new(),
        busy: false,
    }
}

fn page(node: &Node) -> Result<Socket, Failure> {
    let mut page = node.owner()?.socket("/api/ws")?;
    match page.next()? {
        ToPage::Hello { .. } => Ok(page),
        other => Err(Failure::new(format!("no hello, but {other:?}"))),
    }
}

#[test]
fn a_page_is_told_who_we_are_and_every_state() -> Outcome {
    let mut node = Node::start()?;
    node.kernel.emit("hid", topics::HID_STATE, &hid_state(4))?;
    node.settle()?;
    let mut page = node.owner()?.socket("/api/ws")?;
    let ToPage::Hello { kernel, viewers } = page.next()? else {
        panic!("no hello")
    };
    assert_eq!(
        (kernel.node.as_str(), kernel.boot.as_str(), viewers),
        ("office", "b1", 1)
    );
    assert!(kernel.uptime_ms >= 5000);
    let state = page.expect(|message| matches!(message, ToPage::Hid { .. }))?;
    assert_eq!(
        state,
        ToPage::Hid {
            state: Some(hid_state(4))
        }
    );
    node.kernel.ping()?;
    page.expect(|message| matches!(message, ToPage::Device(info) if info.name.as_str() == "hid"))?;
    page.expect(|message| matches!(message, ToPage::Memory(stats) if stats.budget == 8192))
        .map(drop)
}

#[test]
fn input_goes_on_unchanged_and_its_ack_comes_back_to_that_page_alone() -> Outcome {
    let mut node = Node::start()?;
    let (mut one, mut two) = (page(&node)?, page(&node)?);
    one.send(&ToWeb::Input(input(11, 1, &[4, 5])))?;
    assert_eq!(
        node.kernel.expect::<InputState>(topics::INPUT)?,
        input(11, 1, &[4, 5])
    );
    two.send(&ToWeb::Input(input(22, 1, &[6])))?;
    assert_eq!(node.kernel.expect::<InputState>(topics::INPUT)?.holder, 22);
    node.kernel.emit("hid", topics::INPUT_ACK, &ack(11, 9)?)?;
    node.settle()?;
    let got = one.expect(|message| matches!(message, ToPage::Ack(_)))?;
    assert_eq!(got, ToPage::Ack(ack(11, 9)?));
    let others = two.sync(1)?;
    assert!(
        !others
            .iter()
            .any(|message| matches!(message, ToPage::Ack(_))),
        "{others:?}"
    );
    Ok(())
}

#[test]
fn a_page_that_is_gone_lets_go_of_its_keys_at_once() -> Outcome {
    let mut node = Node::start()?;
    let mut page = page(&node)?;
    page.send(&ToWeb::Input(input(11, 5, &[4])))?;
    node.kernel.expect::<InputState>(topics::INPUT)?;
    drop(page);
    let neutral: InputState = node.kernel.expect(topics::INPUT)?;
    assert_eq!(
        neutral,
        InputState {
            seq: 6,
            first: 8,
            ..input(11, 5, &[])
        }
    );
    Ok(())
}

#[test]
fn viewers_are_counted() -> Outcome {
    let node = Node::start()?;
    let mut one = page(&node)?;
    let two = page(&node)?;
    one.expect(|message| matches!(message, ToPage::Viewers { count: 2 }))?;
    drop(two);
    one.expect(|message| matches!(message, ToPage::Viewers { count: 1 }))
        .map(drop)
}

#[test]
fn a_device_that_died_is_shown_so_and_its_state_is_taken_back() -> Outcome {
    let mut node = Node::start()?;
    let mut page = page(&node)?;
    node.kernel.emit("hid", topics::HID_STATE, &hid_state(4))?;
    page.expect(|message| matches!(message, ToPage::Hid { state: Some(_) }))?;
    let death = DeathRecord {
        name: "hid".try_into().expect("a name"),
        generation: Generation(1),
        at_unix_ms: 1,
        at_uptime_ms: 2,
        lived_ms: 3,
        cause: "killed by SIGKILL".into(),
        log: vec!["a line".into()],
    };
    node.kernel
        .tell(topics::DEVICE_STATE, &device_info("hid", 1, Phase::Backoff))?;
    node.kernel.tell(topics::DEVICE_DEATH, &death)?;
    page.expect(|message| *message == ToPage::Hid { state: None })?;
    page.expect(|message| *message == ToPage::Death(death.clone()))?;
    node.kernel.tell(
        topics::DEVICE_STATE,
        &device_info("hid", 2, Phase::Preparing),
    )?;
    node.kernel.emit("hid", topics::HID_STATE, &hid_state(5))?;
    page.expect(|message| matches!(message, ToPage::Hid { state: Some(state) } if state.focus == 5))
        .map(drop)
}

#[test]
fn actions_reach_the_device_and_errors_come_back_as_sentences() -> Outcome {
    let mut node = Node::start()?;
    let mode = VideoMode {
        width: 640,
        height: 480,
        millihertz: 30_000,
    };
    node.kernel.answer("capture/video.set_mode", move |body| {
        assert_eq!(body, encode_body(&mode));
        Ok(encode_body(&Nothing {}))
    });
    node.kernel.answer("gadget/gadget.replug", |_| {
        Err(WireError::new(ErrorCode::Hardware, "there is no UDC"))
    });
    node.kernel.answer("devices.restart", |body| {
        assert_eq!(
            body,
            encode_body(&Named {
                name: "hid".try_into().expect("a name")
            })
        );
        Ok(encode_body(&Nothing {}))
    });
    node.kernel.answer("devices.deaths", |_| {
        Ok(encode_body(&Deaths { deaths: vec![] }))
    });
    let mut page = page(&node)?;
    let device = || "hid".try_into().expect("a name");
    assert_eq!(
        done(&mut node, &mut page, 1, Action::SetMode(mode))?,
        (None, None)
    );
    let (error, _) = done(&mut node, &mut page, 2, Action::Replug)?;
    assert_eq!(
        error.map(|error| (error.code, error.message)),
        Some((ErrorCode::Hardware, "there is no UDC".into()))
    );
    assert_eq!(
        done(
            &mut node,
            &mut page,
            3,
            Action::Restart { device: device() }
        )?,
        (None, None)
    );
    assert_eq!(
        done(&mut node, &mut page, 4, Action::Deaths { device: device() })?,
        (None, Some(vec![]))
    );
    let settings = dkvm_wire::vocab::video::EncodeSettings {
        quality: 50,
        max_rate: 0,
    };
    let (error, _) = done(&mut node, &mut page, 5, Action::SetEncode(settings))?;
    assert_eq!(
        error.map(|error| error.code),
        Some(ErrorCode::UnknownMethod)
    );
    Ok(())
}

type Done = (Option<WireError>, Option<Vec<DeathRecord>>);

/// Asks, lets the kernel answer, and gives what comes back.
fn done(node: &mut Node, page: &mut Socket, id: u32, action: Action) -> Result<Done, Failure> {
    let before = node.kernel.calls().len();
    page.send(&ToWeb::Do { id, action })?;
    page.sync(id)?;
    while node.kernel.calls()[before..]
        .iter()
        .all(|call| call == "devices.list" || call == "memory.stats")
    {
        node.kernel.ping()?;
    }
    match page.expect(|message| matches!(message, ToPage::Done { id: back, .. } if *back == id))? {
        ToPage::Done { error, deaths, .. } => Ok((error, deaths)),
        other => Err(Failure::new(format!("{other:?}"))),
    }
}

#[test]
fn a_message_that_is_not_known_costs_nothing_but_a_line() -> Outcome {
    let mut node = Node::start()?;
    let mut page = page(&node)?;
    for text in [
        "",
        "{",
        "[]",
        r#"{"type":"later"}"#,
        r#"{"type":"input"}"#,
        "\"\\u0000\"",
    ] {
        page.send_text(text)?;
    }
    page.sync(1)?;
    node.kernel
        .expect_log("a page sent a message that is not known here")?;
    let told = node
        .kernel
        .log()
        .iter()
        .filter(|line| line.contains("not known here"))
        .count();
    assert_eq!(told, 1);
    Ok(())
}

#[test]
fn a_flood_of_input_becomes_its_latest() -> Outcome {
    let mut node = Node::start()?;
    let mut page = page(&node)?;
    const FLOOD: u32 = 5000;
    for seq in 0..FLOOD {
        page.send(&ToWeb::Input(input(11, seq, &[4])))?;
    }
    let mut came = 0;
    loop {
        came += 1;
        if node.kernel.expect::<InputState>(topics::INPUT)?.seq == FLOOD - 1 {
            break;
        }
    }
    assert!(came <= FLOOD);
    Ok(())
}

#[test]
fn a_button_that_is_held_is_waited_for_and_its_device_is_the_one_that_told_its_state() -> Outcome {
    use dkvm_wire::vocab::power::{Button, PowerState, Press};
    let mut node = Node::start()?;
    let state = PowerState {
        buttons: vec![Button::Power],
        pressed: None,
        power_led: Some(true),
        disk_led: None,
        wake: vec![],
    };
    node.kernel.emit("atx", topics::POWER_STATE, &state)?;
    let press = Press {
        button: Button::Power,
        hold_ms: Some(6000),
    };
    node.kernel.answer("atx/power.press", move |body| {
        assert_eq!(body, encode_body(&press));
        Ok(encode_body(&Nothing {}))
    });
    let mut page = page(&node)?;
    page.expect(
        |message| matches!(message, ToPage::Power { state: Some(told) } if *told == state),
    )?;
    assert_eq!(
        done(&mut node, &mut page, 1, Action::PowerPress(press))?,
        (None, None)
    );
    Ok(())
}
