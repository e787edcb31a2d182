//! # dkvm-led
//!
//! The status LED of the Pi: booting (fast blinking), ready (a short flash every 2 s), controlled (two flashes), fault (three long
//! ones, and two flashes besides while somebody is in control).
//!
//! In: `hid.state` (who has the focus), the kernel's `device.state`. Calls: `devices.list`, `kernel.info`. Out: nothing.
//!
//! Needs of Linux: a LED class device whose files belong to the group `dkvm-led` (`/usr/libexec/dkvm/give-led`, run by mdev), and
//! `CONFIG_LEDS_TRIGGER_PATTERN`, so that Linux blinks by itself; without it this device does.
//!
//! The decisions are in [`core`](crate::core), the rest carries them out.

pub mod backend;
pub mod config;
pub mod core;
pub mod device;
pub mod error;

use dkvm_sdk::Identity;
use dkvm_wire::topics;

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::HID_STATE],
        ..Identity::new("led", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
