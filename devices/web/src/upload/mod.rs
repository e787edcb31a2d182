//! A bundle on its way from a visitor to the update device, or an image to the storage device: without a file, and with a few chunks
//! in memory.

mod desk;
mod image;
mod piece;
mod pump;
mod source;

pub use desk::{Desk, Taken};
pub use image::{take_image, ImageFailure, Library, Written};
pub use piece::{Piece, PieceError};
pub use pump::{pump, Failure, Installer, Order};
pub use source::SourceError;
