//! A real kernel in directories of its own, and what tests ask of it.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use dkvm_kernel::client::{Client, ClientError};
use dkvm_wire::service::{
    methods, DeviceInfo, DeviceList, LogLine, LogLines, LogQuery, Named, Nothing, Phase,
};
use dkvm_wire::{DeviceName, ErrorCode, LeaseRef};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const RIG: &str = env!("CARGO_BIN_EXE_dkvm-rig");
/// Nothing here takes nearly so long on a machine that is not stuck.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub struct Kernel {
    pub dir: TempDir,
    child: Option<Child>,
    client: Option<Client>,
    /// What puppets told and no test has asked for yet.
    told: HashMap<String, Vec<Seen>>,
}

#[derive(Serialize, Default)]
pub struct Emit<'a> {
    pub topic: &'a str,
    #[serde(with = "serde_bytes")]
    pub body: &'a [u8],
    pub leases: Vec<LeaseRef>,
    pub source: Option<(&'a str, u32)>,
    pub to: Vec<&'a str>,
}

#[derive(Serialize)]
struct Ask<'a> {
    method: &'a str,
    #[serde(with = "serde_bytes")]
    body: &'a [u8],
}

#[derive(Deserialize, Debug, PartialEq)]
pub struct Seen {
    pub topic: String,
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
    pub leases: Vec<LeaseRef>,
    pub source: Option<(String, u32)>,
    pub to: Vec<String>,
}

/// Waits until `probe` gives something.
pub fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `[device.NAME]` that runs the rig. A root kernel keeps them root: a test's directories are closed to others.
pub fn device(name: &str, command: &str, rest: &str) -> String {
    let words: Vec<_> = command
        .split_whitespace()
        .map(|word| format!("{word:?}"))
        .collect();
    format!(
        "[device.{name}]\ncommand = [{RIG:?}, {}]\nuser = \"root\"\n{rest}\n",
        words.join(", ")
    )
}

pub fn route(topic: &str, from: &str, to: &[&str]) -> String {
    format!("[[route]]\ntopic = {topic:?}\nfrom = {from:?}\nto = {to:?}\n")
}

impl Kernel {
    pub fn start(devices: &str) -> Self {
        let mut kernel = Self::prepare(devices);
        kernel.launch();
        kernel
    }

    /// Not started yet.
    pub fn prepare(devices: &str) -> Self {
        let kernel = Self {
            dir: TempDir::new().expect("a directory"),
            child: None,
            client: None,
            told: HashMap::new(),
        };
        fs::create_dir(kernel.shm()).expect("a directory");
        kernel.configure(devices);
        kernel
    }

    pub fn configure(&self, devices: &str) {
        let dir = self.dir.path().display();
        let head = format!("[kernel]\nrun_dir = \"{dir}/run\"\nshm_dir = \"{dir}/shm\"\nstate_dir = \"{dir}/state\"\nnode = \"rig\"\n");
        fs::write(self.config(), head + devices).expect("writes");
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("dkvm.toml")
    }

    pub fn shm(&self) -> PathBuf {
        self.dir.path().join("shm")
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("run/kernel.sock")
    }

    pub fn launch(&mut self) {
        self.spawn();
        let socket = self.socket();
        self.client = Some(wait_for("the control socket", || {
            Client::connect(&socket).ok()
        }));
    }

    /// Without waiting for it.
    pub fn spawn(&mut self) {
        let log = fs::File::create(self.dir.path().join("stderr")).expect("a file");
        let child = Command::new(RIG)
            .arg("kernel")
            .arg(self.config())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("the kernel starts"));
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    pub fn client(&mut self) -> &mut Client {
        self.client.as_mut().expect("connected")
    }

    pub fn connect(&self) -> Client {
        Client::connect(&self.socket()).expect("connects")
    }

    /// Ends it as init does; returns its exit code.
    pub fn end(&mut self) -> Option<i32> {
        signal(self.pid(), "TERM");
        self.wait_end()
    }

    /// It ends by itself; returns its exit code.
    pub fn wait_end(&mut self) -> Option<i32> {
        self.client = None;
        self.child
            .take()
            .expect("it runs")
            .wait()
            .expect("it ends")
            .code()
    }

    pub fn kill(&mut self) {
        signal(self.pid(), "KILL");
        self.client = None;
        self.child.take().expect("it runs").wait().expect("it ends");
    }

