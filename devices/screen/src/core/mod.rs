//! What is shown, decided without a window.

mod awake;
mod chain;
mod fit;
mod scene;
mod source;

pub use awake::{Awake, Works};
pub use chain::{Chain, Step};
pub use fit::{first_size, fit, Rect, Size};
pub use scene::Scene;
pub use source::{Kind, Source};
