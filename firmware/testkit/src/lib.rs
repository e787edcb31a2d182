//! # dkvm-testkit
//!
//! * [`FakeKernel`]: the other end of a device's pipes, scripted by a test.
//! * [`Film`]: frames of a capture device, for who makes something of them.
//! * [`samples`]: what the kernel and devices tell, to be changed by a test.
//! * [`conformance`]: what every device, in whatever language, has to get right; also the command `dkvm-conformance`.
//! * `dkvm-misbehave`: a device that does wrong on demand, for tests of the kernel.
//!
//! ```no_run
//! use dkvm_testkit::{FakeKernel, Failure, Launch, Setup};
//! use dkvm_wire::vocab::video::{FrameInfo, VideoState};
//!
//! # fn main() -> Result<(), Failure> {
//! let launch = Launch::program(env!("CARGO")); // in a device's tests: env!("CARGO_BIN_EXE_dkvm-capture")
//! let setup = Setup::new("capture").config(serde_json::json!({ "device": "dummy" }));
//! let mut kernel = FakeKernel::start(launch, setup)?;
//! kernel.ready()?;
//! let state: VideoState = kernel.expect("video.state")?;
//! kernel.demand("video.raw", 1)?;
//! let frame = kernel.expect_frame::<FrameInfo>("video.raw")?;
//! assert!(!frame.bytes.is_empty() && !state.streaming);
//! kernel.goodbye()?;
//! # Ok(()) }
//! ```

pub mod conformance;
mod failure;
mod film;
mod kernel;
mod launch;
mod log;
mod memory;
mod run;
pub mod samples;
mod setup;
mod wire;

pub use failure::Failure;
pub use film::Film;
pub use kernel::{FakeKernel, Frame};
pub use launch::Launch;
pub use run::End;
pub use setup::Setup;
pub use wire::Event;
