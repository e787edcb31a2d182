use crate::SendError;
use dkvm_wire::{encode_frame, Message, LIMIT_BEFORE_WELCOME};
use rustix::{
    event::{poll, PollFd, PollFlags},
    io::Errno,
};
use std::{
    io,
    os::fd::OwnedFd,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Mutex, PoisonError,
    },
};

/// Writes whole frames, one thread at a time, straight into the pipe: no queue, no other thread, so
/// that a message leaves with the call that sends it.
///
/// It blocks while the pipe is full. That is right: the kernel always reads, and when it does not,
/// there is nobody to work for.
pub(crate) struct Writer {
    pipe: Mutex<OwnedFd>,
    limit: AtomicUsize,
}

impl Writer {
    pub(crate) fn new(pipe: OwnedFd) -> Self {
        Self {
            pipe: Mutex::new(pipe),
            limit: AtomicUsize::new(LIMIT_BEFORE_WELCOME),
        }
    }

    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    pub(crate) fn send(&self, what: &str, message: &Message<'_>) -> Result<(), SendError> {
        let frame = encode_frame(&message.encode(), self.limit.load(Ordering::Relaxed)).map_err(
            |source| SendError::Frame {
                what: what.to_owned(),
                source,
            },
        )?;
        self.send_raw(&frame)
    }

    pub(crate) fn send_raw(&self, bytes: &[u8]) -> Result<(), SendError> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        write_all(&pipe, bytes).map_err(|error| match error {
            Errno::PIPE | Errno::CONNRESET => SendError::Closed,
            other => SendError::Write(io::Error::from(other)),
        })
    }
}

fn write_all(pipe: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(pipe, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Whoever made the pipe made it non-blocking.
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::new(pipe, PollFlags::OUT)], None)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
