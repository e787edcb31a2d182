//! What the kernel answered, read in one turn with what it said next.

use crate::common::{device_info, Node};
use dkvm_testkit::Failure;
use dkvm_wire::{
    encode_body,
    service::{methods, Applied, ConfigApplied, ConfigApply, DeviceList, Phase},
    topics,
    vocab::{
        page::{Action, ToPage, ToWeb},
        power::{Button, PowerState},
    },
};
use rustix::process::{kill_process, Pid, Signal};
use std::{cell::Cell, rc::Rc, time::Duration};

type Outcome = Result<(), Failure>;

/// The device stands until [`Freezer::wait`] has seen it stand, and the test lets it go on.
#[derive(Clone, Default)]
struct Freezer(Rc<Cell<Option<Pid>>>);

impl Freezer {
    /// The next answer finds it stopped.
    fn arm(&self, node: &Node) -> Outcome {
        let pid = node.kernel.pid().and_then(|pid| Pid::from_raw(pid as i32));
        let pid = pid.ok_or_else(|| Failure::new("the device is no process"))?;
        self.0.set(Some(pid));
        Ok(())
    }

    /// At an answer.
    fn stop(&self) -> bool {
        let pid = self.0.take();
        pid.is_some_and(|pid| kill_process(pid, Signal::STOP).is_ok())
    }

    fn wait(&self, node: &mut Node) -> Outcome {
        while self.0.get().is_some() {
            node.kernel.within(Duration::from_millis(1), "nothing")?;
        }
        Ok(())
    }
}

/// One that changes `web` itself: the answer and the goodbye lie in the pipe together.
#[test]
fn the_answer_to_a_request_that_ends_the_device_reaches_its_page() -> Outcome {
    for _ in 0..8 {
        let (mut node, freezer) = (Node::start()?, Freezer::default());
        let stops = freezer.clone();
        node.kernel.answer(methods::CONFIG_APPLY, move |_| {
            stops.stop();
            Ok(encode_body(&ConfigApplied {
                number: 5,
                change: Applied::default(),
                notices: vec![],
            }))
        });
        let mut page = node.owner()?.socket("/api/ws")?;
        freezer.arm(&node)?;
        let apply = ConfigApply {
            text: "# a text\n".into(),
            base: None,
            confirm_s: 0,
            comment: String::new(),
        };
        let action = Action::ConfigApply(apply);
        page.send(&ToWeb::Do { id: 1, action })?;
        freezer.wait(&mut node)?;
        node.kernel.say_goodbye()?;
        node.kernel.thaw()?;
        page.expect(|message| matches!(message, ToPage::Done { id: 1, .. }))?;
        assert_eq!(page.expect_close()?.0, 1001);
    }
    Ok(())
}

/// A list of the devices from before the first word of one of them lies in the pipe before that word.
#[test]
fn what_a_device_says_is_not_taken_back_by_an_older_list() -> Outcome {
    let (mut node, freezer) = (Node::start()?, Freezer::default());
    let stops = freezer.clone();
    node.kernel.answer("devices.list", move |_| {
        let phase = match stops.stop() {
            true => Phase::Starting,
            false => Phase::Running,
        };
        let devices = vec![device_info("power", 1, phase)];
        Ok(encode_body(&DeviceList { devices }))
    });
    let mut page = node.owner()?.socket("/api/ws")?;
    freezer.arm(&node)?;
    freezer.wait(&mut node)?;
    let preparing = device_info("power", 1, Phase::Preparing);
    node.kernel.tell(topics::DEVICE_STATE, &preparing)?;
    let state = PowerState {
        buttons: vec![Button::Power],
        pressed: None,
        power_led: Some(true),
        disk_led: None,
        wake: vec![],
    };
    node.kernel.emit("power", topics::POWER_STATE, &state)?;
    node.kernel.thaw()?;
    page.expect(|message| matches!(message, ToPage::Power { state: Some(_) }))?;
    let asked = |node: &Node| {
        let calls = node.kernel.calls().iter();
        calls.filter(|call| *call == "devices.list").count()
    };
    let before = asked(&node);
    while asked(&node) < before + 2 {
        node.kernel.ping()?;
    }
    let taken_back = |message: &ToPage| matches!(message, ToPage::Power { state: None });
    assert!(!page.sync(1)?.iter().any(taken_back));
    Ok(())
}
