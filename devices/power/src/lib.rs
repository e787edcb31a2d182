//! # dkvm-power
//!
//! The target's power: presses the buttons of its front panel and watches its LEDs, by GPIO; wakes machines by the
//! network. `docs/power.md` has the wiring.
//!
//! In: nothing. Out: `power.state`. Methods: `power.get`, `power.press`, `power.wake`.
//!
//! Needs of Linux: `CONFIG_GPIO_CDEV`, the group `gpio` on /dev/gpiochip*; for Wake-on-LAN the network. On a Pi the pins
//! must fall back to inputs when their owner dies (`pinctrl_bcm2835.persist_gpio_outputs=n` on the kernel's command line):
//! with that, no death of this device leaves a button pressed.
//!
//! The decisions are in [`core`](crate::core), which is tested in virtual time; [`device`] carries them out.

pub mod backend;
pub mod config;
pub mod core;
pub mod device;
pub mod error;
pub mod wake;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        produces: &[(topics::POWER_STATE, QueueClass::State)],
        ..Identity::new("power", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
