//! Reading the connection: by a thread, or beside the device's own future in its tokio runtime, which saves
//! the wake-up of a second thread, or task, for every message.

use crate::{
    block_on,
    connect::Connection,
    intake::{Inbound, Intake},
    shared::Shared,
    LinkError,
};
use rustix::{
    event::{poll, PollFd, PollFlags},
    io::Errno,
};
use std::{
    os::fd::OwnedFd,
    sync::{Arc, Weak},
    thread,
};

/// A pipe holds 64 KiB, so no more comes with one read.
const READ_CHUNK: usize = 64 * 1024;

/// Whether there is more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    End,
}

/// Brings what was read to where it belongs. It holds the connection weakly, so it does not keep
/// it open when all of the device has let go of it.
struct Feed {
    shared: Weak<Shared>,
    intake: Intake,
    chunk: Vec<u8>,
}

impl Feed {
    fn new(shared: &Arc<Shared>, intake: Intake) -> Self {
        Self {
            shared: Arc::downgrade(shared),
            intake,
            chunk: vec![0; READ_CHUNK],
        }
    }

    /// Deals with the result of a read into `chunk`.
    async fn took(&mut self, read: Result<usize, Errno>) -> Flow {
        let Some(shared) = self.shared.upgrade() else {
            return Flow::End;
        };
        let result = match read {
            Ok(0) => Err(LinkError::Closed),
            Ok(length) => {
                self.intake.push(&self.chunk[..length]);
                self.deliver(&shared).await
            }
            Err(error) => Err(LinkError::Read(error.into())),
        };
        end(&shared, result).await
    }

    /// Deals with what came along with `welcome`.
    async fn rest_of_handshake(&mut self) -> Flow {
        let Some(shared) = self.shared.upgrade() else {
            return Flow::End;
        };
        let result = self.deliver(&shared).await;
        end(&shared, result).await
    }

    async fn deliver(&mut self, shared: &Shared) -> Result<(), LinkError> {
        while let Some(inbound) = self.intake.next(shared)? {
            if shared.is_listening() {
                shared.inbox.send(inbound).await;
            }
        }
        Ok(())
    }
}

async fn end(shared: &Shared, result: Result<(), LinkError>) -> Flow {
    let Err(error) = result else { return Flow::On };
    shared.pending.close();
    if shared.is_listening() {
        shared.inbox.send(Inbound::End(error)).await;
    }
    Flow::End
}

/// Reads in a thread, for any executor.
pub(crate) fn in_thread(connection: Connection) -> Arc<Shared> {
    let Connection {
        shared,
        input,
        intake,
    } = connection;
    let mut feed = Feed::new(&shared, intake);
    thread::spawn(move || {
        let mut flow = block_on(feed.rest_of_handshake());
        while flow == Flow::On {
            let read = read_blocking(&input, &mut feed.chunk);
            flow = block_on(feed.took(read));
        }
    });
    shared
}

fn read_blocking(input: &OwnedFd, chunk: &mut [u8]) -> Result<usize, Errno> {
    loop {
        match rustix::io::read(input, &mut *chunk) {
            Err(Errno::INTR) => {}
            // Whoever made the pipe made it non-blocking.
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::new(input, PollFlags::IN)], None)),
            result => return result,
        }
    }
}

#[cfg(feature = "tokio")]
pub(crate) use future::beside_main;

#[cfg(feature = "tokio")]
mod future {
    use super::{in_thread, Feed, Flow};
    use crate::{connect::Connection, shared::Shared};
    use rustix::io::Errno;
    use std::{future::poll_fn, io, pin::Pin, sync::Arc};
    use tokio::{
        io::{AsyncRead, ReadBuf},
        net::unix::pipe::Receiver,
    };

    /// What is still to be read; nothing where a thread does it.
    pub(crate) struct Reading(Option<(Receiver, Feed)>);

    /// Reads by [`Reading::run`], in the runtime that this is called in.
    pub(crate) fn beside_main(connection: Connection) -> (Arc<Shared>, Reading) {
        let Connection {
            shared,
            input,
            intake,
        } = connection;
        // A kernel's connection is a pipe; what is none (a socket) is read by a thread.
        let Ok(pipe) = input.try_clone().and_then(Receiver::from_owned_fd) else {
            let shared = in_thread(Connection {
                shared,
                input,
                intake,
            });
            return (shared, Reading(None));
        };
        let feed = Feed::new(&shared, intake);
        (shared, Reading(Some((pipe, feed))))
    }

    impl Reading {
        /// Until there is no more.
        pub(crate) async fn run(self) {
            let Some((mut pipe, mut feed)) = self.0 else {
                return;
            };
            let mut flow = feed.rest_of_handshake().await;
            while flow == Flow::On {
                let read = read(&mut pipe, &mut feed.chunk).await;
                flow = feed.took(read.map_err(|error| errno(&error))).await;
            }
        }
    }

    /// One call of Linux for what a pipe holds: after a read that did not fill the chunk tokio waits for word of more.
    async fn read(pipe: &mut Receiver, chunk: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut room = ReadBuf::new(&mut *chunk);
            match poll_fn(|cx| Pin::new(&mut *pipe).poll_read(cx, &mut room)).await {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map(|()| room.filled().len()),
            }
        }
    }

    fn errno(error: &io::Error) -> Errno {
        Errno::from_io_error(error).unwrap_or(Errno::IO)
    }
}
