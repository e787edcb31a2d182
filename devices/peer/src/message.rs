//! What two nodes say to each other, and how it stands in a stream: frames as in the wire protocol, MessagePack with named
//! maps. Keys that a reader does not know are ignored, so a later release may say more.

use dkvm_wire::{decode_body, encode_body, encode_frame, Generation};
use quinn::{RecvStream, SendStream};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;
use tokio::time::timeout;

/// No message of the link itself is longer; what sessions say is theirs.
pub const LIMIT: usize = 4096;
/// Whoever begins a stream says at once what it is for.
pub const SOON: Duration = Duration::from_secs(5);
/// Of a node's name and release, so many bytes are looked at.
const TEXT_LONGEST: usize = 64;
/// And of a sentence for a person.
const SENTENCE_LONGEST: usize = 300;
/// How a stream of the control lane comes before those of the others: whether the link lives must not wait for what it carries.
pub const FIRST: i32 = 8;

/// The first message of every stream: what it is for. One that is not known here is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Lane {
    /// The first stream of a link.
    Control,
    /// A conversation on the control socket of the called node's kernel.
    Session,
    /// One event of the input lane that does not fit a datagram.
    Input,
    /// One state.
    State,
    /// One picture: the event, and behind it the picture.
    Picture,
    /// A moment of sound.
    Sound,
    /// Of a later release.
    #[serde(other)]
    Unknown,
}

/// On the control stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Control {
    /// First, both ways; again where it changes.
    Hello(Hello),
    /// To be answered at once.
    Ping {
        /// Which.
        number: u64,
    },
    /// The answer.
    Pong {
        /// To which.
        number: u64,
    },
    /// All that the sender's devices read of the reader's, from now on.
    Watch {
        /// Each once; what is not listed is not read any more.
        topics: Vec<Watched>,
    },
    /// A device of the sender is gone: what it held is to be released.
    Gone {
        /// Which.
        from: String,
        /// Which life of it.
        generation: Generation,
    },
    /// The next picture is to be one that needs none before it.
    KeyFrame {
        /// Of this device of the reader.
        from: String,
    },
    /// What the links carry, bytes a second, of those at the sender who watch a device of the reader, as `h264.link` has it.
    Pace {
        /// The device.
        from: String,
        /// The slowest of those that are full; nothing where somebody left, of whom the last may have been.
        slowest: Option<u32>,
        /// The fastest of them; nothing where some link takes all that comes.
        fastest: Option<u32>,
    },
    /// The reader has sent, or asked for, what it may not.
    Refused {
        /// For a person there.
        told: String,
    },
    /// Of a later release.
    #[serde(other)]
    Unknown,
}

/// A topic of one of the reader's devices.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Watched {
    /// The topic.
    pub topic: String,
    /// The device.
    pub from: String,
}

/// Who is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hello {
    /// Its release.
    #[serde(default)]
    pub release: String,
    /// As it calls itself.
    #[serde(default)]
    pub node: String,
    /// What the reader may do there.
    #[serde(default)]
    pub grants: Vec<String>,
}

/// While two nodes pair, in this order: `Call`, `Answer`, `Reveal`; then `Same` or `Refuse` from each side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pairing {
    /// The caller, bound to a number that it does not tell yet.
    Call {
        /// As it calls itself.
        node: String,
        /// See [`crate::core::code`].
        #[serde(with = "serde_bytes")]
        commitment: Vec<u8>,
    },
    /// The called node.
    Answer {
        /// As it calls itself.
        node: String,
        /// Its number.
        #[serde(with = "serde_bytes")]
        number: Vec<u8>,
    },
    /// The caller's number, which has to be the one that it is bound to.
    Reveal {
        /// Its number.
        #[serde(with = "serde_bytes")]
        number: Vec<u8>,
    },
    /// The person there says that both codes are the same.
    Same,
    /// The person there says no.
    Refuse,
    /// Of a later release.
    #[serde(other)]
    Unknown,
}

/// Why nothing more comes on a stream.
#[derive(Debug, Error)]
pub enum TalkError {
    /// It ended.
    #[error("it broke off")]
    Ended,
    /// It does not say what is due.
    #[error("it does not answer")]
    Late,
    /// It says what nobody understands.
    #[error("it says what this release does not understand: {0}")]
    Nonsense(String),
}

/// Sends one message.
pub async fn send<M: Serialize>(stream: &mut SendStream, message: &M) -> Result<(), TalkError> {
    let frame = encode_frame(&encode_body(message), LIMIT)
        .map_err(|error| TalkError::Nonsense(error.to_string()))?;
    let written = stream.write_all(&frame).await;
    written.map_err(|_| TalkError::Ended)
}

/// The next message, whenever it comes. Not cancel-safe.
pub async fn receive<M: DeserializeOwned>(stream: &mut RecvStream) -> Result<M, TalkError> {
    parse(&receive_bytes(stream, LIMIT).await?)
}

