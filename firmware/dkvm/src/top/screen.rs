//! The terminal while `dkvm top` runs: drawn over in place, put back as it was at the end.

use crate::error::CliError;
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::termios::{
    isatty, tcgetattr, tcgetwinsize, tcsetattr, LocalModes, OptionalActions, Termios,
};
use std::io::{stdin, stdout, Write};
use std::time::Duration;

const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
const CTRL_C: u8 = 3;

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Quit,
}

/// The terminal, or a pipe, where one picture follows the other.
#[derive(Debug)]
pub struct Screen {
    /// How the terminal was; `None` if it is none.
    before: Option<Termios>,
}

impl Screen {
    pub fn enter() -> Result<Self, CliError> {
        if !isatty(stdin()) || !isatty(stdout()) {
            return Ok(Self { before: None });
        }
        let before = tcgetattr(stdin()).map_err(CliError::Terminal)?;
        let mut raw = before.clone();
        // Without ISIG Ctrl-C is a key like any other, so the terminal is put back in every case.
        raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcsetattr(stdin(), OptionalActions::Now, &raw).map_err(CliError::Terminal)?;
        let screen = Self {
            before: Some(before),
        };
        stdout().write_all(ENTER.as_bytes())?;
        Ok(screen)
    }

    pub fn show(&mut self, lines: &[String]) -> Result<(), CliError> {
        let mut out = stdout().lock();
        let text = match self.before {
            Some(_) => frame(lines, size()),
            None => lines.join("\n") + "\n",
        };
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Waits so long, or until a key that means something.
    pub fn wait_key(&mut self, time: Duration) -> Result<Option<Key>, CliError> {
        if self.before.is_none() {
            std::thread::sleep(time);
            return Ok(None);
        }
        let stdin = stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        let timeout = Timespec {
            tv_sec: time.as_secs().cast_signed(),
            tv_nsec: time.subsec_nanos().into(),
        };
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(errno) => return Err(CliError::Terminal(errno)),
        }
        let mut keys = [0; 64];
        // 0 bytes: the terminal is gone.
        let count = rustix::io::read(&stdin, &mut keys).map_err(CliError::Terminal)?;
        Ok((count == 0 || keys[..count].iter().any(is_quit)).then_some(Key::Quit))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = stdout().write_all(LEAVE.as_bytes());
            let _ = stdout().flush();
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

fn is_quit(key: &u8) -> bool {
    matches!(*key, b'q' | b'Q' | CTRL_C)
}

/// Columns and rows. A serial console says 0 by 0: it does not know.
fn size() -> (usize, usize) {
    let told = tcgetwinsize(stdout()).map_or((0, 0), |size| (size.ws_col, size.ws_row));
    match told {
        (0, _) | (_, 0) => (80, 24),
        (columns, rows) => (columns.into(), rows.into()),
    }
}

/// Lines cut to the terminal, drawn over what is there: without a flash of emptiness.
fn frame(lines: &[String], (columns, rows): (usize, usize)) -> String {
    let cut = |line: &String| line.chars().take(columns).collect::<String>() + CLEAR_LINE;
    let shown: Vec<String> = lines.iter().take(rows).map(cut).collect();
    format!("{HOME}{}{CLEAR_BELOW}", shown.join("\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_fits_the_terminal() {
        let lines = ["abcdef", "gh", "never seen"].map(str::to_owned);
        assert_eq!(frame(&lines, (4, 2)), "\x1b[Habcd\x1b[K\r\ngh\x1b[K\x1b[J");
    }
}
