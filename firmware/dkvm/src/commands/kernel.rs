//! `dkvm kernel`

use crate::error::CliError;
use dkvm_kernel::config::Source;
use std::path::PathBuf;

/// Returns when the kernel has ended as it was told to. Without a file it takes the owner's or the image's.
pub fn run(config: Option<PathBuf>) -> Result<(), CliError> {
    // Before there is any thread. Devices inherit it.
    if let (None, Some(zone)) = (std::env::var_os("TZ"), dkvm_boot::zone()) {
        std::env::set_var("TZ", zone);
    }
    Ok(dkvm_kernel::run(
        config.map_or_else(Source::default, Source::File),
    )?)
}
