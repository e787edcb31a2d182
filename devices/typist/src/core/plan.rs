//! From a text to keys, or to what cannot be typed: nothing is pressed before all of it is known.

use dkvm_keymap::{Keys, Layout};
use dkvm_wire::vocab::typist::MAX_TEXT;
use std::fmt;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// Characters named in a refusal; the rest is counted.
const NAMED: usize = 10;

/// Why a text is not typed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// There is nothing in it.
    #[error("there is no text to type")]
    Empty,
    /// It is too long.
    #[error("the text has {0} bytes, and at most {MAX_TEXT} are typed at once: send it in parts, or as a file on a drive")]
    Long(usize),
    /// The layout has no keys for some of it.
    #[error("the layout {layout} cannot type {}; nothing was typed: leave them out, or choose the layout that the target has", Several(.missing, *.count))]
    Cannot {
        /// The layout's title.
        layout: &'static str,
        /// The first of each of them.
        missing: Vec<Missing>,
        /// How many characters of the text in all.
        count: usize,
    },
}

/// A character that cannot be typed, where it stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Missing {
    pub character: char,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (character, code) = (self.character, u32::from(self.character));
        // What is not seen, or changes what stands beside it, is told by its number alone.
        if character.is_alphanumeric() || character.is_ascii_graphic() || !is_plain(character) {
            write!(f, "U+{code:04X}")?;
        }
        if is_plain(character) {
            write!(f, " “{character}”")?;
        }
        write!(f, " (line {}, column {})", self.line, self.column)
    }
}

/// Neither invisible nor of those that turn what follows around.
fn is_plain(character: char) -> bool {
    let invisible = matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
    !character.is_control() && !character.is_whitespace() && !invisible
}

struct Several<'a>(&'a [Missing], usize);

impl fmt::Display for Several<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(missing, count) = self;
        let named: Vec<String> = missing.iter().take(NAMED).map(Missing::to_string).collect();
        let plural = if *count == 1 { "" } else { "s" };
        write!(
            f,
            "{count} character{plural} of the text: {}",
            named.join(", ")
        )?;
        match missing.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} others"),
        }
    }
}

/// The keys of each character.
pub fn plan(layout: &Layout, text: &str) -> Result<Vec<Keys>, PlanError> {
    match text.len() {
        0 => return Err(PlanError::Empty),
        length if length > MAX_TEXT => return Err(PlanError::Long(length)),
        _ => {}
    }
    let mut keys = Vec::with_capacity(text.len());
    let mut gaps = Gaps::default();
    for character in fold(text).nfc() {
        match layout.keys(character) {
            Some(found) => keys.push(found),
            None => gaps.note(character),
        }
        gaps.go_on(character);
    }
    match gaps.count {
        0 => Ok(keys),
        count => Err(PlanError::Cannot {
            layout: layout.title,
            missing: gaps.missing,
            count,
        }),
    }
}

/// Line ends of Windows and of old Macs are line ends.
fn fold(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut before = '\0';
    text.chars().filter_map(move |character| {
        let second = before == '\r' && character == '\n';
        before = character;
        match character {
            _ if second => None,
            '\r' => Some('\n'),
            character => Some(character),
        }
    })
}

#[derive(Default)]
struct Gaps {
    missing: Vec<Missing>,
    count: usize,
    line: usize,
    column: usize,
}

impl Gaps {
    fn note(&mut self, character: char) {
        self.count += 1;
        if self
            .missing
            .iter()
            .all(|known| known.character != character)
        {
            self.missing.push(Missing {
                character,
                line: self.line + 1,
                column: self.column + 1,
            });
        }
    }

    fn go_on(&mut self, character: char) {
        if character == '\n' {
            self.line += 1;
            self.column = 0;
        } else {
            self.column += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_keymap::find;
    use proptest::prelude::*;

    fn planned(layout: &str, text: &str) -> Result<Vec<Keys>, PlanError> {
        plan(&find(layout).expect("a layout"), text)
    }

    #[test]
    fn line_ends_of_all_kinds_are_enter() {
        let enter = planned("us", "a\nb").expect("keys");
        assert_eq!(planned("us", "a\r\nb").expect("keys"), enter);
        assert_eq!(planned("us", "a\rb").expect("keys"), enter);
        assert_eq!(planned("us", "\r\n\r\n").expect("keys").len(), 2);
        assert_eq!(planned("us", "\n\r").expect("keys").len(), 2);
    }

    #[test]
    fn a_letter_and_its_accent_are_one_character() {
        assert_eq!(planned("de", "e\u{301}"), planned("de", "é"));
        assert_eq!(planned("de", "u\u{308}").expect("keys").len(), 1);
    }

    #[test]
    fn what_cannot_be_typed_is_told_with_its_place() {
        let error = planned("us", "ab\ncéd é\u{200b}").expect_err("no é");
        let missing = |character, line, column| Missing {
            character,
            line,
            column,
        };
        let expected = PlanError::Cannot {
            layout: "English (US)",
            missing: vec![missing('é', 2, 2), missing('\u{200b}', 2, 6)],
            count: 3,
        };
        assert_eq!(error, expected);
        assert_eq!(
            error.to_string(),
            "the layout English (US) cannot type 3 characters of the text: U+00E9 “é” (line 2, column 2), U+200B (line 2, column 6); nothing was typed: leave them out, or choose the layout that the target has"
        );
    }

    #[test]
    fn many_are_counted() {
        let text: String = ('а'..='я').collect();
        let error = planned("us", &text).expect_err("no Cyrillic").to_string();
        assert!(
            error.contains("32 characters") && error.contains("and 22 others"),
            "{error}"
        );
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert_eq!(planned("us", ""), Err(PlanError::Empty));
        let long = "a".repeat(MAX_TEXT + 1);
        assert_eq!(planned("us", &long), Err(PlanError::Long(MAX_TEXT + 1)));
        assert!(planned("us", &long[1..]).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_text_is_typed_whole_or_refused(text in "\\PC{0,64}|[\\x00-\\x7f]{0,64}", number in 0_usize..40) {
            let layouts = dkvm_keymap::list();
            let layout = find(&layouts[number % layouts.len()].id).expect("a layout");
            let composed: Vec<char> = fold(&text).nfc().collect();
            let typable = composed.iter().filter(|character| layout.keys(**character).is_some()).count();
            match plan(&layout, &text) {
                Ok(keys) => prop_assert_eq!((keys.len(), typable), (composed.len(), composed.len())),
                Err(PlanError::Empty) => prop_assert!(text.is_empty()),
                Err(PlanError::Cannot { count, missing, .. }) => {
                    prop_assert_eq!(count, composed.len() - typable);
                    prop_assert!(missing.iter().all(|gap| layout.keys(gap.character).is_none()));
                }
                Err(PlanError::Long(_)) => prop_assert!(text.len() > MAX_TEXT),
            }
        }
    }
}
