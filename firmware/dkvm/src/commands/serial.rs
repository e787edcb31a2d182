//! `dkvm serial`: the target's serial console on this terminal.

use super::Session;
use crate::args::SerialDo;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_kernel::client::ClientError;
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::serial::{
    methods, HistoryFrom, SerialOutput, SerialState, SerialWrite, MAX_WRITE,
};
use dkvm_wire::ErrorCode;
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::termios::{isatty, tcgetattr, tcsetattr, OptionalActions, Termios};
use std::io::{stdin, stdout, Write};
use std::thread::sleep;
use std::time::Duration;

/// The device, by its name in the configuration.
const DEVICE: &str = "serial";
/// How often is looked for what the target says: a person sees no delay.
const LOOK: Duration = Duration::from_millis(30);
/// How long a device that restarts is left alone, and a target that is slow.
const REST: Duration = Duration::from_millis(200);
/// Ctrl+].
const LEAVE: u8 = 0x1d;

pub fn run(session: &mut Session, what: Option<SerialDo>, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    match what {
        None => attach(session),
        Some(SerialDo::History) => history(session, form),
        Some(SerialDo::Status) => status(session, form),
    }
}

fn state(session: &mut Session) -> Result<SerialState, CliError> {
    session.ask(&format!("{DEVICE}/{}", methods::GET))
}

fn status(session: &mut Session, form: Form) -> Result<(), CliError> {
    let state = state(session)?;
    match form {
        Form::Json => output::json(&state),
        Form::Text => output::lines(&[
            format!(
                "port   {}",
                output::harmless(state.problem.as_deref().unwrap_or("open"))
            ),
            format!(
                "said   {} bytes, the last {} are kept",
                state.said,
                state.said - state.kept
            ),
        ]),
    }
}

/// Without waiting for a device that restarts: keys are looked for meanwhile.
fn read(session: &mut Session, at: HistoryFrom) -> Result<SerialOutput, CliError> {
    session.call_once(&format!("{DEVICE}/{}", methods::HISTORY), &at)
}

/// All that is kept. To a terminal without what would work it; into a pipe byte for byte.
fn history(session: &mut Session, form: Form) -> Result<(), CliError> {
    let mut at = HistoryFrom { log: 0, from: 0 };
    let mut bytes = Vec::new();
    loop {
        let piece = read(session, at)?;
        at = after(&piece);
        if piece.data.is_empty() {
            break;
        }
        bytes.extend(piece.data);
    }
    if form == Form::Json {
        return output::json(&String::from_utf8_lossy(&bytes));
    }
    if isatty(stdout()) {
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().map(output::harmless).collect();
        return output::lines(&lines);
    }
    show(&bytes)
}

fn after(piece: &SerialOutput) -> HistoryFrom {
    HistoryFrom {
        log: piece.log,
        from: piece.offset + piece.data.len() as u64,
    }
}

fn show(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// A terminal that gives each key as it is, until it is dropped.
struct Raw(Option<Termios>);

impl Raw {
    fn enter() -> Result<Self, CliError> {
        if !isatty(stdin()) {
            return Ok(Self(None));
        }
        let before = tcgetattr(stdin()).map_err(CliError::Terminal)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).map_err(CliError::Terminal)?;
        Ok(Self(Some(before)))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // Nobody is left to be told.
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

fn attach(session: &mut Session) -> Result<(), CliError> {
    let state = state(session)?;
    let problem = state.problem.as_deref().map(output::harmless);
    eprintln!("The target's serial console; Ctrl+] leaves.");
    if let Some(problem) = problem {
        eprintln!("At the moment: {problem}");
    }
    let raw = Raw::enter()?;
    let result = talk(
        session,
        HistoryFrom {
            log: state.log,
            from: state.said,
        },
    );
    drop(raw);
    if result.is_ok() {
        eprintln!();
    }
    result
}

/// Both ways, until the person leaves or the input ends.
fn talk(session: &mut Session, mut at: HistoryFrom) -> Result<(), CliError> {
    loop {
        match typed()? {
            Typed::Nothing => {}
            Typed::End => return Ok(()),
            Typed::Keys(keys) => {
                let (keys, end) = until_leave(&keys);
                send(session, keys)?;
                if end == Then::Leave {
                    return Ok(());
                }
            }
        }
        match read(session, at) {
            Ok(piece) => {
                at = after(&piece);
                show(&piece.data)?;
            }
            Err(error) if is_away(&error) => sleep(REST),
            Err(error) => return Err(error),
        }
    }
}

/// Whether it is the device that does not answer, which starts again.
fn is_away(error: &CliError) -> bool {
    matches!(error, CliError::Client(ClientError::Refused(error)) if error.retryable)
}

enum Typed {
    Nothing,
    Keys(Vec<u8>),
    End,
}

fn typed() -> Result<Typed, CliError> {
    let stdin = stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let timeout = Timespec {
        tv_sec: 0,
        tv_nsec: LOOK.subsec_nanos().into(),
    };
    match poll(&mut fds, Some(&timeout)) {
        Ok(0) | Err(Errno::INTR) => return Ok(Typed::Nothing),
        Ok(_) => {}
        Err(errno) => return Err(CliError::Terminal(errno)),
    }
    let mut keys = [0; MAX_WRITE];
    let count = rustix::io::read(&stdin, &mut keys).map_err(CliError::Terminal)?;
    Ok(match count {
        0 => Typed::End,
        count => Typed::Keys(keys[..count].to_vec()),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    Leave,
}

fn until_leave(keys: &[u8]) -> (&[u8], Then) {
    match keys.iter().position(|key| *key == LEAVE) {
        Some(end) => (&keys[..end], Then::Leave),
        None => (keys, Then::GoOn),
    }
}

/// A target that takes them slowly is waited for; what it does not take is told.
fn send(session: &mut Session, keys: &[u8]) -> Result<(), CliError> {
    if keys.is_empty() {
        return Ok(());
    }
    let write = SerialWrite {
        data: keys.to_vec(),
    };
    let method = format!("{DEVICE}/{}", methods::WRITE);
    loop {
        let told = match session.call_once::<_, Nothing>(&method, &write) {
            Ok(Nothing {}) => return Ok(()),
            Err(CliError::Client(ClientError::Refused(error))) => error,
            Err(error) => return Err(error),
        };
        if told.code == ErrorCode::Exhausted {
            sleep(REST);
            continue;
        }
        eprint!("\r\n[dkvm: {}]\r\n", output::harmless(&told.message));
        return Ok(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_the_chord_is_sent() {
        assert_eq!(until_leave(b"ls\r"), (&b"ls\r"[..], Then::GoOn));
        assert_eq!(until_leave(b"ls\x1dx"), (&b"ls"[..], Then::Leave));
        assert_eq!(until_leave(b"\x1d"), (&b""[..], Then::Leave));
    }
}
