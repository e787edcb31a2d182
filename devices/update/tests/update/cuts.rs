//! An update with power cut, or the device killed, at every step of it: there is always a working system, of the right version, and a
//! person who goes on comes to the end.

use super::{
    bundle::{head_length, image, workshop, Image},
    disk,
    model::{Drive, Fate, Fault, Files, Shared, World},
};
use dkvm_bundle::PartName;
use dkvm_update::{
    backend::card::{Card, Volume},
    core::{
        engine::{Begin, Engine},
        error::UpdateError,
        health::Expected,
        record::{Held, Machine},
    },
};
use dkvm_wire::{
    service::Slot,
    vocab::update::{Downgrade, Outcome},
};

/// Steps that a chunk's sectors are many of.
const CHUNK: usize = 2300;
/// Restarts after which somebody goes in circles.
const MOST_STARTS: u32 = 12;
const SEEDS: u64 = 3;

/// What the new image does when it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Well,
    Unwell,
    Panics,
}

type Unit = Engine<Card<Drive>, Files>;

struct Node {
    world: Shared,
    images: Vec<Image>,
    bundle: Vec<u8>,
    behaviour: Behaviour,
    fate: Fate,
    /// What the boot ROM started last.
    running: Slot,
    committed_once: bool,
}

/// What the boot ROM is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Committed,
    Other,
}

/// Where a start of the machine leads.
enum Next {
    Restart,
    Trial,
    Done(Option<Outcome>),
}

impl Node {
    fn new(behaviour: Behaviour, fate: Fate, cut_after: u64, seed: u64) -> Self {
        let images = vec![image("1.0.0"), image("2.0.0")];
        Self {
            world: World::new(disk::card(&images[0]), cut_after, seed),
            bundle: workshop().bundle(&images[1]),
            images,
            behaviour,
            fate,
            running: Slot::A,
            committed_once: false,
        }
    }

    /// Starts the machine again and again until somebody is content; how the last update ended.
    fn run(&mut self) -> Option<Outcome> {
        for _ in 0..MOST_STARTS {
            match self.life() {
                Ok(Next::Done(outcome)) => return outcome,
                Ok(Next::Restart) => self.restart(Start::Committed),
                Ok(Next::Trial) => self.restart(Start::Other),
                Err(error) => {
                    assert!(self.world.borrow().is_over(), "{error}");
                    self.world.borrow_mut().strike(self.fate);
                    if self.fate == Fate::PowerCut {
                        self.power_on(Start::Committed);
                    }
                }
            }
        }
        panic!("it goes in circles");
    }

    fn restart(&mut self, start: Start) {
        self.world.borrow_mut().restart();
        self.power_on(start);
    }

    fn power_on(&mut self, start: Start) {
        let committed = disk::committed(&self.world.borrow().disk());
        self.running = match start {
            Start::Committed => committed,
            Start::Other => committed.other(),
        };
    }

    /// What runs, and what the boot ROM would start now.
    fn machine(&self) -> Machine {
        let disk = self.world.borrow().disk();
        let committed = disk::committed(&disk);
        let running = self.running;
        let image = disk::holds(&disk, running, &self.images);
        let image = image.unwrap_or_else(|| panic!("slot {running:?} starts and holds no system"));
        Machine {
            board: "lab".into(),
            version: image.version.into(),
            running,
            committed,
            boot: self.world.borrow().boots.to_string(),
        }
    }

    /// One life of the device, from its start to a restart, an end, or the stroke of fate.
    fn life(&mut self) -> Result<Next, UpdateError> {
        let machine = self.machine();
        if machine.version == "2.0.0" && !machine.is_trial() {
            assert!(
                self.committed_once,
                "the new version starts and was never committed"
            );
        }
        if machine.version == "2.0.0" && self.behaviour == Behaviour::Panics {
            return Ok(Next::Restart);
        }
        // The kernel looks before this device does.
        self.check_record();
        let engine = self.start(machine.clone())?;
        self.check_record();
        if machine.is_trial() {
            return self.try_out(engine);
        }
        let state = engine.state();
        if state.last.is_some() {
            return Ok(Next::Done(state.last));
        }
        self.update(engine)
    }

