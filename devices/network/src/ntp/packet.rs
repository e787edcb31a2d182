//! The 48 bytes of NTP. The answer is a stranger's.

use std::time::Duration;

/// A packet without extensions.
pub const LENGTH: usize = 48;
/// No leap warning, version 4, client.
const CLIENT: u8 = 0b00_100_011;
const SERVER_MODE: u8 = 4;
/// The server's own clock is not set.
const UNSET: u8 = 3;
/// Beyond this nobody has the time from anybody.
const STRATUM_MOST: u8 = 15;
/// Seconds from 1900, NTP's beginning, to 1970.
const TO_UNIX: u64 = 2_208_988_800;

/// NTP's time: seconds since 1900, modulo 2^32, and a fraction of 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(pub u64);

impl Stamp {
    /// From the time since 1970.
    pub fn of(unix: Duration) -> Self {
        let seconds = unix.as_secs().wrapping_add(TO_UNIX) << 32;
        let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
        Self(seconds | fraction)
    }

    /// From `earlier` to this, in units of 2^-32 s; right while they are less than 68 years apart.
    fn since(self, earlier: Self) -> i64 {
        self.0.wrapping_sub(earlier.0).cast_signed()
    }
}

/// By how much the clock is behind (more than 0) or ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset(i64);

impl Offset {
    /// Without its sign.
    pub fn size(self) -> Duration {
        let units = self.0.unsigned_abs();
        let nanos = (units & 0xffff_ffff).saturating_mul(1_000_000_000) >> 32;
        Duration::from_secs(units >> 32) + Duration::from_nanos(nanos)
    }

    /// The right time, when the clock says this; `None` before 1970.
    pub fn correct(self, unix: Duration) -> Option<Duration> {
        if self.0 >= 0 {
            unix.checked_add(self.size())
        } else {
            unix.checked_sub(self.size())
        }
    }
}

/// Why an answer does not tell the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Too short, or not a server's.
    #[error("what came back is not an answer of NTP's")]
    NotAnAnswer,
    /// To somebody else's question, or forged.
    #[error("what came back answers another question")]
    NotOurs,
    /// The server asks to be left alone.
    #[error("it asks not to be asked")]
    GoAway,
    /// It does not know the time itself.
    #[error("it does not know the time itself")]
    Unset,
}

/// The question. `nonce` comes back in the answer, so that nobody who has not heard it can answer; it need not be the time.
pub fn question(nonce: u64) -> [u8; LENGTH] {
    let mut packet = [0; LENGTH];
    packet[0] = CLIENT;
    packet[40..].copy_from_slice(&nonce.to_be_bytes());
    packet
}

/// Reads the answer to the question that was sent at `asked` and came at `came`, both by our clock.
pub fn answer(bytes: &[u8], nonce: u64, asked: Stamp, came: Stamp) -> Result<Offset, Unusable> {
    let packet: &[u8; LENGTH] = bytes
        .get(..LENGTH)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(Unusable::NotAnAnswer)?;
    if packet[0] & 7 != SERVER_MODE {
        return Err(Unusable::NotAnAnswer);
    }
    if stamp(packet, 24).0 != nonce {
        return Err(Unusable::NotOurs);
    }
    if packet[1] == 0 {
        return Err(Unusable::GoAway);
    }
    let (received, sent) = (stamp(packet, 32), stamp(packet, 40));
    if packet[0] >> 6 == UNSET || packet[1] > STRATUM_MOST || sent.0 == 0 {
        return Err(Unusable::Unset);
    }
    // Half each, before they are added: the sum of both may not fit.
    Ok(Offset(received.since(asked) / 2 + sent.since(came) / 2))
}

fn stamp(packet: &[u8; LENGTH], at: usize) -> Stamp {
    let bytes = packet[at..].iter().take(8);
    Stamp(bytes.fold(0, |value, byte| (value << 8) | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NONCE: u64 = 0x0123_4567_89ab_cdef;

    fn reply(received: Stamp, sent: Stamp) -> [u8; LENGTH] {
        let mut packet = [0; LENGTH];
        packet[0] = 0b00_100_100;
        packet[1] = 2;
        packet[24..32].copy_from_slice(&NONCE.to_be_bytes());
        packet[32..40].copy_from_slice(&received.0.to_be_bytes());
        packet[40..].copy_from_slice(&sent.0.to_be_bytes());
        packet
    }

    fn at(seconds: u64) -> Stamp {
        Stamp::of(Duration::from_secs(seconds))
    }

    #[test]
    fn a_clock_at_1970_learns_2026() {
        let now = 1_790_000_000;
        let offset = answer(&reply(at(now), at(now)), NONCE, at(5), at(7)).expect("usable");
        assert_eq!(
            offset.correct(Duration::from_secs(7)),
            Some(Duration::from_secs(now + 1))
        );
    }

    #[test]
    fn the_way_there_and_back_is_halved() {
        let offset = answer(&reply(at(1000), at(1001)), NONCE, at(1010), at(1013)).expect("usable");
        assert_eq!(offset.size(), Duration::from_secs(11));
        assert_eq!(
            offset.correct(Duration::from_secs(1013)),
            Some(Duration::from_secs(1002))
        );
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let good = reply(at(1000), at(1000));
        let with = |place: usize, byte: u8| {
            let mut packet = good;
            packet[place] = byte;
            answer(&packet, NONCE, at(1000), at(1000))
        };
        assert_eq!(
            answer(&good[..47], NONCE, at(0), at(0)),
            Err(Unusable::NotAnAnswer)
        );
        assert_eq!(with(0, CLIENT), Err(Unusable::NotAnAnswer));
        assert_eq!(with(24, 0xff), Err(Unusable::NotOurs));
        assert_eq!(with(1, 0), Err(Unusable::GoAway));
        assert_eq!(with(1, 16), Err(Unusable::Unset));
        assert_eq!(with(0, 0b11_100_100), Err(Unusable::Unset));
        assert_eq!(
            answer(&reply(at(1), Stamp(0)), NONCE, at(0), at(0)),
            Err(Unusable::Unset)
        );
    }

    #[test]
    fn the_question_carries_the_nonce() {
        let question = question(NONCE);
        assert_eq!((question[0], stamp(&question, 40).0), (0x23, NONCE));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..100), asked: u64, came: u64, clock: u32) {
            if let Ok(offset) = answer(&bytes, NONCE, Stamp(asked), Stamp(came)) {
                let _ = offset.correct(Duration::from_secs(clock.into()));
            }
        }

        #[test]
        fn any_times_are_survived(received: u64, sent: u64, asked: u64, came: u64, clock: u32) {
            let answered = answer(&reply(Stamp(received), Stamp(sent)), NONCE, Stamp(asked), Stamp(came));
            if let Ok(offset) = answered {
                prop_assert!(offset.size() <= Duration::from_secs(1 << 31));
                let _ = offset.correct(Duration::from_secs(clock.into()));
            }
        }
    }
}
