use crate::Exit;
use dkvm_wire::ExitCode;
use std::fmt::Display;

/// Why a device ends: every error that knows its exit code becomes one by `?`. So a device's own error type names only
/// what is its own, and a device without any needs none.
///
/// It is for the way out, where an error is told once: whoever has to tell errors apart keeps their types.
#[derive(Debug)]
pub struct Fault {
    sentence: String,
    code: ExitCode,
}

// It must not be `Exit` itself: it would then become one of itself in two ways.
impl<E: Exit + Display> From<E> for Fault {
    fn from(error: E) -> Self {
        Self {
            sentence: error.to_string(),
            code: error.exit_code(),
        }
    }
}

/// Logs a device's end, if it is an error, and gives the code for `exit(2)`.
pub fn finish<E: Into<Fault>>(result: Result<(), E>) -> i32 {
    let Err(error) = result else {
        return ExitCode::Done.code();
    };
    let Fault { sentence, code } = error.into();
    if code != ExitCode::Done {
        crate::error!("{sentence}");
    }
    code.code()
}
