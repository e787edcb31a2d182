//! Virtual drives: `f_mass_storage`, with as many LUNs as the configuration says, all empty at the start.
//!
//! What is in a LUN is not the gadget's: the `storage` device is given the attributes [`OWNED`], and they are no part of
//! what decides whether a gadget is adopted.

use crate::{
    budget::{Direction, Kind, Need},
    plan::Value,
};
use usb_gadget::function::{
    msd::{Lun, Msd},
    Handle,
};

/// The attributes of a LUN that the `storage` device owns.
pub const OWNED: [&str; 6] = ["file", "ro", "cdrom", "removable", "nofua", "forced_eject"];
/// What SCSI INQUIRY tells, 28 characters: vendor (8), product (16), revision (4); Linux fills up with spaces. An empty
/// text would give Linux's own, "Linux   File-Stor Gadget", by which some systems know a Pi.
const INQUIRY: &str = "dKVM    Virtual drive   0100";
/// A bulk endpoint's packet at high speed (USB 2.0, 5.8.3).
const PACKET: u16 = 512;

/// Whether the function may halt its bulk endpoints, as bulk-only transport wants when a host asks for too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stall {
    /// It may.
    Yes,
    /// It pads instead, which hosts take too. For `dwc2`: PiKVM has it off on the Pi for years.
    No,
}

pub fn needs() -> Vec<Need> {
    let need = |direction| Need {
        direction,
        kind: Kind::Bulk,
        packet: PACKET,
    };
    vec![need(Direction::In), need(Direction::Out)]
}

fn lun(number: u8) -> String {
    format!("lun.{number}")
}

pub fn directories(luns: u8) -> Vec<String> {
    (0..luns).map(lun).collect()
}

pub fn attributes(luns: u8, stall: Stall) -> Vec<(String, Value)> {
    let stall = Value::number("stall", u8::from(stall == Stall::Yes));
    let inquiry = |number| {
        let path = format!("{}/inquiry_string", lun(number));
        Value::text(&path, INQUIRY)
    };
    [stall].into_iter().chain((0..luns).map(inquiry)).collect()
}

pub fn describe(luns: u8, stall: Stall) -> Handle {
    let mut builder = Msd::builder();
    builder.stall = Some(stall == Stall::Yes);
    for _ in 0..luns {
        let mut lun = Lun::empty();
        lun.removable = true;
        lun.inquiry_string = INQUIRY.to_owned();
        builder.add_lun(lun);
    }
    builder.build().1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inquiry_fills_its_three_fields() {
        assert_eq!(INQUIRY.len(), 28);
    }

    #[test]
    fn what_is_in_a_lun_is_not_compared() {
        let compared = attributes(8, Stall::Yes);
        let owned = |path: &str| OWNED.iter().any(|name| path.ends_with(&format!("/{name}")));
        assert!(!compared.iter().any(|(path, _)| owned(path)));
        assert_eq!(compared.len(), 1 + 8);
    }
}
