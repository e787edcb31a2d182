//! `dkvm jail`

use crate::error::CliError;
use std::ffi::OsString;
use std::process::ExitCode;

pub fn run(_arguments: Vec<OsString>) -> Result<ExitCode, CliError> {
    Err(CliError::Kernel("not yet".to_owned()))
}
