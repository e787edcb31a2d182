use thiserror::Error;

/// Length of the preamble in bytes.
pub const PREAMBLE_LEN: usize = 8;
const MAGIC: [u8; 4] = *b"dKVM";
const FRAMING: u8 = 1;
const ENCODING_MSGPACK: u8 = 1;

/// The 8 bytes that each side sends first: `dKVM`, framing version, encoding, two reserved zeros.
///
/// Its point is the error: a program that is no device fails here, with a sentence that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preamble;

/// Why the first 8 bytes were not a preamble.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PreambleError {
    /// Something other than a dKVM device or kernel is speaking.
    #[error("this is not a dKVM device: its output begins with {0:?} in place of \"dKVM\"; a device keeps stdout for the protocol and prints to stderr")]
    NotDkvm(String),
    /// A framing this version does not know.
    #[error(
        "framing version {0} is not known here (this side speaks 1): update the older of the two"
    )]
    Framing(u8),
    /// An encoding this version does not know.
    #[error("body encoding {0} is not known here (1 is MessagePack)")]
    Encoding(u8),
}

impl Preamble {
    /// The bytes to send.
    pub const BYTES: [u8; PREAMBLE_LEN] = [
        MAGIC[0],
        MAGIC[1],
        MAGIC[2],
        MAGIC[3],
        FRAMING,
        ENCODING_MSGPACK,
        0,
        0,
    ];

    /// Checks the other side's first 8 bytes. Reserved bytes are ignored.
    pub fn check(bytes: [u8; PREAMBLE_LEN]) -> Result<Self, PreambleError> {
        if bytes[..4] != MAGIC {
            return Err(PreambleError::NotDkvm(
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
        match (bytes[4], bytes[5]) {
            (FRAMING, ENCODING_MSGPACK) => Ok(Self),
            (FRAMING, other) => Err(PreambleError::Encoding(other)),
            (other, _) => Err(PreambleError::Framing(other)),
        }
    }
}
