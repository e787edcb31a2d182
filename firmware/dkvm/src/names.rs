//! Names that a person typed.

use crate::error::CliError;

/// Alike enough to be meant: one letter in four may be off, and one more.
fn may_mean(typed: &str, name: &str) -> Option<usize> {
    let off = strsim::damerau_levenshtein(typed, name);
    (off <= 1 + name.len() / 4).then_some(off)
}

/// ` (did you mean "x"?)`, or nothing.
pub fn hint(typed: &str, known: &[&str]) -> String {
    let meant = known
        .iter()
        .filter_map(|known| Some((may_mean(typed, known)?, *known)))
        .min();
    meant.map_or_else(String::new, |(_, meant)| {
        format!(" (did you mean {meant:?}?)")
    })
}

/// In one line.
pub fn listed(known: &[&str]) -> String {
    if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    }
}

/// An error with the names there are, if `name` is none of them.
pub fn check(name: &str, known: &[&str]) -> Result<(), CliError> {
    if known.contains(&name) {
        return Ok(());
    }
    Err(CliError::UnknownDevice {
        name: name.to_owned(),
        hint: hint(name, known),
        known: listed(known),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, known: &[&str]) -> String {
        check(name, known).unwrap_err().to_string()
    }

    #[test]
    fn a_typo_gets_a_suggestion() {
        let known = ["gadget", "hid", "capture"];
        assert!(check("hid", &known).is_ok());
        let message = told("captrue", &known);
        assert_eq!(
            message,
            "there is no device \"captrue\" (did you mean \"capture\"?); devices are: gadget, hid, capture"
        );
        assert_eq!(
            told("printer", &known),
            "there is no device \"printer\"; devices are: gadget, hid, capture"
        );
        assert_eq!(
            told("x", &[]),
            "there is no device \"x\"; devices are: none"
        );
    }
}
