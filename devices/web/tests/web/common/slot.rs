use super::{Node, Visitor};
use dkvm_testkit::Failure;
use dkvm_wire::{
    decode_body, encode_body,
    service::Nothing,
    vocab::update::{Begin, Chunk, Upload, UploadRef, MAX_CHUNK, MAX_HEAD},
    ErrorCode, WireError,
};
use std::{cell::RefCell, rc::Rc, thread::JoinHandle};

/// What a bundle has to begin with here.
pub const MAGIC: &[u8] = b"good";

/// An update device behind the fake kernel: it keeps what it gets, as the real one writes it to its slot.
#[derive(Debug, Default)]
pub struct Slot {
    pub kept: Vec<u8>,
    pub size: u64,
    pub finished: u32,
    pub begun: u32,
    pub downgrade: bool,
}

impl Slot {
    fn upload(&self) -> Upload {
        Upload {
            id: "u1".into(),
            offset: self.kept.len() as u64,
        }
    }

    fn begin(&mut self, begin: &Begin) -> Result<Upload, WireError> {
        assert!(begin.head.len() <= MAX_HEAD);
        if !begin.head.starts_with(MAGIC) {
            let message = "the signature is not the owner's: nothing was written";
            return Err(WireError::new(ErrorCode::Forbidden, message));
        }
        self.begun += 1;
        self.size = begin.size;
        self.downgrade = begin.downgrade;
        Ok(self.upload())
    }

    fn write(&mut self, chunk: &Chunk) -> Result<Upload, WireError> {
        assert!(!chunk.data.is_empty() && chunk.data.len() <= MAX_CHUNK);
        if chunk.id != "u1" || chunk.offset != self.kept.len() as u64 {
            let message = format!("byte {} is wanted", self.kept.len());
            return Err(WireError::new(ErrorCode::Conflict, message));
        }
        self.kept.extend_from_slice(&chunk.data);
        Ok(self.upload())
    }
}

/// Plays the update device from now on.
pub fn install(node: &mut Node) -> Rc<RefCell<Slot>> {
    let slot = Rc::new(RefCell::new(Slot::default()));
    let begin = slot.clone();
    node.kernel.answer("update/update.begin", move |body| {
        let asked: Begin = decode(body)?;
        Ok(encode_body(&begin.borrow_mut().begin(&asked)?))
    });
    let write = slot.clone();
    node.kernel.answer("update/update.write", move |body| {
        let chunk: Chunk = decode(body)?;
        Ok(encode_body(&write.borrow_mut().write(&chunk)?))
    });
    let finish = slot.clone();
    node.kernel.answer("update/update.finish", move |body| {
        let _: UploadRef = decode(body)?;
        finish.borrow_mut().finished += 1;
        Ok(encode_body(&Nothing {}))
    });
    slot
}

fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    decode_body("update", body)
        .map_err(|error| WireError::new(ErrorCode::BadRequest, error.to_string()))
}

/// A bundle as long as this.
pub fn bundle(length: usize) -> Vec<u8> {
    let rest = (0..length).map(|n| (n % 253) as u8);
    MAGIC.iter().copied().chain(rest).take(length).collect()
}

/// Lets the kernel answer until a visitor's work is done.
pub fn meanwhile<T>(node: &mut Node, work: JoinHandle<Result<T, Failure>>) -> Result<T, Failure> {
    while !work.is_finished() {
        node.kernel.ping()?;
    }
    work.join()
        .map_err(|_| Failure::new("a visitor panicked"))?
}

/// What a POST of a bundle has to have.
pub fn headers(visitor: &Visitor) -> Vec<(String, String)> {
    [
        ("content-type", "application/octet-stream"),
        ("x-dkvm-csrf", &visitor.csrf),
        ("origin", &visitor.origin()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}
