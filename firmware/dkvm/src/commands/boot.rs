//! `dkvm boot`

use crate::args::Boot;
use dkvm_boot::card::Card;

/// All of the start, or the one part that it has started us for.
pub fn run(options: Boot) {
    match (options.step, options.disk, options.root) {
        (Some(step), Some(disk), Some(root)) => dkvm_boot::run_step(step, &Card { disk, root }),
        _ => dkvm_boot::run(),
    }
}
