//! `dkvm kernel`

use crate::args::Config;
use crate::error::CliError;
use crate::person;
use dkvm_kernel::config::Source;

/// Returns when the kernel has ended as it was told to. Without a file it takes the owner's or the image's.
pub fn run(options: &Config) -> Result<(), CliError> {
    // Before there is any thread. Devices inherit it.
    if let (None, Some(zone)) = (std::env::var_os("TZ"), dkvm_boot::zone()) {
        std::env::set_var("TZ", zone);
    }
    let source = match &options.config {
        Some(file) => Source::File(file.clone()),
        None if options.user => person::source(),
        None => Source::default(),
    };
    Ok(dkvm_kernel::run(source)?)
}
