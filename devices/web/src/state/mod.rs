//! What pages are told, and what they hold.

mod board;
mod holders;
mod hub;
mod pictures;

pub use board::Key;
pub use hub::{Hub, Page, PageIn};
pub use pictures::{Demand, Picture, Pictures, Shown, Viewer, ViewersFull, MAX_HOLD, MAX_PICTURE};
