//! Linux's `/dev/hidg*`.
//!
//! A write is taken when the one place for a report is free, and the file is writable again when the target has fetched
//! it. A function that is not configured refuses writes with `ESHUTDOWN`, and refuses reads with `ESHUTDOWN` or, without an
//! OUT endpoint, with `ENOMEM` (Linux 6.12, f_hid.c). All files are non-blocking: on the Pi a write can otherwise hang for
//! ever (raspberrypi/linux#4373).

use super::{answer, Opened, Said};
use crate::{
    config::Config,
    core::{motion::Fine, Outcome},
    reports::{leds, Form, Function, Report},
};
use dkvm_wire::vocab::gadget::FunctionInfo;
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use tokio::io::{unix::AsyncFd, Interest};

/// Output reports read at one go; a target that sends more is heard again.
const MAX_READS: usize = 8;
/// Longest output report looked at: the keyboard's is 1 byte, the rest is hostile.
const MAX_OUTPUT: usize = 64;

/// The three device files.
#[derive(Debug)]
pub struct Hidg {
    paths: [PathBuf; 3],
    fixed: [bool; 3],
    files: [Option<AsyncFd<File>>; 3],
    complained: [bool; 3],
    /// Those that the target does not have now. Linux tells of such a file that it can be read, and again at once after each
    /// read that failed (f_hid.c wakes its readers then): it is not read before a report is taken.
    down: [bool; 3],
    said: VecDeque<Said>,
}

impl Hidg {
    /// Nothing is open yet.
    pub fn new(config: &Config) -> Self {
        let path = |function: Function| {
            let usual = || PathBuf::from(format!("/dev/hidg{}", function.index()));
            config.device(function).cloned().unwrap_or_else(usual)
        };
        Self {
            paths: Function::ALL.map(path),
            fixed: Function::ALL.map(|function| config.device(function).is_some()),
            files: [None, None, None],
            complained: [false; 3],
            down: [false; 3],
            said: VecDeque::new(),
        }
    }

    /// Takes over where the functions are; what a person configured stays. A function that the profile does not have is
    /// nowhere: the file that it would have may be another's.
    pub fn locate(&mut self, functions: &[FunctionInfo]) {
        for function in Function::ALL {
            let place = function.index();
            if self.fixed[place] {
                continue;
            }
            match functions.iter().find(|info| info.name == function.name()) {
                Some(info) if info.device.is_empty() => {}
                Some(info) => self.paths[place] = PathBuf::from(&info.device),
                None => self.paths[place] = PathBuf::new(),
            }
        }
    }

    /// Opens a function's file.
    pub fn open(&mut self, function: Function) -> Opened {
        let place = function.index();
        self.files[place] = None;
        match open(&self.paths[place]) {
            Ok(file) => {
                self.files[place] = Some(file);
                self.complained[place] = false;
                self.down[place] = false;
                Opened::Yes
            }
            Err(error) => {
                self.complain(place, &error);
                Opened::No
            }
        }
    }

    /// Once per spell: the file is tried many times a second. A file that is not there is a state, not a fault.
    fn complain(&mut self, place: usize, error: &io::Error) {
        if error.kind() != ErrorKind::NotFound
            && !std::mem::replace(&mut self.complained[place], true)
        {
            let path = self.paths[place].display();
            dkvm_sdk::warn!("cannot open {path}: {error}; the gadget device gives it to this device's group, is it running?");
        }
    }

