use crate::jail::JailOptions;
use crate::link::Output;
use crate::supervise::Fault;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tokio::net::unix::pipe;

/// Where programs are sought when the environment has no PATH, as under init.
const PATH_DEFAULT: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// What else of the kernel's environment a device may see.
const PASSED_ON: [&str; 2] = ["RUST_BACKTRACE", "TZ"];

/// All that a start needs.
#[derive(Debug)]
pub(crate) struct Launch {
    /// The program whose `jail` command is used: `dkvm` itself.
    pub(crate) jail: PathBuf,
    pub(crate) options: JailOptions,
    pub(crate) name: String,
    pub(crate) run_dir: PathBuf,
    pub(crate) state_dir: PathBuf,
    /// Variables that the configuration passes on.
    pub(crate) inherit: Vec<String>,
}

/// A process, and our ends of its pipes.
pub(crate) struct Spawned {
    pub(crate) pid: u32,
    pub(crate) input: pipe::Sender,
    pub(crate) output: Output,
    pub(crate) errors: Output,
}

/// Starts it: no code of ours runs between fork and exec.
pub(crate) fn spawn(launch: &Launch) -> Result<Spawned, Fault> {
    let mut command = Command::new(&launch.jail);
    command.arg("jail").args(launch.options.to_args());
    command.env_clear().envs(environment(launch));
    command.current_dir(&launch.run_dir).process_group(0);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command
        .spawn()
        .map_err(|e| Fault::Passing(format!("Linux starts no process: {e}")))?;
    let pid = child.id();
    pipes(child).map_err(|e| {
        super::signal_group(pid, crate::supervise::Signal::Kill);
        Fault::Passing(format!("its pipes cannot be used: {e}"))
    })
}

fn pipes(mut child: Child) -> io::Result<Spawned> {
    let missing = || io::Error::other("a pipe is missing");
    let input = child.stdin.take().ok_or_else(missing)?;
    let output = child.stdout.take().ok_or_else(missing)?;
    let errors = child.stderr.take().ok_or_else(missing)?;
    Ok(Spawned {
        pid: child.id(),
        input: pipe::Sender::from_owned_fd(input.into())?,
        output: Output::new(output.into())?,
        errors: Output::new(errors.into())?,
    })
}

fn environment(launch: &Launch) -> Vec<(OsString, OsString)> {
    let mut all: Vec<(OsString, OsString)> = vec![
        ("PATH".into(), search_path()),
        ("DKVM_DEVICE".into(), launch.name.clone().into()),
        ("DKVM_RUN_DIR".into(), launch.run_dir.clone().into()),
        ("DKVM_STATE_DIR".into(), launch.state_dir.clone().into()),
    ];
    if launch.options.realtime {
        all.push(("DKVM_REALTIME".into(), "1".into()));
    }
    let passed_on = PASSED_ON.iter().copied();
    let names = passed_on.chain(launch.inherit.iter().map(String::as_str));
    all.extend(names.filter_map(|name| Some((name.into(), std::env::var_os(name)?))));
    all
}

fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| PATH_DEFAULT.into())
}

/// The program of a command: a path as it is, a bare name beside the kernel's own program, then in PATH.
pub(crate) fn find_program(word: &str, beside: &Path) -> Result<PathBuf, Fault> {
    if word.contains('/') {
        return Ok(PathBuf::from(word));
    }
    let own = beside.parent().map(Path::to_owned);
    let path = search_path();
    let mut dirs = own.into_iter().chain(std::env::split_paths(&path));
    dirs.find_map(|dir| Some(dir.join(word)).filter(|file| file.is_file())).ok_or_else(|| {
        Fault::Lasting(format!("there is no program {word:?} beside the kernel or in PATH: install it, or write its path in `command`"))
    })
}
