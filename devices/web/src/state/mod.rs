//! What pages are told, and what they hold.

mod board;
mod holders;
mod hub;
mod lane;
mod pictures;
mod serial;
mod sounds;
mod units;

pub use board::Key;
pub use hub::{Hub, Page, PageIn};
pub use lane::Unit;
pub use pictures::{Demand, Picture, Pictures, Shown, Viewer, ViewersFull, MAX_HOLD, MAX_PICTURE};
pub use serial::{Reading, Serial};
pub use sounds::{Listener, Sounds};
pub use units::{Encoder, UnitViewer, Units, LOOK};
