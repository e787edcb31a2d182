//! Keyboard layouts: which keys type a character. The tables are made from xkb-data.

use crate::{
    keys::{Keys, Modifiers, Stroke, ENTER, TAB},
    tables::TABLES,
};
use dkvm_wire::vocab::typist::Layout as Named;
use std::collections::HashMap;
use thiserror::Error;

/// Why there is no such layout.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum LayoutError {
    /// A name that no layout has.
    #[error("there is no layout {id:?}: use one of {known}")]
    Unknown {
        /// What was asked for.
        id: String,
        /// All there are.
        known: String,
    },
    /// A table is damaged, which its test rules out.
    #[error(
        "the table of the layout {id} is wrong in line {line}: make it anew with firmware/keymap/layouts/make.py"
    )]
    Table {
        /// Which.
        id: &'static str,
        /// Where.
        line: usize,
    },
}

/// A layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// `de`.
    pub id: &'static str,
    /// `German`.
    pub title: &'static str,
    keys: HashMap<char, Keys>,
    strokes: HashMap<Stroke, Typed>,
    pairs: HashMap<(Stroke, Stroke), char>,
    same: HashMap<Stroke, Stroke>,
}

/// What a key types with what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// This.
    Character(char),
    /// Nothing before the next key.
    Dead,
}

impl Layout {
    /// How a character is typed, if it can be.
    pub fn keys(&self, character: char) -> Option<Keys> {
        self.keys.get(&character).copied()
    }

    /// What a key types.
    pub fn typed(&self, stroke: Stroke) -> Option<Typed> {
        self.strokes.get(&self.simplest(stroke)).copied()
    }

    /// Of several keys that type the same the one by which it is typed.
    fn simplest(&self, stroke: Stroke) -> Stroke {
        let stroke = same_key(stroke);
        self.same.get(&stroke).copied().unwrap_or(stroke)
    }

    /// What a dead key makes of the key after it.
    pub fn composed(&self, dead: Stroke, then: Stroke) -> Option<char> {
        let pair = (self.simplest(dead), self.simplest(then));
        self.pairs.get(&pair).copied()
    }

    /// Whether the right Alt is AltGr.
    pub fn has_altgr(&self) -> bool {
        let mut strokes = self.strokes.keys();
        strokes.any(|stroke| stroke.modifiers.has(Modifiers::ALTGR))
    }

    /// All characters, in order.
    pub fn characters(&self) -> Vec<char> {
        let mut all: Vec<char> = self.keys.keys().copied().collect();
        all.sort_unstable();
        all
    }
}

/// The ids and titles of all layouts.
pub fn list() -> Vec<Named> {
    let named = |(id, table): &(&str, &'static str)| Named {
        id: (*id).to_owned(),
        title: title(table).to_owned(),
    };
    TABLES.iter().map(named).collect()
}

/// The layout of that name.
pub fn find(id: &str) -> Result<Layout, LayoutError> {
    let found = TABLES.iter().find(|(name, _)| *name == id);
    let (id, table) = found.ok_or_else(|| LayoutError::Unknown {
        id: id.to_owned(),
        known: TABLES.map(|(id, _)| id).join(", "),
    })?;
    read(id, table)
}

/// All layouts.
pub fn all() -> Vec<Layout> {
    let read = TABLES.iter().map(|(id, table)| read(id, table));
    read.flatten().collect()
}

