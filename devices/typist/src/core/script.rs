//! A macro's text, a step a line, to what a job does: all of it is understood before the first key.

use super::{
    item::{Item, MAX_CHORD},
    names,
    plan::{plan, PlanError},
};
use dkvm_keymap::{Keys, Layout};
use dkvm_wire::vocab::typist::MAX_MACRO;
use std::{cell::LazyCell, time::Duration};
use thiserror::Error;

/// Longest wait of one step: longer is a job for two macros.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Longest that all waits take together: it has the keyboard meanwhile.
const MAX_WAITS: Duration = Duration::from_secs(600);

/// Shift, the right Shift and AltGr, which make characters what they are.
const OF_TEXTS: [u8; 3] = [0xe1, 0xe5, 0xe6];

/// Why a macro cannot be run, with its line.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ScriptError {
    /// It is too long.
    #[error("the macro has {0} bytes, and at most {MAX_MACRO} are kept: make two of it")]
    Long(usize),
    /// Nothing to do.
    #[error("the macro has no steps: write one a line, as `Ctrl+Alt+Del`, `text hello`, `wait 500ms`, `hold Shift`, `release Shift`")]
    Empty,
    /// A line that is wrong.
    #[error("line {line}: {why}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong, and what is allowed.
        why: LineError,
    },
    /// Too much waiting.
    #[error("the waits of the macro take more than {} minutes together: make two of it", MAX_WAITS.as_secs() / 60)]
    Waits,
    /// A key is held at the end.
    #[error("the macro ends with {0} held: add `release {0}`")]
    Held(String),
}

/// What is wrong with a line.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum LineError {
    /// A key that there is not.
    #[error("there is no key {name:?}{hint}; keys have their names on a US keyboard (a, 1, F5, Enter, Esc, Tab, Del, Up, PageUp, KP1, Minus) with Ctrl, Shift, Alt, AltGr and Win; a text takes `text` before it")]
    Key {
        /// As it was written.
        name: String,
        /// ` (did you mean …?)` or nothing.
        hint: String,
    },
    /// Too many of them.
    #[error("at most {MAX_CHORD} keys are pressed together")]
    Chord,
    /// The same twice.
    #[error("{0:?} stands twice")]
    Twice(String),
    /// No time.
    #[error("`wait` takes a time up to {} s, as `wait 500ms` or `wait 2s`", MAX_WAIT.as_secs())]
    Wait,
    /// Held already.
    #[error("{0:?} is held already")]
    Held(String),
    /// Not held.
    #[error("{0:?} is not held: `hold {0}` comes before")]
    NotHeld(String),
    /// A modifier is held that the characters of a text need to change.
    #[error(
        "{0:?} is held, and a text presses and releases it by itself: `release {0}` comes before"
    )]
    Modifier(String),
    /// What cannot be typed.
    #[error(transparent)]
    Text(#[from] PlanError),
}

/// The steps of a macro in a layout.
pub fn script(layout: &Layout, text: &str) -> Result<Vec<Item>, ScriptError> {
    read(text, |text| plan(layout, text))
}

/// Whether a macro can be kept: in which layout it is run is said only then, so each of its texts is one that some layout
/// types. What is told of one that none does is the usual layout's refusal.
pub fn check(usual: &Layout, text: &str) -> Result<(), ScriptError> {
    let others = LazyCell::new(dkvm_keymap::all);
    let anyhow = |text: &str| {
        let refusal = match plan(usual, text) {
            Err(refusal @ PlanError::Cannot { .. }) => refusal,
            other => return other,
        };
        let mut typed = others.iter().filter_map(|layout| plan(layout, text).ok());
        typed.next().ok_or(refusal)
    };
    read(text, anyhow).map(|_| ())
}

fn read(text: &str, plan: impl Plan) -> Result<Vec<Item>, ScriptError> {
    if text.len() > MAX_MACRO {
        return Err(ScriptError::Long(text.len()));
    }
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        let read = reader.read(&plan, line);
        read.map_err(|why| ScriptError::Line {
            line: index + 1,
            why,
        })?;
    }
    reader.end()
}

/// A text's keys.
trait Plan: Fn(&str) -> Result<Vec<Keys>, PlanError> {}

