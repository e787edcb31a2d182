//! Words to Linux' own log, which the console shows and which is there before anything else is.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Instant;

/// Linux takes no more than ten lines in five seconds from a program: the last is kept for the end.
const MOST_LINES: usize = 9;

/// `notice` of syslog: shown by a console that is quiet about less.
const LEVEL: &str = "<5>";

/// The log of this boot.
#[derive(Debug)]
pub struct Console {
    started: Instant,
    lines: usize,
}

impl Console {
    /// Time counts from here.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            lines: 0,
        }
    }

    /// One line.
    pub fn say(&mut self, text: &str) {
        self.lines += 1;
        if self.lines < MOST_LINES {
            write(text);
        }
    }

    /// The last line.
    pub fn done(self) {
        write(&format!(
            "done in {} ms",
            self.started.elapsed().as_millis()
        ));
    }
}

fn write(text: &str) {
    let kmsg = OpenOptions::new().write(true).open("/dev/kmsg");
    let line = format!("{LEVEL}dkvm boot: {text}\n");
    if kmsg
        .and_then(|mut kmsg| kmsg.write_all(line.as_bytes()))
        .is_err()
    {
        eprint!("{}", &line[LEVEL.len()..]);
    }
}
