use crate::{error::DecodeError, Generation, LeaseRef, RequestId, WireError};
use serde::{
    de::{self, DeserializeOwned, IgnoredAny, SeqAccess, Visitor},
    Deserialize, Deserializer, Serialize,
};
use serde_bytes::Bytes;
use std::fmt;

const REQUEST: u8 = 0;
const RESPONSE: u8 = 1;
const EVENT: u8 = 2;

/// Who sent an event: set by the kernel, so it cannot be forged. The compact array `[name, generation]`. Only a device with
/// `gateway = true` may say it itself, of devices of other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source<'a> {
    /// The device's name; with peers `node/device`.
    #[serde(borrow)]
    pub name: &'a str,
    /// Its generation when it sent this.
    pub generation: Generation,
}

/// One message. `body` is MessagePack that this layer does not look into.
#[derive(Debug, Clone, PartialEq)]
pub enum Message<'a> {
    /// `[0, id, method, body, source]`
    Request {
        /// Chosen by the asker.
        id: RequestId,
        /// `name` for the kernel's own services, `device/name` for another device's.
        method: &'a str,
        /// The arguments.
        body: &'a [u8],
        /// Who asks; kernel to device only.
        source: Option<Source<'a>>,
    },
    /// `[1, id, error, body]`
    Response {
        /// The request's.
        id: RequestId,
        /// The result's body, or why there is none.
        result: Result<&'a [u8], WireError>,
    },
    /// `[2, topic, body, leases, source]`, and `[2, topic, body, leases, source, to]` where it is for some readers only
    Event {
        /// What it is about.
        topic: &'a str,
        /// The event.
        body: &'a [u8],
        /// Shared-memory leases that travel along.
        leases: Vec<LeaseRef>,
        /// Who sent it; kernel to device, and from a gateway, whose events of other nodes' devices carry theirs.
        source: Option<Source<'a>>,
        /// For these of its readers alone; empty for all of them. From the kernel to a gateway: the devices of other nodes
        /// (`node/device`) that it is for.
        to: Vec<&'a str>,
    },
}

impl Message<'_> {
    /// The message as MessagePack, not yet framed.
    pub fn encode(&self) -> Vec<u8> {
        let encoded = match self {
            Self::Request {
                id,
                method,
                body,
                source,
            } => to_vec(&(REQUEST, id, method, Bytes::new(body), source)),
            Self::Response {
                id,
                result: Ok(body),
            } => to_vec(&(RESPONSE, id, None::<NamedError<'_>>, Bytes::new(body))),
            Self::Response {
                id,
                result: Err(error),
            } => to_vec(&(RESPONSE, id, Some(NamedError(error)), Bytes::new(&[]))),
            Self::Event {
                topic,
                body,
                leases,
                source,
                to,
            } if to.is_empty() => to_vec(&(EVENT, topic, Bytes::new(body), leases, source)),
            Self::Event {
                topic,
                body,
                leases,
                source,
                to,
            } => to_vec(&(EVENT, topic, Bytes::new(body), leases, source, to)),
        };
        // Writing plain data into a Vec has no way to fail; an empty frame would be refused by the framing.
        encoded.unwrap_or_default()
    }
}

fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    rmp_serde::to_vec(value)
}

/// The error inside a compact envelope is a named map all the same.
struct NamedError<'a>(&'a WireError);

impl Serialize for NamedError<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(4 + usize::from(self.0.unheard)))?;
        map.serialize_entry("code", &self.0.code)?;
        map.serialize_entry("message", &self.0.message)?;
        map.serialize_entry("retryable", &self.0.retryable)?;
        map.serialize_entry("context", &self.0.context)?;
        if self.0.unheard {
            map.serialize_entry("unheard", &true)?;
        }
        map.end()
    }
}

/// Arrays and maps may be so deep in each other. The decoder's own 1024 overflow the stack of a thread.
pub const MAX_DEPTH: usize = 64;

fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, rmp_serde::decode::Error> {
    let mut decoder = rmp_serde::Deserializer::from_read_ref(bytes);
    decoder.set_max_depth(MAX_DEPTH);
    T::deserialize(&mut decoder)
}

/// Reads one frame body. Array elements beyond the known ones are ignored.
pub fn decode(frame: &[u8]) -> Result<Message<'_>, DecodeError> {
    read(frame).map_err(DecodeError::Envelope)
}

/// A body as MessagePack with *named* maps, so that a reader can ignore fields it does not know.
pub fn encode_body<T: Serialize + ?Sized>(body: &T) -> Vec<u8> {
    // Our vocabulary is plain data; see `Message::encode`.
    rmp_serde::to_vec_named(body).unwrap_or_default()
}

/// Reads a body; `what` names the topic or method for the error.
pub fn decode_body<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, DecodeError> {
    read(body).map_err(|source| DecodeError::Body {
        what: what.to_owned(),
        source,
    })
}