    pub fn info(&mut self, name: &str) -> DeviceInfo {
        self.client()
            .call(methods::DEVICES_GET, &named(name))
            .expect("there is such a device")
    }

    pub fn list(&mut self) -> Vec<DeviceInfo> {
        self.client()
            .ask::<DeviceList>(methods::DEVICES_LIST)
            .expect("a list")
            .devices
    }

    pub fn wait_phase(&mut self, name: &str, phase: Phase) -> DeviceInfo {
        wait_for(&format!("{name} to be {phase:?}"), || {
            Some(self.info(name)).filter(|info| info.phase == phase)
        })
    }

    /// Ready, in at least this life.
    pub fn wait_ready(&mut self, name: &str, generation: u32) -> DeviceInfo {
        wait_for(&format!("{name} to be ready"), || {
            Some(self.info(name))
                .filter(|info| info.phase == Phase::Running && info.generation.0 >= generation)
        })
    }

    pub fn emit(&mut self, device: &str, topic: &str, body: &[u8]) {
        self.emit_leases(device, topic, body, Vec::new());
    }

    pub fn emit_leases(&mut self, device: &str, topic: &str, body: &[u8], leases: Vec<LeaseRef>) {
        let emit = Emit {
            topic,
            body,
            leases,
            ..Emit::default()
        };
        self.emit_as(device, &emit);
    }

    /// Of whom and to whom it may be.
    pub fn emit_as(&mut self, device: &str, emit: &Emit<'_>) {
        self.client()
            .call::<_, Nothing>(&format!("{device}/emit"), emit)
            .expect("it emits");
    }

    /// What a puppet has got since the last look.
    pub fn seen(&mut self, device: &str) -> Vec<Seen> {
        let mut all = self.told.remove(device).unwrap_or_default();
        all.extend(
            self.client()
                .ask::<Vec<Seen>>(&format!("{device}/seen"))
                .expect("it tells"),
        );
        all
    }

    /// Waits until a puppet has got, as the first that no test has looked at, something of a topic.
    pub fn wait_seen(&mut self, device: &str, topic: &str) -> Seen {
        wait_for(&format!("{device} to get {topic}"), || {
            let mut all = self.seen(device);
            let found = all
                .iter()
                .position(|seen| seen.topic == topic)
                .map(|at| all.remove(at));
            self.told.insert(device.to_owned(), all);
            found
        })
    }

    /// A puppet asks the kernel.
    pub fn ask(
        &mut self,
        device: &str,
        method: &str,
        body: &impl Serialize,
    ) -> Result<Vec<u8>, ClientError> {
        let ask = dkvm_wire::encode_body(&Ask {
            method,
            body: &dkvm_wire::encode_body(body),
        });
        self.client().call_raw(&format!("{device}/ask"), &ask)
    }

    pub fn tell(&mut self, device: &str, word: &str) -> Result<Nothing, ClientError> {
        self.client().call(&format!("{device}/do"), &word)
    }

    pub fn log_of(&mut self, name: &str) -> Vec<LogLine> {
        let query = LogQuery {
            name: Some(name.to_owned()),
            limit: Some(500),
        };
        self.client()
            .call::<_, LogLines>(methods::LOG_TAIL, &query)
            .expect("a log")
            .lines
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(self.dir.path().join("stderr")).unwrap_or_default()
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            if std::thread::panicking() {
                eprintln!("--- the kernel's log\n{}", self.stderr());
            }
            signal(child.id(), "TERM");
            let _ = child.wait();
        }
    }
}

pub fn named(name: &str) -> Named {
    Named {
        name: DeviceName::try_from(name).expect("a name"),
    }
}

pub fn signal(pid: u32, name: &str) {
    let signal = match name {
        "TERM" => rustix::process::Signal::TERM,
        "STOP" => rustix::process::Signal::STOP,
        "CONT" => rustix::process::Signal::CONT,
        "HUP" => rustix::process::Signal::HUP,
        _ => rustix::process::Signal::KILL,
    };
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    let _ = rustix::process::kill_process(pid, signal);
}

pub fn code_of<T: std::fmt::Debug>(result: Result<T, ClientError>) -> ErrorCode {
    match result {
        Err(ClientError::Refused(error)) => error.code,
        other => panic!("not refused: {other:?}"),
    }
}

pub fn entries(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}
