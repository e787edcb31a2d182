//! A target that takes everything at once.

use super::{Opened, Said};
use crate::{
    config::Config,
    core::Outcome,
    error::Error,
    reports::{Function, Kind, Report},
};
use dkvm_wire::vocab::input::Leds;
use std::{
    collections::VecDeque,
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::Write as _,
    path::Path,
};

/// Usages of the keys that light a LED.
const CAPS_LOCK: u8 = 0x39;
const SCROLL_LOCK: u8 = 0x47;
const NUM_LOCK: u8 = 0x53;

/// The dummy.
#[derive(Debug)]
pub struct Dummy {
    record: Option<File>,
    said: VecDeque<Said>,
    keys: Vec<u8>,
    leds: Leds,
}

impl Dummy {
    /// Opens the record, if one is configured.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let record = config.record.as_deref().map(open_record).transpose()?;
        Ok(Self {
            record,
            said: VecDeque::new(),
            keys: Vec::new(),
            leds: Leds::default(),
        })
    }

    /// Always succeeds.
    pub fn open(&mut self, function: Function) -> Opened {
        self.said.push_back(Said::Writable(function));
        Opened::Yes
    }

    /// Takes a report; the function is writable again at once.
    pub fn write(&mut self, report: &Report) -> Outcome {
        if let Some(record) = &mut self.record {
            // A test's record that cannot be written shows in the test.
            let _ = record.write_all(line(report).as_bytes());
        }
        if report.kind() == Kind::Keyboard {
            self.light(&report.bytes()[2..]);
        }
        self.said.push_back(Said::Writable(report.function()));
        Outcome::Taken
    }

    fn light(&mut self, keys: &[u8]) {
        let before = self.leds;
        for key in keys.iter().filter(|key| !self.keys.contains(key)) {
            match *key {
                CAPS_LOCK => self.leds.caps = !self.leds.caps,
                SCROLL_LOCK => self.leds.scroll = !self.leds.scroll,
                NUM_LOCK => self.leds.num = !self.leds.num,
                _ => {}
            }
        }
        self.keys = keys.to_vec();
        if self.leds != before {
            self.said.push_back(Said::Leds(self.leds));
        }
    }

    /// What happened in the order in which it happened.
    pub async fn next(&mut self) -> Said {
        match self.said.pop_front() {
            Some(said) => said,
            None => std::future::pending().await,
        }
    }
}

fn open_record(path: &Path) -> Result<File, Error> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map_err(|source| Error::Record {
        path: path.to_owned(),
        source,
    })
}

fn line(report: &Report) -> String {
    let mut line = format!("{} ", report.kind());
    for byte in report.bytes() {
        // Writing into a string cannot fail.
        let _ = write!(line, "{byte:02x}");
    }
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_key_toggles_its_led_once_per_press() {
        let mut dummy = Dummy::new(&Config::default()).unwrap();
        for _ in 0..2 {
            dummy.write(&Report::keyboard(0, [CAPS_LOCK, 0, 0, 0, 0, 0]));
        }
        assert!(dummy.leds.caps);
        dummy.write(&Report::keyboard(0, [0; 6]));
        dummy.write(&Report::keyboard(0, [CAPS_LOCK, 0, 0, 0, 0, 0]));
        assert!(!dummy.leds.caps);
    }

    #[test]
    fn the_record_has_a_line_for_each_report() {
        assert_eq!(
            line(&Report::keyboard(2, [4, 0, 0, 0, 0, 0])),
            "keyboard 0200040000000000\n"
        );
    }
}