impl<'de: 'a, 'a> Deserialize<'de> for Message<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MessageVisitor)
    }
}

struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Message<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "an array [0, id, method, body], [1, id, error, body] or [2, topic, body, leases]",
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let message = match need(&mut seq, 0)? {
            REQUEST => request(&mut seq)?,
            RESPONSE => response(&mut seq)?,
            EVENT => event(&mut seq)?,
            other => {
                return Err(de::Error::custom(format_args!(
                    "message kind {other} is not 0, 1 or 2"
                )))
            }
        };
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(message)
    }
}

fn need<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    seq: &mut A,
    at: usize,
) -> Result<T, A::Error> {
    seq.next_element()?
        .ok_or_else(|| de::Error::invalid_length(at, &MessageVisitor))
}

fn request<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<Message<'de>, A::Error> {
    let (id, method) = (need(seq, 1)?, need(seq, 2)?);
    let body = need::<&Bytes, A>(seq, 3)?;
    let source = seq.next_element::<Option<Source<'de>>>()?.flatten();
    Ok(Message::Request {
        id,
        method,
        body,
        source,
    })
}

fn response<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<Message<'de>, A::Error> {
    let id = need(seq, 1)?;
    let error = need::<Option<WireError>, A>(seq, 2)?;
    let body = need::<&Bytes, A>(seq, 3)?;
    Ok(Message::Response {
        id,
        result: error.map_or(Ok(body), Err),
    })
}

fn event<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<Message<'de>, A::Error> {
    let topic = need(seq, 1)?;
    let body = need::<&Bytes, A>(seq, 2)?;
    let leases = need(seq, 3)?;
    let source = seq.next_element::<Option<Source<'de>>>()?.flatten();
    let to = seq.next_element::<Option<Vec<&'de str>>>()?.flatten();
    Ok(Message::Event {
        topic,
        body,
        leases,
        source,
        to: to.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, LeaseId, PoolId, SlotIndex};

    fn round_trip(message: &Message<'_>) {
        let bytes = message.encode();
        assert_eq!(&decode(&bytes).unwrap(), message);
    }

    #[test]
    fn each_kind_comes_back_as_it_went() {
        let source = Some(Source {
            name: "web",
            generation: Generation(3),
        });
        round_trip(&Message::Request {
            id: RequestId(7),
            method: "devices.list",
            body: b"\x80",
            source: None,
        });
        round_trip(&Message::Response {
            id: RequestId(7),
            result: Ok(b"\x80"),
        });
        let error = WireError::new(ErrorCode::Unavailable, "hid is restarting").about("hid");
        round_trip(&Message::Response {
            id: RequestId(7),
            result: Err(error.clone()),
        });
        round_trip(&Message::Response {
            id: RequestId(7),
            result: Err(error.unheard()),
        });
        let lease = LeaseRef {
            lease: LeaseId(9),
            pool: PoolId(1),
            slot: SlotIndex(2),
            length: 10,
        };
        round_trip(&Message::Event {
            topic: "video.raw",
            body: b"\x80",
            leases: vec![lease],
            source,
            to: vec![],
        });
        round_trip(&Message::Event {
            topic: "input.hid",
            body: b"\x80",
            leases: vec![],
            source: None,
            to: vec!["office/hid", "lab/hid"],
        });
    }

    #[test]
    fn golden_bytes_of_an_event() {
        let event = Message::Event {
            topic: "hid.leds",
            body: b"\x81\xa1a\x01",
            leases: vec![],
            source: None,
            to: vec![],
        };
        assert_eq!(
            event.encode(),
            b"\x95\x02\xa8hid.leds\xc4\x04\x81\xa1a\x01\x90\xc0"
        );
    }

    #[test]
    fn a_newer_sender_may_append_elements() {
        let bytes = b"\x97\x02\xa1t\xc4\x00\x90\xc0\x90\xcc\xff";
        assert!(matches!(
            decode(bytes),
            Ok(Message::Event { topic: "t", .. })
        ));
    }

    #[test]
    fn the_optional_source_may_be_left_out() {
        assert!(decode(b"\x94\x02\xa1t\xc4\x00\x90").is_ok());
        assert!(decode(b"\x94\x00\x01\xa1m\xc4\x00").is_ok());
    }

    #[test]
    fn nobody_named_is_everybody() {
        for bytes in [
            &b"\x96\x02\xa1t\xc4\x00\x90\xc0\xc0"[..],
            b"\x96\x02\xa1t\xc4\x00\x90\xc0\x90",
        ] {
            assert!(matches!(decode(bytes), Ok(Message::Event { to, .. }) if to.is_empty()));
        }
    }

    #[test]
    fn garbage_is_an_error() {
        for bytes in [
            &b""[..],
            b"\x00",
            b"\x90",
            b"\x91\x02",
            b"\x92\x03\x01",
            b"\xc1",
            b"\xdd\xff\xff\xff\xff",
        ] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