fn title(table: &'static str) -> &'static str {
    let mut names = table.lines().filter_map(|line| line.strip_prefix("name "));
    names.next().unwrap_or_default()
}

pub(crate) fn read(id: &'static str, table: &'static str) -> Result<Layout, LayoutError> {
    let mut reader = Reader {
        keys: HashMap::from([
            ('\n', Keys::One(Stroke::plain(ENTER))),
            ('\t', Keys::One(Stroke::plain(TAB))),
        ]),
        ..Reader::default()
    };
    for (index, line) in table.lines().enumerate() {
        let damaged = LayoutError::Table {
            id,
            line: index + 1,
        };
        reader.line(line).ok_or(damaged)?;
    }
    let (strokes, pairs) = reader.turned();
    Ok(Layout {
        id,
        title: title(table),
        keys: reader.keys,
        strokes,
        pairs,
        same: reader.same,
    })
}

/// The key above Enter of ANSI keyboards and the one left of it of the others are one: Linux has one code for both, and no keyboard
/// has both.
fn same_key(stroke: Stroke) -> Stroke {
    const ANSI: u8 = 0x31;
    const OTHERS: u8 = 0x32;
    match stroke.usage {
        OTHERS => Stroke {
            usage: ANSI,
            ..stroke
        },
        _ => stroke,
    }
}

#[derive(Default)]
struct Reader {
    keys: HashMap<char, Keys>,
    /// The dead key that the lines below are about.
    dead: Option<Stroke>,
    /// All dead keys.
    all_dead: Vec<Stroke>,
    same: HashMap<Stroke, Stroke>,
    also: Vec<(Stroke, Stroke, char)>,
}

impl Reader {
    /// The other way round: what keys type, alone and after a dead one.
    fn turned(&self) -> (HashMap<Stroke, Typed>, HashMap<(Stroke, Stroke), char>) {
        let mut strokes = HashMap::new();
        let mut pairs = HashMap::new();
        for dead in &self.all_dead {
            strokes.insert(same_key(*dead), Typed::Dead);
        }
        for (dead, then, character) in &self.also {
            pairs.insert((same_key(*dead), same_key(*then)), *character);
        }
        for (character, keys) in &self.keys {
            match *keys {
                Keys::One(stroke) => {
                    strokes.insert(same_key(stroke), Typed::Character(*character));
                }
                Keys::Two(dead, then) => {
                    pairs.insert((same_key(dead), same_key(then)), *character);
                }
            }
        }
        (strokes, pairs)
    }

    /// `None`: the line is wrong.
    fn line(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        match words.next()? {
            "key" => {
                let stroke = stroke(words.next()?)?;
                self.put(words.next()?, Keys::One(stroke))
            }
            "dead" => {
                let dead = stroke(words.next()?)?;
                self.dead = Some(dead);
                self.all_dead.push(dead);
                Some(())
            }
            "same" => {
                let first = same_key(stroke(words.next()?)?);
                let second = same_key(stroke(words.next()?)?);
                let before = self.same.insert(first, second);
                before.is_none().then_some(())
            }
            "with" => {
                let base = character(words.next()?)?;
                let Keys::One(then) = *self.keys.get(&base)? else {
                    return None;
                };
                self.put(words.next()?, Keys::Two(self.dead?, then))
            }
            "also" => {
                let dead = self.dead?;
                let then = match words.next()? {
                    "twice" => dead,
                    base => match *self.keys.get(&character(base)?)? {
                        Keys::One(then) => then,
                        Keys::Two(..) => return None,
                    },
                };
                self.also.push((dead, then, character(words.next()?)?));
                Some(())
            }
            "twice" => self.put(words.next()?, Keys::Two(self.dead?, self.dead?)),
            "#" | "name" | "xkb" => Some(()),
            _ => None,
        }
    }

    /// Each character stands once.
    fn put(&mut self, code: &str, keys: Keys) -> Option<()> {
        let before = self.keys.insert(character(code)?, keys);
        before.is_none().then_some(())
    }
}

fn character(code: &str) -> Option<char> {
    char::from_u32(u32::from_str_radix(code, 16).ok()?)
}

/// `14sg`: usage and modifiers.
fn stroke(word: &str) -> Option<Stroke> {
    let (usage, letters) = word.split_at_checked(2)?;
    let modifiers = match letters {
        "" => Modifiers::NONE,
        "s" => Modifiers::SHIFT,
        "g" => Modifiers::ALTGR,
        "sg" => Modifiers::SHIFT.and(Modifiers::ALTGR),
        _ => return None,
    };
    Some(Stroke {
        usage: u8::from_str_radix(usage, 16).ok()?,
        modifiers,
    })
}
