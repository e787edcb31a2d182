//! Both ends of the wire: the gadget's device file, and the keyboard that the USB host made of it.

use crate::{Key, USAGE};
use anyhow::{bail, Context, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// `struct input_event` on 64 bits: seconds, microseconds, type, code, value.
const EVENT: usize = 24;
/// Events read at a time.
const EVENTS: usize = 64;
const TYPE_KEY: u16 = 1;
/// The input layer's own: the key was held for long.
const REPEATED: u8 = 2;
/// KEY_F13.
const CODE: u16 = 183;
/// Bit of the LEDs among the kinds of events: of the gadget's functions only the keyboard has them.
const LEDS: u64 = 1 << 17;
const INPUTS: &str = "/sys/class/input";

/// An event node.
pub struct Keyboard {
    node: File,
    buffer: [u8; EVENT * EVENTS],
    filled: usize,
    taken: usize,
}

impl Keyboard {
    /// The gadget's.
    pub fn find() -> Result<Self> {
        for entry in fs::read_dir(INPUTS).with_context(|| format!("cannot read {INPUTS}"))? {
            let path = entry?.path();
            if is_keyboard(&path) {
                return Self::open(&path);
            }
        }
        bail!("this machine has no keyboard: its own USB host must have the gadget")
    }

    fn open(class: &Path) -> Result<Self> {
        let node = PathBuf::from("/dev/input").join(class.file_name().unwrap_or_default());
        let file = File::open(&node).with_context(|| format!("cannot open {}", node.display()))?;
        Ok(Self {
            node: file,
            buffer: [0; EVENT * EVENTS],
            filled: 0,
            taken: 0,
        })
    }

    /// When the next event of the key was, ns; it must be this one.
    pub fn next(&mut self, wanted: Key) -> Result<u64> {
        loop {
            let event = self.event()?;
            let short = |at: usize| u16::from_ne_bytes([event[at], event[at + 1]]);
            if short(16) != TYPE_KEY {
                continue;
            }
            let value = event[20];
            if value == REPEATED {
                continue;
            }
            if short(18) != CODE || value != u8::from(wanted == Key::Down) {
                bail!(
                    "key {} came with {value} in place of {wanted:?} of {CODE}",
                    short(18)
                );
            }
            let long = |at: usize| {
                let bytes: [u8; 8] = event[at..at + 8].try_into().unwrap_or_default();
                u64::from_ne_bytes(bytes)
            };
            return Ok(long(0) * 1_000_000_000 + long(8) * 1000);
        }
    }

    fn event(&mut self) -> Result<[u8; EVENT]> {
        if self.taken == self.filled {
            self.filled = self.node.read(&mut self.buffer)?;
            self.taken = 0;
        }
        let bytes = self.buffer[..self.filled].get(self.taken..self.taken + EVENT);
        self.taken += EVENT;
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .context("the event node gave half an event")
    }
}

fn is_keyboard(class: &Path) -> bool {
    let is_event = class
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("event"));
    let kinds = fs::read_to_string(class.join("device/capabilities/ev")).unwrap_or_default();
    is_event && u64::from_str_radix(kinds.trim(), 16).is_ok_and(|kinds| kinds & LEDS != 0)
}

/// The keyboard function's device file.
pub struct Gadget(File);

impl Gadget {
    /// Opens it.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self(file))
    }

    /// One report: modifiers, a reserved byte, up to six keys.
    pub fn write(&mut self, key: Key) -> Result<()> {
        let mut report = [0; 8];
        if key == Key::Down {
            report[2] = USAGE;
        }
        self.0
            .write_all(&report)
            .context("the gadget takes no report")
    }
}
