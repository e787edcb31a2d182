//! What is shown, decided without a window.

mod awake;
mod chain;
mod division;
mod fit;
mod grid;
mod overview;
mod scene;
mod source;
mod tile;
mod told;
mod waiting;

pub use awake::{Awake, Works};
pub use chain::{Chain, Step};
pub use division::{Division, Spot};
pub use fit::{first_size, fit, Rect, Size};
pub use grid::{Direction, Grid, TilePlace};
pub use overview::{Begin, Overview, Take, TOLD as CONFLICT_TOLD};
pub use scene::{Scene, Screen, Target};
pub use source::{Kind, Source};
pub use tile::{Tile, TileScreen, Why, Work};
pub use told::title_of;
pub use waiting::{Room, Unit, Waiting};