    fn start(&self, machine: Machine) -> Result<Unit, UpdateError> {
        let (record, upload) = {
            let world = self.world.borrow();
            (world.record.clone(), world.upload())
        };
        let parts = (Card(Drive(self.world.clone())), Files(self.world.clone()));
        Ok(Engine::start(
            parts,
            machine,
            workshop().keys.clone(),
            (record, upload),
        )?)
    }

    /// What counts as whole is whole.
    fn check_record(&self) {
        let world = self.world.borrow();
        if world.fallback {
            let other = disk::holds(&world.disk(), self.running.other(), &self.images);
            assert!(other.is_some(), "the kernel would fall back to nothing");
        }
        for state in world.record.slots() {
            let held = disk::holds(&world.disk(), state.slot, &self.images);
            if let Some(version) = state.version {
                assert_eq!(
                    held.map(|image| image.version),
                    Some(version.as_str()),
                    "slot {:?} counts as whole",
                    state.slot
                );
            }
        }
    }

    fn try_out(&mut self, mut engine: Unit) -> Result<Next, UpdateError> {
        if self.behaviour == Behaviour::Unwell {
            engine.go_back("hid: it is absent")?;
            return Ok(Next::Restart);
        }
        self.committed_once = true;
        engine.commit("all is well")?;
        Ok(Next::Done(engine.state().last))
    }

    fn update(&self, mut engine: Unit) -> Result<Next, UpdateError> {
        let upload = engine.begin(Begin {
            head: &self.bundle[..head_length(&self.bundle)],
            size: self.bundle.len() as u64,
            downgrade: Downgrade::Refused,
            now: 0,
        })?;
        let (id, mut offset) = (upload.id.clone(), upload.offset() as usize);
        while offset < self.bundle.len() {
            let end = self.bundle.len().min(offset + CHUNK);
            offset = engine
                .write(&id, offset as u64, &self.bundle[offset..end], 0)?
                .offset() as usize;
        }
        engine.finish(&id)?;
        engine.begin_trial(Expected::default())?;
        Ok(Next::Trial)
    }
}

/// How many steps an undisturbed update has.
fn steps(behaviour: Behaviour) -> u64 {
    let mut node = Node::new(behaviour, Fate::PowerCut, u64::MAX, 0);
    node.run();
    let steps = node.world.borrow().steps;
    steps
}

fn at_every_step(behaviour: Behaviour, fate: Fate, check: impl Fn(&Node, Option<Outcome>)) {
    let steps = steps(behaviour);
    assert!(steps > 50, "{steps} steps are no update");
    for cut_after in 0..=steps {
        for seed in 0..SEEDS {
            let mut node = Node::new(behaviour, fate, cut_after, seed * 1000 + cut_after);
            let outcome = node.run();
            // What the next power-on starts.
            node.restart(Start::Committed);
            check(&node, outcome);
        }
    }
}

fn running(node: &Node) -> String {
    node.machine().version
}

/// A cut while it was tried is an update that did not happen, which a person repeats.
fn new_or_told(node: &Node, outcome: Option<Outcome>) {
    let outcome = outcome.unwrap();
    if outcome.committed {
        assert_eq!(
            (running(node).as_str(), outcome.version.as_str()),
            ("2.0.0", "2.0.0")
        );
    } else {
        assert_eq!(running(node), "1.0.0");
        assert!(
            outcome.reason.contains("power was lost"),
            "{}",
            outcome.reason
        );
    }
}

#[test]
fn power_is_cut_in_an_update_that_is_well() {
    at_every_step(Behaviour::Well, Fate::PowerCut, new_or_told);
}

#[test]
fn the_device_is_killed_in_an_update_that_is_well() {
    at_every_step(Behaviour::Well, Fate::Death, |node, outcome| {
        assert!(outcome.unwrap().committed);
        assert_eq!(running(node), "2.0.0");
    });
}