/// The same unread.
pub async fn receive_bytes(stream: &mut RecvStream, limit: usize) -> Result<Vec<u8>, TalkError> {
    let mut header = [0; 4];
    stream
        .read_exact(&mut header)
        .await
        .map_err(|_| TalkError::Ended)?;
    let length = u32::from_le_bytes(header) as usize;
    if length == 0 || length > limit {
        return Err(TalkError::Nonsense(format!("a message of {length} bytes")));
    }
    let mut body = vec![0; length];
    stream
        .read_exact(&mut body)
        .await
        .map_err(|_| TalkError::Ended)?;
    Ok(body)
}

/// The next message, which is due.
pub async fn receive_soon<M: DeserializeOwned>(stream: &mut RecvStream) -> Result<M, TalkError> {
    timeout(SOON, receive(stream))
        .await
        .unwrap_or(Err(TalkError::Late))
}

fn parse<M: DeserializeOwned>(body: &[u8]) -> Result<M, TalkError> {
    decode_body("a message", body).map_err(|error| TalkError::Nonsense(error.to_string()))
}

/// What a stranger says of itself, short enough to be shown, and without what moves a cursor.
pub fn presentable(text: &str) -> String {
    shown(text, TEXT_LONGEST)
}

/// The same of a sentence.
pub fn presentable_sentence(text: &str) -> String {
    shown(text, SENTENCE_LONGEST)
}

fn shown(text: &str, longest: usize) -> String {
    let clean = text.chars().filter(|c| !c.is_control());
    let mut shown: String = clean.take(longest).collect();
    while shown.len() > longest {
        shown.pop();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn hello() -> Control {
        Control::Hello(Hello {
            release: "0.1.0".into(),
            node: "office".into(),
            grants: vec!["view".into()],
        })
    }

    #[test]
    fn what_is_said_is_heard() {
        for message in [
            hello(),
            Control::Ping { number: 7 },
            Control::Pong { number: 7 },
            Control::Watch {
                topics: vec![Watched {
                    topic: "hid.state".into(),
                    from: "hid".into(),
                }],
            },
            Control::Gone {
                from: "input".into(),
                generation: Generation(3),
            },
            Control::KeyFrame {
                from: "h264".into(),
            },
            Control::Pace {
                from: "h264".into(),
                slowest: Some(60_000),
                fastest: None,
            },
            Control::Refused { told: "no".into() },
        ] {
            assert_eq!(parse::<Control>(&encode_body(&message)).unwrap(), message);
        }
        let number = vec![1; 32];
        for message in [Pairing::Reveal { number }, Pairing::Same, Pairing::Refuse] {
            assert_eq!(parse::<Pairing>(&encode_body(&message)).unwrap(), message);
        }
        assert_eq!(
            parse::<Lane>(&encode_body(&Lane::Session)).unwrap(),
            Lane::Session
        );
    }

    #[test]
    fn a_later_release_may_say_more() {
        let more =
            json!({ "kind": "hello", "release": "9", "node": "x", "grants": ["fly"], "wings": 2 });
        let heard = parse::<Control>(&encode_body(&more)).unwrap();
        assert!(
            matches!(heard, Control::Hello(hello) if hello.release == "9" && hello.grants == ["fly"])
        );
        let other = json!({ "kind": "sing", "what": [1, 2] });
        assert_eq!(
            parse::<Control>(&encode_body(&other)).unwrap(),
            Control::Unknown
        );
        assert_eq!(parse::<Lane>(&encode_body(&other)).unwrap(), Lane::Unknown);
        let gone = json!({ "kind": "pace", "from": "h264" });
        let (from, slowest, fastest) = ("h264".to_owned(), None, None);
        assert_eq!(
            parse::<Control>(&encode_body(&gone)).unwrap(),
            Control::Pace {
                from,
                slowest,
                fastest
            }
        );
        let short = json!({ "kind": "hello" });
        assert_eq!(
            parse::<Control>(&encode_body(&short)).unwrap(),
            Control::Hello(Hello::default())
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (parse::<Control>(&bytes), parse::<Pairing>(&bytes), parse::<Lane>(&bytes));
        }

        #[test]
        fn a_damaged_message_is_a_message_or_an_error(at in 0usize..200, byte: u8, cut in 0usize..200) {
            let mut bytes = encode_body(&hello());
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(1 + cut % bytes.len());
            let _ = parse::<Control>(&bytes);
        }

        #[test]
        fn whatever_a_stranger_is_called_it_can_be_shown(text in "(.|\n|\u{1b}){0,200}") {
            let shown = presentable(&text);
            prop_assert!(shown.len() <= TEXT_LONGEST && !shown.chars().any(char::is_control));
        }
    }
}
