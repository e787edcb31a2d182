use rustix::io::Errno;
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::io::{unix::AsyncFd, Interest};
use tokio::net::{unix::pipe, UnixStream};

/// What bytes go through. Nothing here ever blocks.
pub(crate) enum Io {
    /// A device's stdout and stdin.
    Pipes {
        from: Output,
        to: RefCell<Option<Rc<pipe::Sender>>>,
    },
    /// A client's socket.
    Socket(UnixStream),
}

/// Our end of a device's stdout or stderr.
#[derive(Debug)]
pub(crate) struct Output {
    pipe: AsyncFd<OwnedFd>,
    /// Its device is dead.
    is_last: Cell<bool>,
}

impl Output {
    /// Takes the pipe over.
    pub(crate) fn new(pipe: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&pipe, true)?;
        // Deprecated for descriptors that may change under it, which this one does not; its successor is unsafe.
        #[allow(deprecated)]
        let pipe = AsyncFd::with_interest(pipe, Interest::READABLE)?;
        Ok(Self {
            pipe,
            is_last: Cell::new(false),
        })
    }

    /// The device is dead: what is in the pipe is read as it is, also what Linux has not told of yet.
    pub(crate) fn ended(&self) {
        self.is_last.set(true);
    }

    /// One call of Linux for what the pipe holds: after a read that did not fill the buffer there is nothing before Linux says so.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_last.get() {
            return Ok(rustix::io::read(&self.pipe, buffer)?);
        }
        let mut came = None;
        let all = self.pipe.try_io(Interest::READABLE, |pipe| {
            let length = rustix::io::read(pipe, &mut *buffer)?;
            came = Some(length);
            match 0 < length && length < buffer.len() {
                true => Err(Errno::AGAIN.into()),
                false => Ok(length),
            }
        });
        came.map_or(all, Ok)
    }

    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.pipe.readable().await.map(drop)
    }
}

/// What a read brought.
pub(crate) enum Read {
    Some(usize),
    NothingNow,
    End,
}

impl Io {
    pub(crate) fn pipes(from: Output, to: pipe::Sender) -> Self {
        Self::Pipes {
            from,
            to: RefCell::new(Some(Rc::new(to))),
        }
    }

    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> Read {
        let result = match self {
            Self::Pipes { from, .. } => from.try_read(buffer),
            Self::Socket(stream) => stream.try_read(buffer),
        };
        match result {
            Ok(0) => Read::End,
            Ok(n) => Read::Some(n),
            Err(e) if would_block(&e) => Read::NothingNow,
            Err(_) => Read::End,
        }
    }

    /// The device at the other end is dead.
    pub(crate) fn ended(&self) {
        if let Self::Pipes { from, .. } = self {
            from.ended();
        }
    }

    /// How many bytes were taken; 0: no room now.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let result = match self {
            Self::Pipes { to, .. } => match &*to.borrow() {
                Some(to) => to.try_write(bytes),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            },
            Self::Socket(stream) => stream.try_write(bytes),
        };
        match result {
            Err(e) if would_block(&e) => Ok(0),
            other => other,
        }
    }

    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Pipes { from, .. } => from.readable().await,
            Self::Socket(stream) => stream.readable().await,
        }
    }

    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Pipes { to, .. } => {
                let to = to.borrow().clone();
                match to {
                    Some(to) => to.writable().await,
                    None => Err(io::ErrorKind::BrokenPipe.into()),
                }
            }
            Self::Socket(stream) => stream.writable().await,
        }
    }

    /// The other side reads an end of file.
    pub(crate) fn close_output(&self) {
        if let Self::Pipes { to, .. } = self {
            to.borrow_mut().take();
        }
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTERS: &[u8] = b"some of the letters";

    fn runtime() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_io().build().expect("a runtime")
    }

    #[test]
    fn after_what_did_not_fill_the_buffer_there_is_nothing_until_linux_says_so() {
        runtime().block_on(async {
            let (ours, theirs) = rustix::pipe::pipe().expect("a pipe");
            let output = Output::new(ours).expect("taken over");
            let mut buffer = [0; 64];
            for _ in 0..3 {
                rustix::io::write(&theirs, LETTERS).expect("room");
                output.readable().await.expect("there is some");
                let length = output.try_read(&mut buffer).expect("some");
                assert_eq!(&buffer[..length], LETTERS);
                // Linux is not asked: it would have this.
                rustix::io::write(&theirs, LETTERS).expect("room");
                let error = output.try_read(&mut buffer).expect_err("not told of");
                assert!(would_block(&error));
                output.readable().await.expect("now it is told of");
                assert_eq!(output.try_read(&mut buffer).expect("some"), LETTERS.len());
            }
            // Of one that is dead nothing is told any more, or too late.
            rustix::io::write(&theirs, LETTERS).expect("room");
            output.ended();
            assert_eq!(output.try_read(&mut buffer).expect("some"), LETTERS.len());
            let error = output.try_read(&mut buffer).expect_err("nothing");
            assert!(would_block(&error));
            drop(theirs);
            assert_eq!(output.try_read(&mut buffer).expect("the end"), 0);
        });
    }

    #[test]
    fn more_than_the_buffer_holds_comes_in_parts_and_then_the_end() {
        runtime().block_on(async {
            let (ours, theirs) = rustix::pipe::pipe().expect("a pipe");
            let output = Output::new(ours).expect("taken over");
            rustix::io::write(&theirs, LETTERS).expect("room");
            drop(theirs);
            let mut all = Vec::new();
            loop {
                let mut buffer = [0; 4];
                output.readable().await.expect("some, or the end");
                match output.try_read(&mut buffer) {
                    Ok(0) => break,
                    Ok(length) => all.extend_from_slice(&buffer[..length]),
                    Err(error) => assert!(would_block(&error)),
                }
            }
            assert_eq!(all, LETTERS);
        });
    }
}
