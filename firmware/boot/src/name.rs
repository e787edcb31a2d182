//! What a node is called that its owner gave no name: `dkvm-` and four digits that stay the same.

use crate::health::{keep, DIRECTORY};
use std::fs;
use std::path::Path;

const SERIAL: &str = "/proc/device-tree/serial-number";
const NETWORK: &str = "/sys/class/net";
const MACHINE_ID: &str = "machine-id";
/// Linux' `addr_assign_type` of an address that is the hardware's own.
const PERMANENT: &str = "0";

/// From the board's serial number, else from a network address of its own, else from a number that is kept.
pub fn default_name(state_dir: &Path) -> String {
    let digits = serial().or_else(mac).or_else(|| machine_id(state_dir));
    digits.map_or_else(|| "dkvm".to_owned(), |digits| format!("dkvm-{digits}"))
}

fn serial() -> Option<String> {
    last_digits(&fs::read_to_string(SERIAL).ok()?)
}

fn mac() -> Option<String> {
    let interfaces = fs::read_dir(NETWORK)
        .ok()?
        .flatten()
        .map(|entry| entry.path());
    let permanent = interfaces.filter(|path| {
        fs::read_to_string(path.join("addr_assign_type")).is_ok_and(|kind| kind.trim() == PERMANENT)
    });
    let addresses = permanent.filter_map(|path| fs::read_to_string(path.join("address")).ok());
    // The lowest: Linux finds interfaces in any order, and the name must not depend on it.
    let lowest = addresses
        .filter(|text| text.bytes().any(|b| b.is_ascii_hexdigit() && b != b'0'))
        .min()?;
    last_digits(&lowest)
}

fn machine_id(state_dir: &Path) -> Option<String> {
    let directory = state_dir.join(DIRECTORY);
    let kept = fs::read_to_string(directory.join(MACHINE_ID)).ok();
    kept.as_deref().and_then(last_digits).or_else(|| {
        let id = new_id()?;
        keep(&directory, MACHINE_ID, &id).ok()?;
        last_digits(&id)
    })
}

fn new_id() -> Option<String> {
    let mut random = [0_u8; 16];
    let got = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::NONBLOCK).ok()?;
    (got == random.len()).then(|| random.iter().map(|b| format!("{b:02x}")).collect())
}

/// The last four hexadecimal digits.
fn last_digits(text: &str) -> Option<String> {
    let digits: Vec<char> = text
        .chars()
        .filter(char::is_ascii_hexdigit)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let first = digits.len().checked_sub(4)?;
    Some(digits[first..].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits() {
        assert_eq!(last_digits("10000000ABCD3f2a\0").as_deref(), Some("3f2a"));
        assert_eq!(last_digits("52:54:00:12:34:56\n").as_deref(), Some("3456"));
        assert_eq!(last_digits("12"), None);
    }

    #[test]
    fn a_kept_number_stays() {
        let state = tempfile::tempdir().expect("a directory");
        let first = machine_id(state.path()).expect("there is randomness");
        assert_eq!(machine_id(state.path()), Some(first));
    }
}
