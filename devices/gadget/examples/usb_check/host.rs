//! The USB host's side: input devices, the device's authorisation, the log.

use dkvm_testkit::Failure;
use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    path::PathBuf,
    sync::mpsc::{channel, Receiver},
    thread,
    time::{Duration, Instant},
};

pub const EV_KEY: u16 = 1;
pub const EV_REL: u16 = 2;
pub const EV_LED: u16 = 0x11;
/// Of `EV_SYN`: Linux's buffer ran over.
const SYN_DROPPED: u16 = 3;
/// `struct input_event` on 64-bit machines.
const EVENT: usize = 24;
const PATIENCE: Duration = Duration::from_secs(10);

/// One input event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    pub kind: u16,
    pub code: u16,
    pub value: i32,
}

/// An input device of the host.
pub struct Input {
    file: File,
    events: Receiver<Code>,
}

pub struct Host {
    pub keyboard: Input,
    pub absolute: Input,
    pub relative: Input,
}

impl Host {
    /// Waits for the three.
    pub fn open() -> Result<Self, Failure> {
        Ok(Self {
            keyboard: open("input0")?,
            absolute: open("input1")?,
            relative: open("input2")?,
        })
    }
}

impl Input {
    pub fn next(&mut self, kind: u16) -> Result<Code, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(code) if code.kind == kind => return Ok(code),
                Ok(Code {
                    kind: 0,
                    code: SYN_DROPPED,
                    ..
                }) => {
                    return Err(Failure::new(
                        "this program read the host's events too slowly: Linux threw some away",
                    ))
                }
                Ok(_) => {}
                Err(_) => {
                    return Err(Failure::new(format!(
                        "the host saw no event of kind {kind}"
                    )))
                }
            }
        }
    }

    /// Linux repeats a key that is held: value 2.
    pub fn next_but_repeats(&mut self, kind: u16) -> Result<Code, Failure> {
        loop {
            let code = self.next(kind)?;
            if code.value != 2 {
                return Ok(code);
            }
        }
    }

    pub fn write(&mut self, kind: u16, code: u16, value: i32) -> Result<(), Failure> {
        let mut event = [0; EVENT];
        event[16..18].copy_from_slice(&kind.to_ne_bytes());
        event[18..20].copy_from_slice(&code.to_ne_bytes());
        event[20..].copy_from_slice(&value.to_ne_bytes());
        self.file
            .write_all(&event)
            .map_err(|error| Failure::new(format!("the host cannot set the LEDs: {error}")))
    }
}

/// The input device of the USB interface whose place ends so (`…/input0`).
fn find(place: &str) -> Option<PathBuf> {
    let entries = fs::read_dir("/sys/class/input").ok()?.flatten();
    let ours = |path: &PathBuf| {
        let text =
            |name: &str| fs::read_to_string(path.join("device").join(name)).unwrap_or_default();
        text("name").contains("dKVM") && text("phys").trim().ends_with(place)
    };
    let event = entries
        .map(|entry| entry.path())
        .filter(|path| path.join("dev").exists() && path.to_string_lossy().contains("event"));
    event
        .filter(ours)
        .find_map(|path| Some(PathBuf::from("/dev/input").join(path.file_name()?)))
}

fn open(place: &str) -> Result<Input, Failure> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let file =
            find(place).and_then(|path| OpenOptions::new().read(true).write(true).open(path).ok());
        if let Some(file) = file {
            return listen(file);
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err(Failure::new(format!(
        "the host has no input device of ours at {place}"
    )))
}

fn listen(file: File) -> Result<Input, Failure> {
    let mut reader = file
        .try_clone()
        .map_err(|error| Failure::new(error.to_string()))?;
    let (sender, events) = channel();
    thread::spawn(move || {
        // Many at a time: Linux keeps few, and throws all away when they are too many.
        let mut bytes = [0; 64 * EVENT];
        while let Ok(length) = reader.read(&mut bytes) {
            for event in bytes[..length].chunks_exact(EVENT) {
                if sender.send(code(event)).is_err() {
                    return;
                }
            }
        }
    });
    Ok(Input { file, events })
}

fn code(event: &[u8]) -> Code {
    let half = |at: usize| u16::from_ne_bytes([event[at], event[at + 1]]);
    Code {
        kind: half(16),
        code: half(18),
        value: i32::from_ne_bytes([event[20], event[21], event[22], event[23]]),
    }
}

/// Disconnects in the host's log so far.
pub fn disconnects() -> Result<usize, Failure> {
    let log = std::process::Command::new("dmesg")
        .output()
        .map_err(|error| Failure::new(error.to_string()))?;
    Ok(String::from_utf8_lossy(&log.stdout)
        .matches("USB disconnect")
        .count())
}

fn device() -> Result<PathBuf, Failure> {
    let entries =
        fs::read_dir("/sys/bus/usb/devices").map_err(|error| Failure::new(error.to_string()))?;
    let ours = |path: &PathBuf| {
        fs::read_to_string(path.join("product")).is_ok_and(|product| product.trim() == "dKVM")
    };
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(ours)
        .ok_or_else(|| Failure::new("the host has no device of ours"))
}

fn set_authorized(value: &str) -> Result<(), Failure> {
    let path = device()?.join("authorized");
    fs::write(&path, value).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// The host takes its configuration away.
pub fn deauthorize() -> Result<(), Failure> {
    set_authorized("0")
}

/// The host configures it anew.
pub fn authorize() -> Result<(), Failure> {
    set_authorized("1")
}
