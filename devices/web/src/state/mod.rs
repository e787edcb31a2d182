//! What pages are told, and what they hold.

mod access;
mod board;
mod complaints;
mod holders;
mod hub;
mod lane;
mod pictures;
mod place;
mod serial;
mod shelf;
mod sounds;
mod targets;
mod thumbs;
mod turns;
mod units;
mod want;

pub use access::Lacks;
pub use board::Key;
pub use complaints::Complaints;
pub use hub::{Hub, Page, PageIn};
pub use lane::Unit;
pub use pictures::{Demand, Picture, Pictures, Shown, Viewer, MAX_HOLD, MAX_PICTURE};
pub use place::Place;
pub use serial::{Reading, Serial};
pub use shelf::{Shelf, ShelfFull};
pub use sounds::{Listener, Sounds};
pub use targets::{Part, Untold};
pub use thumbs::{Overview, Thumbs};
pub use units::{Encoder, UnitViewer, Units, LOOK};
pub use want::{Giver, Want, WantAll};
