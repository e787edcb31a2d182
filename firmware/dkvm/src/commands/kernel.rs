//! `dkvm kernel`

use crate::error::CliError;
use std::path::Path;

/// Returns when the kernel has ended as it was told to.
pub fn run(config: &Path) -> Result<(), CliError> {
    Ok(dkvm_kernel::run(config)?)
}
