//! Why connections end, on the wire and in words.

use crate::core::link::{Fault, Weight};
use quinn::{Connection, ConnectionError, VarInt};

/// TLS alerts inside QUIC's error codes (RFC 9001, 4.8).
const ALERTS: u64 = 0x100;
const ACCESS_DENIED: u64 = ALERTS + 49;
const NO_PROTOCOL: u64 = ALERTS + 120;
/// RFC 9000, 20.1: the other side has no place for one more.
const CONNECTION_REFUSED: u64 = 2;
/// Of another node's words so much is shown.
const WORDS_LONGEST: usize = 200;

/// Why we end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// There is another to the same node.
    Duplicate = 1,
    /// What the other may do here has changed: it is to call again.
    Changed = 2,
    /// The other is no longer paired with this node.
    Revoked = 3,
    /// This device ends.
    Leaving = 4,
    /// The other does not answer.
    Silent = 5,
    /// The other says what nobody understands.
    Nonsense = 6,
    /// A pairing that is not to be, or has come to its end.
    Pairing = 7,
}

impl Close {
    const ALL: [Self; 7] = [
        Self::Duplicate,
        Self::Changed,
        Self::Revoked,
        Self::Leaving,
        Self::Silent,
        Self::Nonsense,
        Self::Pairing,
    ];

    /// Ends it, and says why.
    pub fn end(self, connection: &Connection, why: &str) {
        connection.close(VarInt::from_u32(self as u32), why.as_bytes());
    }

    fn of(code: VarInt) -> Option<Self> {
        let is_it = |one: &Self| VarInt::from_u32(*one as u32) == code;
        Self::ALL.into_iter().find(is_it)
    }
}

/// What another node said, fit to be shown.
fn words(reason: &[u8]) -> String {
    let text = String::from_utf8_lossy(reason);
    let clean = text.chars().filter(|c| !c.is_control());
    clean.take(WORDS_LONGEST).collect()
}

/// Why there is no connection, or none any more.
pub fn fault(error: &ConnectionError) -> Fault {
    let (weight, told) = match error {
        ConnectionError::ApplicationClosed(close) => by_application(close.error_code, &close.reason),
        ConnectionError::ConnectionClosed(close) => match u64::from(close.error_code) {
            ACCESS_DENIED => (Weight::Standing, "it does not know this node (any more): pair them again, or look at `dkvm peers` there".to_owned()),
            NO_PROTOCOL => (Weight::Standing, another_version()),
            CONNECTION_REFUSED => (Weight::Passing, "it takes no more connections just now".to_owned()),
            _ => (Weight::Passing, format!("it broke the connection off: {close}")),
        },
        ConnectionError::TransportError(error) => match u64::from(error.code) {
            ACCESS_DENIED => (Weight::Standing, "who answers at its address has another key: it is not the node that was paired. If it was set up anew, `dkvm peers forget` it and pair again".to_owned()),
            NO_PROTOCOL => (Weight::Standing, another_version()),
            _ => (Weight::Passing, format!("the connection failed: {error}")),
        },
        ConnectionError::VersionMismatch => (Weight::Standing, another_version()),
        ConnectionError::TimedOut => (Weight::Passing, "it does not answer: is it on, and is UDP let through to it?".to_owned()),
        ConnectionError::Reset => (Weight::Passing, "it has started again".to_owned()),
        ConnectionError::LocallyClosed | ConnectionError::CidsExhausted => (Weight::Passing, "this node has ended it, for another connection or because something was changed here".to_owned()),
    };
    Fault { weight, told }
}

/// As [`fault`], of whoever answers at a place that only the network told: it may be anybody, and must not bring a person to
/// pair with him.
pub fn fault_by_word(error: &ConnectionError) -> Fault {
    let Fault { weight, told } = fault(error);
    let told = match (weight, is_other_key(error)) {
        (_, true) => {
            "somebody on the network announces itself as this node and has another key".to_owned()
        }
        (Weight::Standing, false) => {
            format!(
                "who announces itself on the network as this node, which anybody can, says: {told}"
            )
        }
        (Weight::Passing, false) => told,
    };
    let weight = Weight::Passing;
    Fault { weight, told }
}

fn is_other_key(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::TransportError(error) if u64::from(error.code) == ACCESS_DENIED)
}

/// Whether it was ended for what the other node may do, to be made anew at once.
pub fn is_changed(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::ApplicationClosed(close) if Close::of(close.error_code) == Some(Close::Changed))
}

fn by_application(code: VarInt, reason: &[u8]) -> (Weight, String) {
    match Close::of(code) {
        Some(Close::Revoked) => (
            Weight::Standing,
            "this node was forgotten there: pair them again".to_owned(),
        ),
        Some(Close::Leaving) => (
            Weight::Passing,
            "its link is being started again".to_owned(),
        ),
        Some(Close::Changed) => (
            Weight::Passing,
            "what this node may do there has changed".to_owned(),
        ),
        _ => (Weight::Passing, words(reason)),
    }
}

fn another_version() -> String {
    "it speaks another version of the link than this node (dkvm/1): update the older of the two"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own() {
        for one in Close::ALL {
            assert_eq!(Close::of(VarInt::from_u32(one as u32)), Some(one));
        }
        assert_eq!(Close::of(VarInt::from_u32(99)), None);
    }

    #[test]
    fn what_a_person_has_to_look_at_says_what_to_do() {
        let (weight, told) = by_application(VarInt::from_u32(3), b"");
        assert!(weight == Weight::Standing && told.contains("pair them again"));
        let (weight, told) = by_application(VarInt::from_u32(7), b"busy\x1b[2J");
        assert_eq!((weight, told.as_str()), (Weight::Passing, "busy[2J"));
        assert_eq!(fault(&ConnectionError::TimedOut).weight, Weight::Passing);
        let by_word = fault_by_word(&ConnectionError::VersionMismatch);
        assert_eq!(by_word.weight, Weight::Passing);
        assert!(by_word.told.contains("which anybody can"), "{by_word:?}");
        assert_eq!(
            fault(&ConnectionError::VersionMismatch).weight,
            Weight::Standing
        );
    }
}