impl<F: Fn(&str) -> Result<Vec<Keys>, PlanError>> Plan for F {}

#[derive(Default)]
struct Reader {
    items: Vec<Item>,
    /// Names and usages.
    held: Vec<(String, u8)>,
    waits: Duration,
}

impl Reader {
    fn read(&mut self, plan: &impl Plan, line: &str) -> Result<(), LineError> {
        // Blanks at the end of a text are part of it.
        let line = line.trim_start();
        if line.trim_end().is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.trim_end().to_ascii_lowercase().as_str() {
            "text" => self.text(plan, rest)?,
            "wait" => self.wait(rest)?,
            "hold" => self.hold(rest)?,
            "release" => self.release(rest)?,
            _ => {
                let keys = chord(line)?;
                let free = |one: &&(String, u8)| self.is_held(one.1);
                if let Some((name, _)) = keys.iter().find(free) {
                    return Err(LineError::Held(name.clone()));
                }
                self.items.push(Item::Chord(usages(&keys)));
            }
        }
        Ok(())
    }

    fn text(&mut self, plan: &impl Plan, text: &str) -> Result<(), LineError> {
        if let Some((name, _)) = self.held.iter().find(|one| OF_TEXTS.contains(&one.1)) {
            return Err(LineError::Modifier(name.clone()));
        }
        let keys = plan(text)?;
        self.items.extend(keys.into_iter().map(Item::Keys));
        Ok(())
    }

    fn wait(&mut self, time: &str) -> Result<(), LineError> {
        let wait = duration(time.trim()).filter(|wait| *wait <= MAX_WAIT);
        let wait = wait.ok_or(LineError::Wait)?;
        self.waits += wait;
        self.items.push(Item::Wait(wait));
        Ok(())
    }

    fn hold(&mut self, keys: &str) -> Result<(), LineError> {
        let keys = chord(keys)?;
        if let Some((name, _)) = keys.iter().find(|one| self.is_held(one.1)) {
            return Err(LineError::Held(name.clone()));
        }
        if self.held.len() + keys.len() > MAX_CHORD {
            return Err(LineError::Chord);
        }
        self.items.push(Item::Hold(usages(&keys)));
        self.held.extend(keys);
        Ok(())
    }

    fn release(&mut self, keys: &str) -> Result<(), LineError> {
        let keys = chord(keys)?;
        if let Some((name, _)) = keys.iter().find(|one| !self.is_held(one.1)) {
            return Err(LineError::NotHeld(name.clone()));
        }
        self.held
            .retain(|(_, held)| !keys.iter().any(|(_, usage)| usage == held));
        self.items.push(Item::Release(usages(&keys)));
        Ok(())
    }

    fn is_held(&self, usage: u8) -> bool {
        self.held.iter().any(|(_, held)| *held == usage)
    }

    fn end(self) -> Result<Vec<Item>, ScriptError> {
        if self.items.is_empty() {
            return Err(ScriptError::Empty);
        }
        if self.waits > MAX_WAITS {
            return Err(ScriptError::Waits);
        }
        match self.held.into_iter().next() {
            Some((name, _)) => Err(ScriptError::Held(name)),
            None => Ok(self.items),
        }
    }
}

fn usages(keys: &[(String, u8)]) -> Vec<u8> {
    keys.iter().map(|(_, usage)| *usage).collect()
}

/// `Ctrl+Alt+Del`.
fn chord(line: &str) -> Result<Vec<(String, u8)>, LineError> {
    let mut keys: Vec<(String, u8)> = Vec::new();
    for name in line.split('+').map(str::trim) {
        let usage = names::usage(name).ok_or_else(|| unknown(name))?;
        if keys.iter().any(|(_, known)| *known == usage) {
            return Err(LineError::Twice(name.to_owned()));
        }
        keys.push((name.to_owned(), usage));
    }
    if keys.len() > MAX_CHORD {
        return Err(LineError::Chord);
    }
    Ok(keys)
}

/// A name in a refusal is no longer than a name of a key could be.
const TOLD: usize = 24;

fn unknown(name: &str) -> LineError {
    let hint = names::like(name).map(|known| format!(" (did you mean {known}?)"));
    LineError::Key {
        name: name.chars().take(TOLD).collect(),
        hint: hint.unwrap_or_default(),
    }
}

