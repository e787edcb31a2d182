//! An address without a server (RFC 3927): 169.254.0.0/16, less the first and the last 256.

use std::net::Ipv4Addr;

/// The prefix of the whole range.
pub const PREFIX: u8 = 16;
/// Usable hosts: 169.254.1.0 to 169.254.254.255.
const HOSTS: u64 = 254 * 256;

/// The `attempt`th address to try on the interface with this hardware address: the same after every start, so that a
/// bookmark still works, and another one for each interface.
pub fn candidate(mac: [u8; 6], attempt: u32) -> Ipv4Addr {
    let seed = mac.iter().fold(
        u64::from(attempt),
        |seed, byte| mix(seed ^ u64::from(*byte)),
    );
    let host = (mix(seed) % HOSTS + 256).to_be_bytes();
    Ipv4Addr::new(169, 254, host[6], host[7])
}

/// One round of splitmix64: every bit of the seed moves every bit of the outcome.
fn mix(seed: u64) -> u64 {
    let a = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let c = (b ^ (b >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    c ^ (c >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn it_is_within_the_range(mac: [u8; 6], attempt: u32) {
            let [a, b, c, _] = candidate(mac, attempt).octets();
            prop_assert!((a, b) == (169, 254) && (1..=254).contains(&c));
        }
    }

    #[test]
    fn another_attempt_is_another_address() {
        let mac = [2, 0, 0, 0, 0, 1];
        let all: HashSet<_> = (0..100).map(|attempt| candidate(mac, attempt)).collect();
        assert!(all.len() > 95, "{}", all.len());
    }
}
