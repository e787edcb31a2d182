//! A kernel in a directory of its own.

use super::{said, Said, PROGRAM};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A machine under load takes long; a machine that hangs takes longer.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);

pub struct Node {
    pub dir: TempDir,
    process: Option<Child>,
}

/// The example beside the program under test; `cargo test` builds both.
pub fn toy() -> PathBuf {
    let path = Path::new(PROGRAM)
        .with_file_name("examples")
        .join("toy-device");
    assert!(
        path.exists(),
        "{} is missing: run `cargo test -p dkvm`, or `cargo build -p dkvm --examples`",
        path.display()
    );
    path
}

/// The text of a device `name` that runs the toy, with more lines for its table.
pub fn device(name: &str, more: &str) -> String {
    format!(
        "[device.{name}]\ncommand = [{:?}]\nuser = \"root\"\n{more}\n",
        toy()
    )
}

impl Node {
    /// Starts a kernel with these devices and waits for its socket.
    pub fn start(devices: &str) -> Self {
        let mut node = Self {
            dir: TempDir::new().unwrap(),
            process: None,
        };
        fs::create_dir(node.path("shm")).unwrap();
        node.configure(devices);
        node.launch();
        node
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn configure(&self, devices: &str) {
        let (run, state, shm) = (self.path("run"), self.path("state"), self.path("shm"));
        let kernel =
            format!("[kernel]\nrun_dir = {run:?}\nstate_dir = {state:?}\nshm_dir = {shm:?}\n");
        fs::write(self.path("dkvm.toml"), kernel + devices).unwrap();
    }

    pub fn launch(&mut self) {
        let log = File::create(self.path("kernel.log")).unwrap();
        let command = self
            .kernel_command()
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.process = Some(command.unwrap());
        self.wait("the socket", |node| node.dkvm(&["info"]).code == 0);
    }

    pub fn kernel_command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(["kernel", "--config"])
            .arg(self.path("dkvm.toml"))
            .stdin(Stdio::null());
        command
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .arg("--socket")
            .arg(self.path("run/kernel.sock"))
            .args(args);
        command
    }

    pub fn dkvm(&self, args: &[&str]) -> Said {
        said(&self.command(args).output().unwrap())
    }

    /// What a command answers as JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let said = self.dkvm(&[args, &["--json"]].concat());
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        serde_json::from_str(&said.out).unwrap()
    }

    /// One device in `ps --json`.
    pub fn device(&self, name: &str) -> Value {
        let list = self.json(&["ps"]);
        let found = list["devices"]
            .as_array()
            .unwrap()
            .iter()
            .find(|d| d["name"] == name)
            .cloned();
        found.unwrap_or_else(|| panic!("{name} is not in {list}"))
    }

    pub fn wait_phase(&self, name: &str, phase: &str) -> Value {
        self.wait(&format!("{name} {phase}"), |node| {
            node.device(name)["phase"] == phase
        });
        self.device(name)
    }

    /// Waits until it is so.
    pub fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(
                Instant::now() < deadline,
                "waited in vain for {what}; the kernel's log:\n{}",
                self.log()
            );
            std::thread::sleep(POLL);
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("kernel.log")).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// SIGTERM; the exit code.
    pub fn end(&mut self) -> Option<i32> {
        let mut process = self.process.take()?;
        signal(process.id(), rustix::process::Signal::TERM);
        process.wait().unwrap().code()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Whether a process is there and no zombie.
pub fn lives(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}