/// `500ms`, `2s`, `1.5s`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1.0),
        None => (text.strip_suffix('s')?, 1000.0),
    };
    let number: f64 = number.trim().parse().ok()?;
    let milliseconds = number * unit;
    let sound = milliseconds.is_finite() && (0.0..=1e6).contains(&milliseconds);
    // In range, as was just seen.
    sound.then(|| Duration::from_millis(milliseconds as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_keymap::Stroke;
    use proptest::prelude::*;

    fn us() -> Layout {
        dkvm_keymap::find("us").unwrap()
    }

    fn read(text: &str) -> Result<Vec<Item>, ScriptError> {
        script(&us(), text)
    }

    #[test]
    fn each_kind_of_step_is_understood() {
        let text = "# log in\n\nCtrl+Alt+Del\n  wait 500ms\nwait 1.5s\ntext a \nhold Shift\nTab\nrelease shift\nEnter";
        let space = Item::Keys(Keys::One(Stroke::plain(0x2c)));
        assert_eq!(
            read(text).unwrap(),
            [
                Item::Chord(vec![0xe0, 0xe2, 0x4c]),
                Item::Wait(Duration::from_millis(500)),
                Item::Wait(Duration::from_millis(1500)),
                Item::Keys(Keys::One(Stroke::plain(4))),
                space,
                Item::Hold(vec![0xe1]),
                Item::Chord(vec![0x2b]),
                Item::Release(vec![0xe1]),
                Item::Chord(vec![0x28]),
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, says) in [
            ("", "no steps"),
            ("# only\n\n", "no steps"),
            (
                "Ctrl+Alt+Delet",
                "line 1: there is no key \"Delet\" (did you mean delete?)",
            ),
            (
                "Enter\nhello world",
                "line 2: there is no key \"hello world\"",
            ),
            ("Ctrl+Ctrl", "stands twice"),
            ("Ctrl+", "there is no key \"\""),
            ("wait", "`wait 500ms`"),
            ("wait -1s", "`wait 500ms`"),
            ("wait 61s", "up to 60 s"),
            ("hold Shift", "ends with Shift held"),
            ("release Shift", "is not held"),
            (
                "hold Shift\nShift+a\nrelease Shift",
                "line 2: \"Shift\" is held already",
            ),
            (
                "hold Ctrl+Shift\ntext a\nrelease Ctrl+Shift",
                "line 2: \"Shift\" is held, and a text presses",
            ),
            ("hold AltGr\ntext a\nrelease AltGr", "`release AltGr`"),
            (
                "hold RightShift\ntext a\nrelease RightShift",
                "`release RightShift`",
            ),
            ("text жизнь", "line 1: the layout"),
            ("text", "no text to type"),
            ("a+b+c+d+e+f+g", "at most 6"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text:?}: {error}");
        }
        assert_eq!(
            read(&"a".repeat(MAX_MACRO + 1)),
            Err(ScriptError::Long(MAX_MACRO + 1))
        );
        assert_eq!(read(&"wait 60s\n".repeat(11)), Err(ScriptError::Waits));
    }

    #[test]
    fn a_text_may_have_other_modifiers_held_and_what_was_released() {
        assert!(read("hold Ctrl\ntext a\nrelease Ctrl").is_ok());
        assert!(read("hold Shift\nTab\nrelease Shift\ntext a").is_ok());
    }

    #[test]
    fn a_macro_is_kept_for_whatever_layout_it_will_be_run_in() {
        let german = "text Grüße\nEnter";
        assert!(read(german).is_err());
        assert_eq!(check(&us(), german), Ok(()));
        assert_eq!(check(&us(), "text привет\ntext ü"), Ok(()));
        for text in ["text 漢", "text", "text ü\nhold Shift"] {
            let refused = check(&us(), text);
            assert!(refused.is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_steps_or_a_sentence(text in "(text|wait|hold|release|Ctrl|[a-z0-9+ \n.#]|\\PC){0,40}") {
            let kept = check(&us(), &text);
            match read(&text) {
                Ok(items) => prop_assert!(!items.is_empty() && kept.is_ok()),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
