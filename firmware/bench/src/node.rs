//! Ours: a kernel process with a producer and consumers as its devices.

use crate::consumer::REPORT;
use crate::cpu::Used;
use crate::frame::{self, Painter, RATE};
use crate::stats::Report;
use anyhow::{bail, Context, Result};
use dkvm_kernel::client::Client;
use dkvm_wire::service::{methods, DeviceList, LogLines, LogQuery, Phase};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// All devices are ready by then, or something is wrong.
const START: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub consumers: usize,
    pub frames: usize,
    pub realtime: bool,
    pub painter: Painter,
}

/// One run of either side.
#[derive(Debug)]
pub struct Run {
    pub reports: Vec<Report>,
    pub before: Used,
    pub after: Used,
}

/// The `dkvm` beside this program.
pub fn beside() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("dkvm");
    if !path.exists() {
        bail!(
            "{} is missing: build it (cargo build --release -p dkvm), or name it with --dkvm",
            path.display()
        );
    }
    Ok(path)
}

/// A kernel that ends with its handle.
struct Kernel {
    process: Child,
    dir: tempfile::TempDir,
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.process.wait();
    }
}

pub fn run(dkvm: &Path, plan: Plan) -> Result<Run> {
    let Plan {
        consumers, frames, ..
    } = plan;
    let kernel = start(dkvm, plan)?;
    let mut client = connect(&kernel)?;
    let pids = wait_ready(&mut client, consumers)?;
    std::thread::sleep(frame::interval() * frame::WARM_UP as u32);
    let middle = Some(kernel.process.id());
    let before = Used::by(middle, &pids)?;
    std::thread::sleep(Duration::from_millis((frames * 1000 / RATE) as u64));
    let after = Used::by(middle, &pids)?;
    let reports = (1..=consumers).map(|n| report(&mut client, &format!("consumer-{n}")));
    Ok(Run {
        reports: reports.collect::<Result<_>>()?,
        before,
        after,
    })
}

fn start(dkvm: &Path, plan: Plan) -> Result<Kernel> {
    let dir = tempfile::Builder::new().prefix("dkvm-bench-").tempdir()?;
    let config = dir.path().join("dkvm.toml");
    std::fs::write(&config, configuration(dir.path(), plan)?)?;
    let log = std::fs::File::create(dir.path().join("kernel.log"))?;
    let process = Command::new(dkvm)
        .args(["kernel", "--config"])
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot run {}", dkvm.display()))?;
    Ok(Kernel { process, dir })
}

fn configuration(dir: &Path, plan: Plan) -> Result<String> {
    let Plan {
        consumers,
        frames,
        realtime,
        painter,
    } = plan;
    let program = std::env::current_exe()?;
    let painter = serde_json::to_string(&painter)?;
    let user = format!("user = \"root\"\nrealtime = {realtime}");
    let mut text = format!(
        "[kernel]\nrealtime = {realtime}\nrun_dir = {:?}\nstate_dir = {:?}\n[memory]\nbudget = \"96M\"\n\
         [device.producer]\ncommand = [{program:?}, \"producer\"]\nmemory = \"64M\"\n{user}\n[device.producer.config]\npainter = {painter}\n",
        dir.join("run"),
        dir.join("state"),
    );
    let names: Vec<String> = (1..=consumers).map(|n| format!("consumer-{n}")).collect();
    for name in &names {
        write!(text, "[device.{name}]\ncommand = [{program:?}, \"consumer\"]\n{user}\n[device.{name}.config]\nframes = {frames}\n")?;
    }
    write!(
        text,
        "[[route]]\ntopic = {:?}\nfrom = \"producer\"\nto = {names:?}\n",
        frame::TOPIC
    )?;
    Ok(text)
}

fn connect(kernel: &Kernel) -> Result<Client> {
    let socket = kernel.dir.path().join("run/kernel.sock");
    let deadline = Instant::now() + START;
    loop {
        match Client::connect(&socket) {
            Ok(client) => return Ok(client),
            Err(_) if Instant::now() < deadline => std::thread::sleep(POLL),
            Err(error) => {
                let log = std::fs::read_to_string(kernel.dir.path().join("kernel.log"))
                    .unwrap_or_default();
                bail!("the kernel did not start: {error}\n{log}");
            }
        }
    }
}

/// Pids of the devices, when all of them run.
fn wait_ready(client: &mut Client, consumers: usize) -> Result<Vec<u32>> {
    let deadline = Instant::now() + START;
    loop {
        let list: DeviceList = client.ask(methods::DEVICES_LIST)?;
        let running = list.devices.iter().filter(|d| d.phase == Phase::Running);
        let pids: Vec<u32> = running.filter_map(|d| d.pid).collect();
        if pids.len() == consumers + 1 {
            return Ok(pids);
        }
        if Instant::now() > deadline {
            bail!(
                "not all devices are running: {:?}\n{}",
                list.devices,
                log(client, None)?.join("\n")
            );
        }
        std::thread::sleep(POLL);
    }
}

fn log(client: &mut Client, name: Option<&str>) -> Result<Vec<String>> {
    let query = LogQuery {
        name: name.map(str::to_owned),
        limit: Some(100),
    };
    let lines: LogLines = client.call(methods::LOG_TAIL, &query)?;
    Ok(lines.lines.into_iter().map(|line| line.text).collect())
}

/// What a consumer told in the log. It has a few seconds for frames that were lost on the way.
fn report(client: &mut Client, name: &str) -> Result<Report> {
    let deadline = Instant::now() + START;
    loop {
        let lines = log(client, Some(name))?;
        if let Some(text) = lines.iter().find_map(|line| line.strip_prefix(REPORT)) {
            return serde_json::from_str(text).with_context(|| format!("{name} told {text:?}"));
        }
        if Instant::now() > deadline {
            bail!(
                "{name} has not seen all frames; its log:\n{}",
                lines.join("\n")
            );
        }
        std::thread::sleep(POLL);
    }
}
