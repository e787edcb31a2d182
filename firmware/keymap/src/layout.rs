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

fn read(id: &'static str, table: &'static str) -> Result<Layout, LayoutError> {
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
}

impl Reader {
    /// The other way round: what keys type, alone and after a dead one.
    fn turned(&self) -> (HashMap<Stroke, Typed>, HashMap<(Stroke, Stroke), char>) {
        let mut strokes = HashMap::new();
        let mut pairs = HashMap::new();
        for dead in &self.all_dead {
            strokes.insert(same_key(*dead), Typed::Dead);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What no table may lack, whatever its script: a person must get out of a text's line.
    const EVERYWHERE: &str = " \n\t0123456789.,;:!?()-+=/\"%";

    fn all() -> Vec<Layout> {
        let ids = TABLES.map(|(id, _)| id);
        ids.map(|id| find(id).expect("a table")).to_vec()
    }

    #[test]
    fn every_table_is_whole() {
        assert!(TABLES.len() >= 20);
        for layout in all() {
            assert!(!layout.title.is_empty(), "{}", layout.id);
            for character in EVERYWHERE.chars() {
                assert!(
                    layout.keys(character).is_some(),
                    "{} {character:?}",
                    layout.id
                );
            }
        }
    }

    #[test]
    fn latin_layouts_type_all_of_ascii() {
        let others = ["ru", "ua", "bg", "gr"];
        for layout in all().iter().filter(|layout| !others.contains(&layout.id)) {
            for character in ' '..='~' {
                assert!(
                    layout.keys(character).is_some(),
                    "{} {character:?}",
                    layout.id
                );
            }
        }
    }

    #[test]
    fn known_keys_of_known_keyboards() {
        let keys = |id: &str, character| find(id).expect("a table").keys(character);
        let one = |usage, modifiers| Some(Keys::One(Stroke { usage, modifiers }));
        let (none, shift, altgr) = (Modifiers::NONE, Modifiers::SHIFT, Modifiers::ALTGR);
        assert_eq!(keys("us", '\\'), one(0x31, none));
        assert_eq!(keys("us", '<'), one(0x36, shift));
        assert_eq!(keys("de", '#'), one(0x32, none));
        assert_eq!(keys("de", '<'), one(0x64, none));
        assert_eq!(keys("de", 'z'), one(0x1c, none));
        assert_eq!(keys("de", '@'), one(0x14, altgr));
        assert_eq!(keys("fr", '1'), one(0x1e, shift));
        assert_eq!(keys("br", '/'), one(0x87, none));
        assert_eq!(keys("jp", '_'), one(0x87, shift));
        assert_eq!(keys("jp", '|'), one(0x89, shift));
        assert_eq!(keys("jp", '@'), one(0x2f, none));
        assert_eq!(keys("gr", 'α'), one(0x04, none));
        let stroke = |usage, modifiers| Stroke { usage, modifiers };
        let two = |first, then| Some(Keys::Two(first, then));
        assert_eq!(keys("de", '^'), two(stroke(0x35, none), stroke(0x2c, none)));
        assert_eq!(
            keys("de", 'É'),
            two(stroke(0x2e, none), stroke(0x08, shift))
        );
        assert_eq!(keys("fr", 'ê'), two(stroke(0x2f, none), stroke(0x08, none)));
        assert_eq!(keys("de", '´'), two(stroke(0x2e, none), stroke(0x2e, none)));
    }

    /// Each way to a character leads back to it: no key types two.
    #[test]
    fn keys_and_characters_lead_to_each_other() {
        for layout in all() {
            for character in layout.characters() {
                let back = match layout.keys(character).expect("its keys") {
                    Keys::One(stroke) => layout.typed(stroke),
                    Keys::Two(dead, then) => {
                        assert_eq!(layout.typed(dead), Some(Typed::Dead), "{}", layout.id);
                        layout.composed(dead, then).map(Typed::Character)
                    }
                };
                assert_eq!(back, Some(Typed::Character(character)), "{}", layout.id);
            }
        }
    }

    #[test]
    fn what_keys_type() {
        let layout = |id| find(id).expect("a table");
        let typed = |id, usage, modifiers| layout(id).typed(Stroke { usage, modifiers });
        let is = |character| Some(Typed::Character(character));
        let (none, shift, altgr) = (Modifiers::NONE, Modifiers::SHIFT, Modifiers::ALTGR);
        assert_eq!(typed("de", 0x1c, none), is('z'));
        assert_eq!(typed("de", 0x14, altgr), is('@'));
        assert_eq!(typed("us", 0x1f, shift), is('@'));
        assert_eq!(typed("de", 0x2e, none), Some(Typed::Dead));
        assert_eq!(typed("us", 0x04, altgr), None);
        // Where Spaniards type it, and where the table has it.
        assert_eq!(typed("es", 0x1f, altgr), is('@'));
        assert_eq!(typed("es", 0x14, altgr), is('@'));
        assert_eq!(typed("us", 0x2c, shift), is(' '));
        // Linux has one code for two usages.
        assert_eq!(typed("de", 0x31, none), is('#'));
        assert_eq!(typed("de", 0x32, none), is('#'));
        assert_eq!(typed("us", 0x32, shift), is('|'));
        let e = Stroke::plain(0x08);
        assert_eq!(layout("de").composed(Stroke::plain(0x2e), e), Some('é'));
        assert_eq!(layout("de").composed(e, e), None);
        assert!(layout("de").has_altgr() && !layout("us").has_altgr());
    }

    #[test]
    fn a_layout_that_is_not_there_is_told_with_those_that_are() {
        let error = find("klingon").expect_err("there is none").to_string();
        assert!(
            error.contains("klingon") && error.contains("de-nodeadkeys"),
            "{error}"
        );
    }

    #[test]
    fn a_damaged_table_is_an_error() {
        for (table, line) in [
            ("name x\nkey 04", 2),
            ("key 0 61 a", 1),
            ("key 04x 61", 1),
            ("key 04 110000", 1),
            ("key 04 61\nkey 05 61", 2),
            ("with 61 e1", 1),
            ("twice b4", 1),
            ("dead 2e acute\nwith 61 e1", 2),
            ("same 04", 1),
            ("same 04 05\nsame 04 06", 2),
            ("rubbish", 1),
        ] {
            let damaged = LayoutError::Table { id: "x", line };
            assert_eq!(read("x", table), Err(damaged), "{table:?}");
        }
    }
}