#[test]
fn power_is_cut_in_an_update_that_is_not_well() {
    at_every_step(Behaviour::Unwell, Fate::PowerCut, |node, outcome| {
        assert!(!outcome.unwrap().committed);
        assert_eq!(running(node), "1.0.0");
    });
}

#[test]
fn power_is_cut_in_an_update_that_panics() {
    at_every_step(Behaviour::Panics, Fate::PowerCut, |node, outcome| {
        assert!(outcome.unwrap().reason.contains("never came up"));
        assert_eq!(running(node), "1.0.0");
    });
}

#[test]
fn an_update_that_is_not_well_says_why() {
    let mut node = Node::new(Behaviour::Unwell, Fate::PowerCut, u64::MAX, 0);
    assert_eq!(node.run().unwrap().reason, "hid: it is absent");
}

/// A killed device goes on where it stopped: what was sent is not sent again.
#[test]
fn an_upload_goes_on_after_a_death() {
    let mut node = Node::new(Behaviour::Well, Fate::Death, 30, 0);
    node.life().err().expect("it is killed");
    node.world.borrow_mut().strike(Fate::Death);
    let offset = node.world.borrow().upload().expect("an upload").offset();
    assert!(offset > head_length(&node.bundle) as u64, "{offset}");
    let engine = node.start(node.machine()).unwrap();
    assert!(matches!(node.update(engine), Ok(Next::Trial)));
}

/// And the one that runs is never written, whichever it is.
#[test]
fn the_next_update_goes_into_the_slot_that_was_left() {
    let mut node = Node::new(Behaviour::Well, Fate::PowerCut, u64::MAX, 0);
    assert!(node.run().unwrap().committed);
    node.restart(Start::Committed);
    let machine = node.machine();
    assert_eq!((machine.running, machine.committed), (Slot::B, Slot::B));
    let third = image("3.0.0");
    node.bundle = workshop().bundle(&third);
    let engine = node.start(machine).unwrap();
    assert!(matches!(node.update(engine), Ok(Next::Trial)));
    let disk = node.world.borrow().disk();
    assert_eq!(
        disk::holds(&disk, Slot::A, &[third]).map(|image| image.version),
        Some("3.0.0")
    );
    assert!(disk::holds(&disk, Slot::B, &node.images).is_some());
}

/// Whether some cut of an update on such a machine is noticed by the checks above.
fn is_noticed(fault: Fault, prepare: impl Fn(&mut Node)) -> bool {
    (0..steps(Behaviour::Well)).any(|cut_after| {
        let once = std::panic::AssertUnwindSafe(|| {
            let mut node = Node::new(Behaviour::Well, Fate::PowerCut, cut_after, cut_after);
            node.world.borrow_mut().fault = fault;
            prepare(&mut node);
            node.run();
        });
        std::panic::catch_unwind(once).is_err()
    })
}

#[test]
fn what_would_brick_a_node_is_noticed_here() {
    assert!(is_noticed(Fault::LyingCard, |_| {}));
    // Slot B holds version 2 already, and version 3 is on its way into it.
    let with_an_image_in_b = |node: &mut Node| {
        let mut world = node.world.borrow_mut();
        world.record.b = Some(Held {
            version: "2.0.0".into(),
            id: String::new(),
            healthy: true,
        });
        let start = |part| disk::place(Volume::Part(Slot::B, part)).0;
        for (part, bytes) in [
            (PartName::Boot, &node.images[1].boot),
            (PartName::Root, &node.images[1].root),
        ] {
            world.platter[start(part)..][..bytes.len()].copy_from_slice(bytes);
        }
        drop(world);
        let third = image("3.0.0");
        node.bundle = workshop().bundle(&third);
        node.images.push(third);
    };
    assert!(is_noticed(Fault::StubbornRecord, with_an_image_in_b));
    assert!(!is_noticed(Fault::None, with_an_image_in_b));
}
