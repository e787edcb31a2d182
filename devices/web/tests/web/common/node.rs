use super::{Visitor, PASSWORD};
use dkvm_testkit::{samples, Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    encode_body,
    service::{DeviceInfo, DeviceList, KernelInfo, MemoryStats, Nothing, Phase},
    Generation,
};
use serde_json::{json, Value};
use std::{net::SocketAddr, path::PathBuf};
use tempfile::TempDir;

/// A web device and the kernel above it.
pub struct Node {
    pub kernel: FakeKernel,
    pub address: SocketAddr,
    folder: TempDir,
}

impl Node {
    /// Ready, on a port of its own, with a folder of its own.
    pub fn start() -> Result<Self, Failure> {
        Self::start_in(tempfile::tempdir()?)
    }

    /// The same in a folder that an earlier life left.
    pub fn start_in(folder: TempDir) -> Result<Self, Failure> {
        let mut kernel = launch(&folder, json!({ "listen": "127.0.0.1:0" }))?;
        let ready = kernel.ready()?;
        if let Some(sentence) = ready.degraded {
            return Err(Failure::new(format!("degraded: {sentence}")));
        }
        let address = address(&mut kernel)?;
        Ok(Self {
            kernel,
            address,
            folder,
        })
    }

    /// Kills it, and starts it again in the same folder.
    pub fn killed_and_started(mut self) -> Result<Self, Failure> {
        self.kernel.kill()?;
        Self::start_in(self.folder)
    }

    /// What it keeps.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Somebody without a cookie.
    pub fn visitor(&self) -> Result<Visitor, Failure> {
        Visitor::new(self.address, &self.state())
    }

    /// Somebody who is logged in.
    pub fn owner(&self) -> Result<Visitor, Failure> {
        let mut visitor = self.visitor()?;
        let body = json!({ "password": PASSWORD });
        let set = visitor.post("/api/setup", &body)?;
        let answer = if set.status == 409 {
            visitor.post("/api/login", &body)?
        } else {
            set
        };
        match answer.status {
            200 => Ok(visitor),
            _ => Err(Failure::new(format!("no login: {answer:?}"))),
        }
    }

    /// Gives the device time to do what was asked of it: its loop has then gone round.
    pub fn settle(&mut self) -> Result<(), Failure> {
        self.kernel.ping()
    }
}

/// Starts one that need not become ready.
pub fn launch(folder: &TempDir, config: Value) -> Result<FakeKernel, Failure> {
    let (state, run) = (folder.path().join("state"), folder.path().join("run"));
    for path in [&state, &run] {
        std::fs::create_dir_all(path)?;
    }
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-web"))
        .env("DKVM_STATE_DIR", state)
        .env("DKVM_RUN_DIR", run);
    let mut kernel = FakeKernel::start(launch, Setup::new("web").config(config))?;
    answer_services(&mut kernel);
    Ok(kernel)
}

/// Where it says that it serves the page.
pub fn address(kernel: &mut FakeKernel) -> Result<SocketAddr, Failure> {
    let line = kernel.expect_log("the page is served on https://")?;
    let text = line.rsplit("https://").next().unwrap_or_default();
    text.trim()
        .parse()
        .map_err(|error| Failure::new(format!("{line}: {error}")))
}

fn answer_services(kernel: &mut FakeKernel) {
    let info = KernelInfo {
        version: "0.1".into(),
        node: "office".into(),
        uptime_ms: 5000,
        boot: "b1".into(),
        ..KernelInfo::default()
    };
    let memory = MemoryStats {
        bytes: 4096,
        budget: 8192,
        pools: 1,
        leases: 2,
        granted: 3,
    };
    let devices = DeviceList {
        devices: vec![
            device_info("hid", 1, Phase::Running),
            device_info("web", 1, Phase::Running),
        ],
    };
    kernel.answer("kernel.info", move |_| Ok(encode_body(&info)));
    kernel.answer("events.subscribe", |_| Ok(encode_body(&Nothing {})));
    kernel.answer("memory.stats", move |_| Ok(encode_body(&memory)));
    kernel.answer("devices.list", move |_| Ok(encode_body(&devices)));
}

/// A device as the kernel tells it, in one of its lives.
pub fn device_info(name: &str, generation: u32, phase: Phase) -> DeviceInfo {
    DeviceInfo {
        generation: Generation(generation),
        ..samples::device_info(name, phase)
    }
}
