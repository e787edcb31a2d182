//! A serial port: `f_acm`.

use crate::budget::{Direction, Kind, Need};
use std::path::PathBuf;

/// A bulk endpoint's packet at high speed (USB 2.0, 5.8.3).
const BULK: u16 = 512;
/// The notification of line states, 10 bytes (f_acm.c, `GS_NOTIFY_MAXPACKET`).
const NOTIFY: u16 = 10;

pub fn needs() -> Vec<Need> {
    let need = |direction, kind, packet| Need {
        direction,
        kind,
        packet,
    };
    vec![
        need(Direction::In, Kind::Interrupt, NOTIFY),
        need(Direction::In, Kind::Bulk, BULK),
        need(Direction::Out, Kind::Bulk, BULK),
    ]
}

/// The terminal, from the function's attribute `port_num`.
pub fn tty(port: &str) -> Option<PathBuf> {
    let number: u8 = port.trim().parse().ok()?;
    Some(PathBuf::from(format!("/dev/ttyGS{number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_names_the_terminal() {
        assert_eq!(tty("0\n"), Some("/dev/ttyGS0".into()));
        assert_eq!(tty("../x"), None);
    }
}
