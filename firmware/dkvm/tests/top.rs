//! `dkvm top` on a terminal.

#![allow(clippy::unwrap_used)]

mod common;

use common::node::{device, Node};
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
use rustix::termios::{tcgetattr, LocalModes};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::Child;

/// A picture comes every 100 ms; a machine under load takes longer.
const PATIENCE: Timespec = Timespec {
    tv_sec: 30,
    tv_nsec: 0,
};

/// The person's end of a terminal on which `dkvm top` runs.
struct Terminal {
    person: File,
    program: File,
    top: Child,
    seen: Vec<u8>,
}

impl Terminal {
    fn open(node: &Node) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
        let program = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name)
            .unwrap();
        let mut command = node.command(&["top", "--interval", "100"]);
        let top = command
            .stdin(program.try_clone().unwrap())
            .stdout(program.try_clone().unwrap())
            .spawn();
        Self {
            person: person.into(),
            program,
            top: top.unwrap(),
            seen: Vec::new(),
        }
    }

    /// Reads until this text was shown.
    fn read_until(&mut self, text: &str) {
        let mut chunk = [0; 4096];
        while !String::from_utf8_lossy(&self.seen).contains(text) {
            let mut fds = [PollFd::new(&self.person, PollFlags::IN)];
            let ready = poll(&mut fds, Some(&PATIENCE)).unwrap();
            assert_eq!(ready, 1, "waited in vain for {text:?}");
            let count = self.person.read(&mut chunk).unwrap();
            self.seen.extend_from_slice(&chunk[..count]);
        }
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.program)
            .unwrap()
            .local_modes
            .contains(LocalModes::ICANON)
    }

    fn end_by(mut self, key: u8) {
        assert!(self.is_raw());
        self.person.write_all(&[key]).unwrap();
        self.read_until("\x1b[?1049l");
        assert!(self.top.wait().unwrap().success());
        assert!(!self.is_raw(), "the terminal is as it was");
    }
}

#[test]
fn it_draws_until_q() {
    let node = Node::start(&device("alpha", ""));
    node.wait_phase("alpha", "running");
    let mut terminal = Terminal::open(&node);
    terminal.read_until("alpha  running");
    terminal.end_by(b'q');
}

#[test]
fn it_tells_that_the_kernel_is_gone_goes_on_when_it_is_back_and_ends_by_ctrl_c() {
    let mut node = Node::start(&device("alpha", ""));
    node.wait_phase("alpha", "running");
    let mut terminal = Terminal::open(&node);
    terminal.read_until("alpha  running");
    node.end();
    terminal.read_until("no kernel is running");
    terminal.seen.clear();
    node.launch();
    terminal.read_until("alpha  running");
    terminal.end_by(3);
}