    /// Writes a report.
    pub fn write(&mut self, report: &Report, form: Form) -> Outcome {
        let place = report.function().index();
        let Some(file) = &self.files[place] else {
            return Outcome::Gone;
        };
        let (bytes, length) = report.written(form);
        match file.get_ref().write(&bytes[..length]) {
            Ok(_) => {
                self.down[place] = false;
                Outcome::Taken
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Outcome::Again,
            Err(error) if is_down(&error) && is_same(file.get_ref(), &self.paths[place]) => {
                self.down[place] = true;
                Outcome::Down
            }
            Err(_) => {
                self.files[place] = None;
                Outcome::Gone
            }
        }
    }

    /// Tells Linux what to answer when the target asks for a report. A Linux before 6.12 answers zeros by itself; a
    /// later one waits for us, and then does so too.
    pub fn answer(&mut self, function: Function, form: Form, fine: Fine) {
        let Some(file) = &self.files[function.index()] else {
            return;
        };
        let answers = answer::answers(function, form, fine);
        let failed = answers
            .iter()
            .find_map(|one| one.give(file.get_ref()).err());
        if let Some(error) = failed {
            dkvm_sdk::debug!("this Linux takes no answers for {function}: {error}");
        }
    }

    /// What the files say.
    pub async fn next(&mut self) -> Said {
        loop {
            if let Some(said) = self.said.pop_front() {
                return said;
            }
            let function = tokio::select! {
                () = self.woken(Function::Keyboard) => Function::Keyboard,
                () = self.woken(Function::Absolute) => Function::Absolute,
                () = self.woken(Function::Relative) => Function::Relative,
            };
            self.look(function);
        }
    }

    async fn woken(&self, function: Function) {
        let Some(file) = &self.files[function.index()] else {
            return std::future::pending().await;
        };
        let interest = match self.down[function.index()] {
            true => Interest::WRITABLE,
            false => Interest::READABLE | Interest::WRITABLE,
        };
        match file.ready(interest).await {
            Ok(mut guard) => guard.clear_ready(),
            Err(_) => std::future::pending().await,
        }
    }

    /// Asks the file itself what holds now: a wake-up says only that something changed.
    fn look(&mut self, function: Function) {
        let Some(file) = &self.files[function.index()] else {
            return;
        };
        let flags = ready(file.get_ref());
        let mut read = Vec::new();
        if flags.contains(PollFlags::IN) && !self.down[function.index()] {
            read = read_all(file.get_ref(), function);
            self.down[function.index()] = read.contains(&Said::Down(function));
        }
        let is_writable = flags.contains(PollFlags::OUT);
        self.said.extend(in_order(function, read, is_writable));
    }
}

/// That the target has fetched the last report holds now: said later, it would be taken for the fetching of the next. What was
/// read may wait; but a function that went down is no longer writable.
fn in_order(function: Function, read: Vec<Said>, is_writable: bool) -> Vec<Said> {
    let mut said = read;
    if is_writable {
        let at = match said.contains(&Said::Down(function)) {
            true => said.len(),
            false => 0,
        };
        said.insert(at, Said::Writable(function));
    }
    said
}

fn open(path: &Path) -> io::Result<AsyncFd<File>> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags as i32)
        .open(path)?;
    // Deprecated for descriptors that may change under it, which a `File` does not; its successor is unsafe.
    #[allow(deprecated)]
    AsyncFd::with_interest(file, Interest::READABLE | Interest::WRITABLE)
}

fn ready(file: &File) -> PollFlags {
    let mut fds = [PollFd::new(file, PollFlags::IN | PollFlags::OUT)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    match poll(&mut fds, Some(&now)) {
        Ok(_) => fds[0].revents(),
        Err(_) => PollFlags::empty(),
    }
}

fn read_all(mut file: &File, function: Function) -> Vec<Said> {
    let mut said = Vec::new();
    let mut bytes = [0; MAX_OUTPUT];
    for _ in 0..MAX_READS {
        match file.read(&mut bytes) {
            Ok(length) if function == Function::Keyboard => {
                said.extend(leds(&bytes[..length]).map(Said::Leds))
            }
            Ok(0) => {}
            Ok(1) => said.push(Said::Feature(function, [bytes[0], 0])),
            Ok(_) => said.push(Said::Feature(function, [bytes[0], bytes[1]])),
            Err(error) => {
                said.extend(is_down(&error).then_some(Said::Down(function)));
                break;
            }
        }
    }
    said
}

fn is_down(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(Errno::SHUTDOWN | Errno::NOMEM)
    )
}

/// Whether the open file is still the one at its path: after a bind it is another one.
fn is_same(file: &File, path: &Path) -> bool {
    let same =
        |a: std::fs::Metadata, b: std::fs::Metadata| (a.ino(), a.rdev()) == (b.ino(), b.rdev());
    file.metadata()
        .and_then(|open| Ok(same(open, path.metadata()?)))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_report_was_fetched_is_said_before_what_the_target_wrote() {
        let keyboard = Function::Keyboard;
        let (leds, writable) = (
            Said::Leds(dkvm_wire::vocab::input::Leds::default()),
            Said::Writable(keyboard),
        );
        let down = Said::Down(keyboard);
        assert_eq!(in_order(keyboard, vec![leds], true), [writable, leds]);
        assert_eq!(in_order(keyboard, vec![leds], false), [leds]);
        assert_eq!(in_order(keyboard, vec![down], true), [down, writable]);
    }

    #[test]
    fn a_function_that_the_profile_does_not_have_is_nowhere() {
        let mut hidg = Hidg::new(&Config::default());
        assert_eq!(hidg.paths[1], Path::new("/dev/hidg1"));
        let info = |name: &str, device: &str| FunctionInfo {
            name: name.to_owned(),
            device: device.to_owned(),
            traits: Vec::new(),
        };
        hidg.locate(&[info("keyboard", ""), info("relative", "/dev/hidg1")]);
        assert_eq!(hidg.paths[0], Path::new("/dev/hidg0"));
        assert_eq!(hidg.paths[1], Path::new(""));
        assert_eq!(hidg.paths[2], Path::new("/dev/hidg1"));
        assert_eq!(hidg.open(Function::Absolute), Opened::No);
    }
}
