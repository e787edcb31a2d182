//! The other side: an upload to `storage`.

use dkvm_sdk::{block_on, Call, CallError, Sender};
use dkvm_wire::{
    service::Nothing,
    vocab::storage::{methods, Finished, PutAt, PutBegin, PutChunk, PutFinish, PutRef, WINDOW},
    ErrorCode, WireError,
};
use std::collections::VecDeque;

/// The device, by its name in the configuration.
const STORAGE: &str = "storage";

/// An image library, called from a thread.
pub trait Shelf {
    /// An upload to it.
    type Upload: Upload;
    /// Begins an upload, or goes on with it.
    fn begin(&self, begin: &PutBegin) -> Result<Self::Upload, WireError>;
    /// Forgets an upload.
    fn abort(&self, id: &str) -> Result<(), WireError>;
}

/// An upload under way.
pub trait Upload {
    /// Names it.
    fn id(&self) -> &str;
    /// The next byte to be sent.
    fn next(&self) -> u64;
    /// Sends the next bytes; waits for earlier ones when many are under way.
    fn write(&mut self, data: Vec<u8>) -> Result<(), WireError>;
    /// Waits until all that was sent is there.
    fn flush(&mut self) -> Result<(), WireError>;
    /// All is there. Reading it back takes as long as it takes.
    fn finish(&mut self, sha256: Option<&str>) -> Result<Finished, WireError>;
}

/// That of `storage`.
#[derive(Debug)]
pub struct Library(Sender);

/// An upload to `storage`.
pub struct Put {
    sender: Sender,
    id: String,
    next: u64,
    under_way: VecDeque<Call<PutAt>>,
}

impl Library {
    /// By the device's link.
    pub const fn new(sender: Sender) -> Self {
        Self(sender)
    }
}

impl Shelf for Library {
    type Upload = Put;

    fn begin(&self, begin: &PutBegin) -> Result<Put, WireError> {
        let at: PutAt = wait(call(&self.0, methods::PUT_BEGIN, begin))?;
        Ok(Put {
            sender: self.0.clone(),
            id: at.id,
            next: at.offset,
            under_way: VecDeque::new(),
        })
    }

    fn abort(&self, id: &str) -> Result<(), WireError> {
        let put = PutRef { id: id.to_owned() };
        wait::<Nothing>(call(&self.0, methods::PUT_ABORT, &put)).map(|Nothing {}| ())
    }
}

impl Put {
    fn settle(&mut self) -> Result<(), WireError> {
        self.under_way
            .pop_front()
            .map_or(Ok(()), |call| wait(call).map(|_| ()))
    }
}

impl Upload for Put {
    fn id(&self) -> &str {
        &self.id
    }

    fn next(&self) -> u64 {
        self.next
    }

    fn write(&mut self, data: Vec<u8>) -> Result<(), WireError> {
        let length = data.len() as u64;
        let chunk = PutChunk {
            id: self.id.clone(),
            offset: self.next,
            data,
        };
        self.under_way
            .push_back(call(&self.sender, methods::PUT_WRITE, &chunk));
        self.next += length;
        while self.under_way.len() >= WINDOW {
            self.settle()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WireError> {
        while !self.under_way.is_empty() {
            self.settle()?;
        }
        Ok(())
    }

    fn finish(&mut self, sha256: Option<&str>) -> Result<Finished, WireError> {
        self.flush()?;
        let finish = PutFinish {
            id: self.id.clone(),
            sha256: sha256.map(str::to_owned),
        };
        loop {
            match wait(call(&self.sender, methods::PUT_FINISH, &finish)) {
                Err(error) if error.code == ErrorCode::Timeout => {}
                result => return result,
            }
        }
    }
}

fn call<A: serde::Serialize, R>(sender: &Sender, method: &str, arguments: &A) -> Call<R> {
    sender.call(&format!("{STORAGE}/{method}"), arguments)
}

fn wait<R: serde::de::DeserializeOwned>(call: Call<R>) -> Result<R, WireError> {
    block_on(call).map_err(CallError::into_wire)
}
