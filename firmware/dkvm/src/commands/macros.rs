//! `dkvm macro`: keys to be pressed, under a name.

use super::typing::{finish, state};
use super::Session;
use crate::args::MacroDo;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::typist::{
    methods, Checked, Macro, MacroRef, MacroRun, MacroState, MAX_MACROS_TEXT,
};
use serde::{de::DeserializeOwned, Serialize};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The device, by its name in the configuration.
const DEVICE: &str = "typist";
/// A file of all macros with its headings; more is no such file.
const MAX_FILE: u64 = 2 * MAX_MACROS_TEXT as u64;

pub fn run(session: &mut Session, what: MacroDo, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    match what {
        MacroDo::Ls => ls(session, form),
        MacroDo::Show { name } => show(session, &name, form),
        MacroDo::Put { name, file } => {
            let text = read(&file)?;
            put(session, Macro { name, text })?;
            told("it is kept", form)
        }
        MacroDo::Rm { name } => {
            ask::<_, Nothing>(session, methods::MACRO_REMOVE, &MacroRef { name })?;
            told("it is removed", form)
        }
        MacroDo::Run { name, layout, pace } => {
            let before = state(session)?.last.map(|last| last.number);
            let run = MacroRun {
                name,
                layout,
                pace_ms: pace,
            };
            ask::<_, Checked>(session, methods::MACRO_RUN, &run)?;
            finish(session, before, form)
        }
        MacroDo::Cancel => {
            ask::<_, Nothing>(session, methods::MACRO_CANCEL, &Nothing {})?;
            told("it ends", form)
        }
        MacroDo::Export => export(session, form),
        MacroDo::Import { file } => import(session, &file, form),
    }
}

fn ask<A: Serialize, T: DeserializeOwned>(
    session: &mut Session,
    method: &str,
    arguments: &A,
) -> Result<T, CliError> {
    session.call(&format!("{DEVICE}/{method}"), arguments)
}

fn all(session: &mut Session) -> Result<Vec<Macro>, CliError> {
    let state: MacroState = ask(session, methods::MACRO_LIST, &Nothing {})?;
    Ok(state.macros)
}

fn put(session: &mut Session, one: Macro) -> Result<(), CliError> {
    ask::<_, Nothing>(session, methods::MACRO_PUT, &one).map(|Nothing {}| ())
}

fn told(text: &str, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(&Nothing {}),
        Form::Text => output::line(text),
    }
}

fn ls(session: &mut Session, form: Form) -> Result<(), CliError> {
    let macros = all(session)?;
    if form == Form::Json {
        return output::json(&macros);
    }
    if macros.is_empty() {
        return output::line("no macros yet: dkvm macro put NAME FILE");
    }
    let line = |one: &Macro| {
        let steps = one.text.lines().filter(|line| is_step(line)).count();
        format!("{:<24} {steps} lines", output::harmless(&one.name))
    };
    output::lines(&macros.iter().map(line).collect::<Vec<_>>())
}

fn is_step(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

fn show(session: &mut Session, name: &str, form: Form) -> Result<(), CliError> {
    let found = all(session)?.into_iter().find(|one| one.name == name);
    let one = found.ok_or_else(|| CliError::NoMacro {
        name: output::harmless(name),
    })?;
    match form {
        Form::Json => output::json(&one),
        Form::Text => output::lines(&harmless_lines(&one.text)),
    }
}

fn harmless_lines(text: &str) -> Vec<String> {
    text.lines().map(output::harmless).collect()
}

fn export(session: &mut Session, form: Form) -> Result<(), CliError> {
    let macros = all(session)?;
    match form {
        Form::Json => output::json(&macros),
        Form::Text => output::lines(&harmless_lines(&to_text(&macros))),
    }
}

/// Each with its name in brackets above it.
fn to_text(macros: &[Macro]) -> String {
    let part = |one: &Macro| format!("[{}]\n{}\n", one.name, one.text.trim_end_matches('\n'));
    macros.iter().map(part).collect::<Vec<_>>().join("\n")
}

/// The other way round. What stands above the first name belongs to none.
fn of_text(text: &str) -> Result<Vec<Macro>, usize> {
    let mut macros: Vec<Macro> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let name = line
            .strip_prefix('[')
            .and_then(|rest| rest.trim_end().strip_suffix(']'));
        match (name, macros.last_mut()) {
            (Some(name), _) => macros.push(Macro {
                name: name.to_owned(),
                text: String::new(),
            }),
            (None, Some(one)) => {
                one.text.push_str(line);
                one.text.push('\n');
            }
            (None, None) if is_step(line) => return Err(index + 1),
            (None, None) => {}
        }
    }
    for one in &mut macros {
        one.text.truncate(one.text.trim_end_matches('\n').len());
    }
    Ok(macros)
}

fn import(session: &mut Session, file: &Path, form: Form) -> Result<(), CliError> {
    let macros = of_text(&read(file)?).map_err(|line| CliError::NoMacroName { line })?;
    let count = macros.len();
    keep_all(macros, |one| put(session, one))?;
    told(&format!("{count} macros are kept"), form)
}

/// Up to the first that is refused.
fn keep_all(
    macros: Vec<Macro>,
    mut keep: impl FnMut(Macro) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let all = macros.len();
    for (kept, one) in macros.into_iter().enumerate() {
        let name = output::harmless(&one.name);
        keep(one).map_err(|source| CliError::NotAllKept {
            name,
            source: Box::new(source),
            kept,
            all,
        })?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, CliError> {
    let unreadable = |source| CliError::Read {
        path: path.to_owned(),
        source,
    };
    let from: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut text = String::new();
    from.take(MAX_FILE)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, text: &str) -> Macro {
        Macro {
            name: name.into(),
            text: text.into(),
        }
    }

    #[test]
    fn what_is_exported_can_be_imported() {
        let macros = [
            one("bios", "Del\n\nwait 1s"),
            one("log in", "text a\nEnter"),
        ];
        let text = to_text(&macros);
        assert_eq!(text, "[bios]\nDel\n\nwait 1s\n\n[log in]\ntext a\nEnter\n");
        assert_eq!(of_text(&text).unwrap(), macros);
        assert_eq!(of_text("# mine\n[a]\nTab").unwrap(), [one("a", "Tab")]);
        assert_eq!(of_text("\nTab\n[a]"), Err(2));
    }

    #[test]
    fn an_import_that_fails_says_how_many_were_kept() {
        let macros = || vec![one("a", "Tab"), one("b", "Foo"), one("c", "Tab")];
        let refusal = || CliError::NoMacro {
            name: "as an example".into(),
        };
        let error = keep_all(macros(), |one| match one.name.as_str() {
            "b" => Err(refusal()),
            _ => Ok(()),
        });
        let said = error.unwrap_err().to_string();
        let expected = format!("\"b\" is not kept: {}\n1 of 3 macros are kept", refusal());
        assert_eq!(said, expected);
        assert!(keep_all(macros(), |_| Ok(())).is_ok());
    }
}
