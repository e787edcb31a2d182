//! A bundle on its way from a visitor to the update device, without a file and with no more than two chunks in memory.

mod desk;
mod piece;
mod pump;
mod source;

pub use desk::{Desk, Taken};
pub use piece::Piece;
pub use pump::{pump, Failure, Installer, Order};
pub use source::SourceError;
