//! Paths that begin with a variable of the kernel's environment, `$XDG_RUNTIME_DIR/dkvm`: where a kernel is a person's, they are
//! other ones for each.

use std::ffi::OsString;
use std::path::PathBuf;

/// Why a path is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum NoPath {
    /// The variable is not set. A sentence's end.
    Unset(String),
    /// It is not absolute.
    Relative,
}

/// The path that a text of the configuration stands for here.
pub(in crate::config) fn path(text: &str) -> Result<PathBuf, NoPath> {
    path_with(text, |name| std::env::var_os(name))
}

fn path_with(text: &str, look: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, NoPath> {
    let path = match text.strip_prefix('$') {
        None => PathBuf::from(text),
        Some(rest) => {
            let (name, below) = rest.split_once('/').unwrap_or((rest, ""));
            let value = look(name).filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| NoPath::Unset(name.to_owned()))?;
            let mut path = PathBuf::from(value);
            if !below.is_empty() {
                path.push(below.trim_start_matches('/'));
            }
            path
        }
    };
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(NoPath::Relative)
    }
}

/// Whether a device may have this variable of the kernel's environment: not what the kernel itself says to it, nor what changes
/// which program is run.
pub(in crate::config) fn may_be_inherited(name: &str) -> bool {
    let known =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    !name.is_empty()
        && name.chars().all(known)
        && !["DKVM_", "LD_"].iter().any(|head| name.starts_with(head))
        && name != "PATH"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(text: &str) -> Result<PathBuf, NoPath> {
        path_with(text, |name| match name {
            "HOME" => Some("/home/ann".into()),
            "EMPTY" => Some("".into()),
            "ODD" => Some("here".into()),
            _ => None,
        })
    }

    #[test]
    fn a_variable_is_the_beginning_of_a_path() {
        assert_eq!(here("/run/dkvm"), Ok("/run/dkvm".into()));
        assert_eq!(here("$HOME"), Ok("/home/ann".into()));
        assert_eq!(here("$HOME/x/$HOME"), Ok("/home/ann/x/$HOME".into()));
        assert_eq!(here("$HOME//etc"), Ok("/home/ann/etc".into()));
    }

    #[test]
    fn what_is_not_set_or_not_absolute_is_no_path() {
        assert_eq!(here("$NONE/x"), Err(NoPath::Unset("NONE".into())));
        assert_eq!(here("$EMPTY/x"), Err(NoPath::Unset("EMPTY".into())));
        assert_eq!(here("$ODD/x"), Err(NoPath::Relative));
        assert_eq!(here("x"), Err(NoPath::Relative));
    }

    #[test]
    fn what_the_kernel_says_and_what_chooses_programs_stays() {
        assert!(may_be_inherited("DISPLAY") && may_be_inherited("XDG_RUNTIME_DIR"));
        for name in ["", "PATH", "LD_PRELOAD", "DKVM_RUN_DIR", "a=b", "X Y"] {
            assert!(!may_be_inherited(name), "{name}");
        }
    }
}
