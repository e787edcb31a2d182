use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use tokio::net::{unix::pipe, UnixStream};

/// What bytes go through. Nothing here ever blocks.
pub(crate) enum Io {
    /// A device's stdout and stdin.
    Pipes {
        from: pipe::Receiver,
        to: RefCell<Option<Rc<pipe::Sender>>>,
    },
    /// A client's socket.
    Socket(UnixStream),
}

/// What a read brought.
pub(crate) enum Read {
    Some(usize),
    NothingNow,
    End,
}

impl Io {
    pub(crate) fn pipes(from: pipe::Receiver, to: pipe::Sender) -> Self {
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
