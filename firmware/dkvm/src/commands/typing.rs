//! `dkvm type`: text as keystrokes.

use super::Session;
use crate::args::TypeText;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::typist::MAX_TEXT;
use dkvm_wire::vocab::typist::{methods, Checked, Ending, Text, Typed, Typing, TypistState};
use serde::{de::DeserializeOwned, Serialize};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// The device, by its name in the configuration.
const DEVICE: &str = "typist";
/// So often is looked how far it is.
const LOOK: Duration = Duration::from_millis(100);

pub fn run(session: &mut Session, options: &TypeText, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    if options.layouts {
        return layouts(&state(session)?, form);
    }
    if options.cancel {
        ask::<_, Nothing>(session, methods::CANCEL, &Nothing {})?;
        return told(&Nothing {}, "typing ends", form);
    }
    let text = Text {
        text: text(options)?,
        layout: options.layout.clone(),
        pace_ms: options.pace,
    };
    if options.check {
        let checked: Checked = ask(session, methods::CHECK, &text)?;
        let says = format!("{} characters can be typed", checked.characters);
        return told(&checked, &says, form);
    }
    let before = state(session)?.last.map(|last| last.number);
    ask::<_, Checked>(session, methods::TYPE, &text)?;
    finish(session, before, form)
}

/// Waits for the end of what was begun after the text numbered `before`, and tells it.
pub fn finish(session: &mut Session, before: Option<u32>, form: Form) -> Result<(), CliError> {
    outcome(&wait(session, before)?, form)
}

fn ask<A: Serialize, T: DeserializeOwned>(
    session: &mut Session,
    method: &str,
    arguments: &A,
) -> Result<T, CliError> {
    session.call(&format!("{DEVICE}/{method}"), arguments)
}

pub fn state(session: &mut Session) -> Result<TypistState, CliError> {
    ask(session, methods::GET, &Nothing {})
}

fn told<T: Serialize>(value: &T, text: &str, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(value),
        Form::Text => output::line(text),
    }
}

fn layouts(state: &TypistState, form: Form) -> Result<(), CliError> {
    let line = |layout: &dkvm_wire::vocab::typist::Layout| {
        let (id, title) = (
            output::harmless(&layout.id),
            output::harmless(&layout.title),
        );
        let usual = if layout.id == state.layout {
            "  (used unless another is named)"
        } else {
            ""
        };
        format!("{id:<14} {title}{usual}")
    };
    match form {
        Form::Json => output::json(&state.layouts),
        Form::Text => output::lines(&state.layouts.iter().map(line).collect::<Vec<_>>()),
    }
}

/// The text of the command line, of a file or of standard input.
fn text(options: &TypeText) -> Result<String, CliError> {
    match (&options.file, options.text.as_deref()) {
        (Some(path), _) => {
            let file = File::open(path).map_err(|source| unreadable(path, source))?;
            read(path, file)
        }
        (None, Some("-")) => read(Path::new("standard input"), io::stdin().lock()),
        (None, text) => Ok(text.unwrap_or_default().to_owned()),
    }
}

/// One byte more than is typed is enough to have it refused.
fn read(path: &Path, from: impl Read) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    let read = from.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|source| unreadable(path, source))?;
    // A character may have been cut in two there.
    let whole = bytes.len() <= MAX_TEXT;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if !whole => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(error) => Err(unreadable(
            path,
            io::Error::other(format!("it is no text in UTF-8: {error}")),
        )),
    }
}

fn unreadable(path: &Path, source: io::Error) -> CliError {
    CliError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Waits for the end of the text that was begun after the one numbered `before`.
fn wait(session: &mut Session, before: Option<u32>) -> Result<Typed, CliError> {
    let mut shown = None;
    loop {
        let state = state(session)?;
        match (state.typing, state.last) {
            (Some(typing), _) => show(typing, &mut shown),
            (None, Some(last)) if Some(last.number) != before => {
                clear(shown);
                return Ok(last);
            }
            (None, _) => return Err(CliError::TypistGone),
        }
        sleep(LOOK);
    }
}

/// To a terminal only: who reads a file wants the end.
fn show(typing: Typing, shown: &mut Option<Typing>) {
    if *shown != Some(typing) && io::stderr().is_terminal() {
        // Who does not see it misses nothing but the waiting.
        let _ = write!(io::stderr(), "{}\x1b[K\r", far(typing));
    }
    *shown = Some(typing);
}

fn clear(shown: Option<Typing>) {
    if shown.is_some() && io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\x1b[K");
    }
}

fn far(typing: Typing) -> String {
    format!("{} of {} characters", typing.done, typing.total)
}

fn outcome(last: &Typed, form: Form) -> Result<(), CliError> {
    if last.ending != Ending::Done {
        return Err(CliError::NotTyped {
            message: output::harmless(&last.message),
            far: far(last.typing),
        });
    }
    told(
        last,
        &format!("typed {} characters", last.typing.done),
        form,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> &'static Path {
        Path::new("x")
    }

    #[test]
    fn a_text_is_read_up_to_its_bound() {
        assert_eq!(read(name(), "äb\n".as_bytes()).unwrap(), "äb\n");
        assert_eq!(read(name(), io::repeat(b'a')).unwrap().len(), MAX_TEXT + 1);
        let cut = "ä".repeat(MAX_TEXT);
        assert!(read(name(), cut.as_bytes()).unwrap().len() > MAX_TEXT);
        let error = read(name(), &b"a\xff"[..]).unwrap_err().to_string();
        assert!(error.contains("UTF-8"), "{error}");
    }

    #[test]
    fn what_was_not_typed_whole_is_a_failure_that_says_how_far() {
        let last = |ending| Typed {
            number: 1,
            ending,
            message: "another took the keyboard".into(),
            typing: Typing { done: 3, total: 9 },
        };
        let error = outcome(&last(Ending::FocusTaken), Form::Text)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "another took the keyboard (3 of 9 characters were typed)"
        );
        assert!(outcome(&last(Ending::Done), Form::Text).is_ok());
    }
}
