//! `dkvm kernel`

use crate::error::CliError;
use std::path::Path;
use std::process::ExitCode;

pub fn run(_config: &Path) -> Result<ExitCode, CliError> {
    Err(CliError::Kernel("not yet".to_owned()))
}
