//! The two devices, each under a fake kernel, and a page that holds keys.

use crate::host::Host;
use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        gadget::{methods, GadgetState, UsbState},
        input::{HidState, InputAck, InputState, Motion, Step},
    },
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

pub struct Rig {
    folder: PathBuf,
    gadget: FakeKernel,
    hid: FakeKernel,
    pub gadget_state: GadgetState,
    pub page: InputState,
    pub host: Host,
}

/// How to start one of our devices; its run directory is its own.
pub fn launch(folder: &Path, name: &str) -> Result<Launch, Failure> {
    let run = folder.join("run").join(name);
    fs::create_dir_all(&run).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Launch::program(folder.join(format!("dkvm-{name}"))).env("DKVM_RUN_DIR", run))
}

fn start(folder: &Path, name: &str) -> Result<FakeKernel, Failure> {
    let setup = Setup::new(name).config(serde_json::json!({}));
    let mut kernel = FakeKernel::start(launch(folder, name)?, setup)?;
    kernel.ready()?;
    Ok(kernel)
}

impl Rig {
    pub fn start(folder: PathBuf) -> Result<Self, Failure> {
        let mut gadget = start(&folder, "gadget")?;
        let gadget_state = gadget.expect_that(topics::GADGET_STATE, |state: &GadgetState| {
            state.state == UsbState::Configured
        })?;
        let mut hid = start(&folder, "hid")?;
        hid.emit("gadget", topics::GADGET_STATE, &gadget_state)?;
        let motion = Motion::default();
        let page = InputState {
            holder: 7,
            focus: 1,
            seq: 0,
            first: 0,
            steps: vec![],
            keys: vec![],
            buttons: 0,
            at: None,
            motion,
            extra: Default::default(),
        };
        let mut rig = Self {
            folder,
            gadget,
            hid,
            gadget_state,
            page,
            host: Host::open()?,
        };
        rig.send()?;
        rig.settle()?;
        Ok(rig)
    }

    pub fn reopen_host(&mut self) -> Result<(), Failure> {
        self.host = Host::open()?;
        Ok(())
    }

    pub fn step(&mut self, usage: u8, down: bool) {
        self.page.keys.retain(|key| *key != usage);
        if down {
            self.page.keys.push(usage);
        }
        self.page.steps.push(Step::Key { usage, down });
    }

    pub fn send(&mut self) -> Result<(), Failure> {
        self.page.seq += 1;
        self.hid.emit("web", topics::INPUT, &self.page)
    }

    pub fn key(&mut self, usage: u8, down: bool) -> Result<(), Failure> {
        self.step(usage, down);
        self.send()
    }

    pub fn tap(&mut self, usage: u8) -> Result<(), Failure> {
        self.step(usage, true);
        self.key(usage, false)?;
        self.settle()
    }

    pub fn button(&mut self, button: u8, down: bool) -> Result<(), Failure> {
        self.page.buttons = (self.page.buttons & !(1 << button)) | (u8::from(down) << button);
        self.page.steps.push(Step::Button {
            button,
            down,
            at: self.page.at,
        });
        self.send()
    }

    /// Waits until all steps are acknowledged, refreshing as a page does.
    pub fn settle(&mut self) -> Result<(), Failure> {
        let all = self.page.first + u32::try_from(self.page.steps.len()).unwrap_or(u32::MAX);
        loop {
            let Some(event) = self
                .hid
                .within(Duration::from_millis(100), topics::INPUT_ACK)?
            else {
                self.send()?;
                continue;
            };
            let ack: InputAck = event.decode()?;
            if ack.lost > 0 {
                return Err(Failure::new(format!("{ack:?}")));
            }
            if ack.steps == all && ack.seq == self.page.seq {
                self.page.first = all;
                self.page.steps.clear();
                return Ok(());
            }
        }
    }

    pub fn hid_state(&mut self, fits: impl Fn(&HidState) -> bool) -> Result<HidState, Failure> {
        self.hid.expect_that(topics::HID_STATE, fits)
    }

    pub fn restart_gadget(&mut self) -> Result<(), Failure> {
        self.gadget.kill()?;
        self.gadget = start(&self.folder, "gadget")?;
        self.gadget_state = self.gadget.expect(topics::GADGET_STATE)?;
        self.gadget.expect_log("adopted").map(|_| ())?;
        self.hid
            .emit("gadget", topics::GADGET_STATE, &self.gadget_state)
    }

    pub fn restart_hid(&mut self) -> Result<(), Failure> {
        // It may have ended already.
        let _ = self.hid.kill();
        self.hid = start(&self.folder, "hid")?;
        self.hid
            .emit("gadget", topics::GADGET_STATE, &self.gadget_state)
    }

    /// Ends hid, and gives the keyboard's device file.
    pub fn take_keyboard(&mut self) -> Result<fs::File, Failure> {
        self.hid.goodbye()?;
        let path = &self.gadget_state.functions[0].device;
        let file = fs::OpenOptions::new().write(true).open(path);
        file.map_err(|error| Failure::new(format!("{path}: {error}")))
    }

    pub fn replug(&mut self) -> Result<(), Failure> {
        let _: Nothing = self.gadget.call(methods::REPLUG, &Nothing {})?;
        let binding = self.gadget_state.binding;
        let configured =
            |state: &GadgetState| state.binding != binding && state.state == UsbState::Configured;
        self.gadget_state = self.gadget.expect_that(topics::GADGET_STATE, configured)?;
        self.hid
            .emit("gadget", topics::GADGET_STATE, &self.gadget_state)
    }
}
