//! The other end of the cable.

use dkvm_input::core::{types::Edge, typing::Strokes};
use dkvm_keymap::{Layout, Modifiers, Stroke, Typed};
use std::collections::BTreeSet;

const LEFT_CTRL: u8 = 0xe0;
const LEFT_SHIFT: u8 = 0xe1;
const LEFT_ALT: u8 = 0xe2;
const RIGHT_SHIFT: u8 = 0xe5;
const RIGHT_ALT: u8 = 0xe6;

/// A target, as a desktop reads its keyboard.
pub struct Far {
    layout: Layout,
    pub down: BTreeSet<u8>,
    pub dead: Option<Stroke>,
    /// What repeats: the key that went down last, while it is down.
    latest: Option<u8>,
    pub text: String,
    /// What was pressed with Ctrl or Alt.
    pub shortcuts: Vec<char>,
}

impl Far {
    pub fn new(layout: &Layout) -> Self {
        Self {
            layout: layout.clone(),
            down: BTreeSet::new(),
            dead: None,
            latest: None,
            text: String::new(),
            shortcuts: Vec::new(),
        }
    }

    pub fn take(&mut self, strokes: &Strokes) {
        for (key, edge) in strokes {
            match edge {
                Edge::Down => {
                    assert!(self.down.insert(*key), "{key:x} is pressed twice");
                    if *key < 0xe0 {
                        self.latest = Some(*key);
                        self.types(*key);
                    }
                }
                Edge::Up => {
                    assert!(self.down.remove(key), "{key:x} goes up and was not down");
                    self.latest.take_if(|latest| latest == key);
                }
            }
        }
    }

    fn types(&mut self, key: u8) {
        let down = |key| self.down.contains(&key);
        let altgr = down(RIGHT_ALT) && self.layout.has_altgr();
        let modifiers = Modifiers::held(down(LEFT_SHIFT) || down(RIGHT_SHIFT), altgr);
        let stroke = Stroke {
            usage: key,
            modifiers,
        };
        let typed = self.layout.typed(stroke);
        if down(LEFT_CTRL) || down(LEFT_ALT) || (down(RIGHT_ALT) && !altgr) {
            if let Some(Typed::Character(character)) = typed {
                self.shortcuts.push(character);
            }
            return;
        }
        match (typed, self.dead.take()) {
            (Some(Typed::Dead), None) => self.dead = Some(stroke),
            (Some(Typed::Character(character)), None) => self.text.push(character),
            (Some(_), Some(dead)) => self.text.extend(self.layout.composed(dead, stroke)),
            (None, _) => {}
        }
    }

    /// Its keyboard repeats.
    pub fn repeat(&mut self) {
        if let Some(latest) = self.latest {
            self.types(latest);
        }
    }
}
