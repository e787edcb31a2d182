//! A serial number that is this machine's and stays: a target that sees another one installs its drivers anew.

use std::fs;

/// What the number is when the machine has no identity at all.
const NAMELESS: &str = "dkvm-0001";
/// Characters of the number.
const LENGTH: usize = 16;

/// The serial number of this machine: from `/etc/machine-id`, or from the Pi's own in `/proc/cpuinfo`.
pub fn of_this_machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    choose(&read("/etc/machine-id"), &read("/proc/cpuinfo"))
}

fn choose(machine_id: &str, cpuinfo: &str) -> String {
    let cpu = || {
        cpuinfo.lines().find_map(|line| {
            usable(
                line.strip_prefix("Serial")?
                    .trim_start_matches([' ', '\t', ':']),
            )
        })
    };
    usable(machine_id)
        .map(|id| digest(&id))
        .or_else(cpu)
        .unwrap_or_else(|| NAMELESS.to_owned())
}

/// Hexadecimal digits that are not all zero.
fn usable(text: &str) -> Option<String> {
    let text = text.trim();
    let hex = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex && text.bytes().any(|byte| byte != b'0')).then(|| text.to_owned())
}

/// The machine id is confidential (machine-id(5)), and a target sees the serial number: so not the id itself. FNV-1a.
fn digest(id: &str) -> String {
    let sum = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{sum:0LENGTH$x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_machine_has_the_same_number_and_another_has_another() {
        let number = choose("0123456789abcdef0123456789abcdef\n", "");
        assert_eq!(
            number,
            choose(
                "0123456789abcdef0123456789abcdef",
                "Serial\t\t: 10000000abcdef01\n"
            )
        );
        assert_ne!(number, choose("0123456789abcdef0123456789abcdee", ""));
        assert_eq!(number.len(), LENGTH);
    }

    #[test]
    fn a_pi_without_machine_id_has_its_own() {
        let cpuinfo = "Hardware\t: BCM2835\nRevision\t: a03111\nSerial\t\t: 10000000abcdef01\nModel\t\t: Pi\n";
        assert_eq!(choose("uninitialized\n", cpuinfo), "10000000abcdef01");
    }

    #[test]
    fn a_machine_without_identity_has_a_number_too() {
        assert_eq!(choose("", "Serial : 0000000000000000\n"), NAMELESS);
    }

    proptest! {
        #[test]
        fn any_files_give_a_number(id: String, cpuinfo: String) {
            let number = choose(&id, &cpuinfo);
            prop_assert!(!number.is_empty() && !number.contains(char::is_control));
        }
    }
}
