//! The UDP socket under quinn: as quinn's own, but woken only by what comes. Linux tells whoever asks of each packet that has left
//! that there is room for another, which would be a turn of this device for each packet that it sends.

use quinn::{
    udp::{RecvMeta, Transmit, UdpSocketState},
    AsyncUdpSocket, UdpPoller,
};
use std::{
    io::{self, IoSliceMut},
    net::{SocketAddr, UdpSocket},
    pin::Pin,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    task::{ready, Context, Poll},
};
use tokio::io::{unix::AsyncFd, Interest};

/// The socket.
#[derive(Debug)]
pub struct Udp {
    state: UdpSocketState,
    socket: AsyncFd<UdpSocket>,
    /// A packet found no room: Linux is asked when there is some.
    full: AtomicBool,
}

impl Udp {
    /// Around a bound one.
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        Ok(Self {
            state: UdpSocketState::new((&socket).into())?,
            socket: watched(socket, Interest::READABLE)?,
            full: AtomicBool::new(false),
        })
    }
}

fn watched(socket: UdpSocket, interest: Interest) -> io::Result<AsyncFd<UdpSocket>> {
    // Deprecated for descriptors that may change under it, which a socket's does not; its successor is unsafe.
    #[allow(deprecated)]
    AsyncFd::with_interest(socket, interest)
}

impl AsyncUdpSocket for Udp {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Room {
            udp: self,
            watch: None,
        })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let sent = self.state.send(self.socket.get_ref().into(), transmit);
        if matches!(&sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            self.full.store(true, Ordering::Relaxed);
        }
        sent
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.socket.poll_read_ready(context))?;
            let read = guard.try_io(|socket| {
                let socket = socket.get_ref().into();
                self.state.recv(socket, buffers, meta)
            });
            let Ok(read) = read else { continue };
            // There was no more: what comes now, Linux tells of.
            if matches!(read, Ok(count) if count < buffers.len()) {
                guard.clear_ready();
            }
            return Poll::Ready(read);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get_ref().local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.state.gro_segments()
    }

    fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }
}

/// Waits for room, where there was none.
#[derive(Debug)]
struct Room {
    udp: Arc<Udp>,
    /// A copy of the socket, watched for as long as it takes.
    watch: Option<AsyncFd<UdpSocket>>,
}

impl UdpPoller for Room {
    fn poll_writable(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.udp.full.load(Ordering::Relaxed) {
            let watch = match self.watch.take() {
                Some(watch) => watch,
                None => {
                    let copy = self.udp.socket.get_ref().try_clone()?;
                    watched(copy, Interest::WRITABLE)?
                }
            };
            let asked = watch.poll_write_ready(context).map_ok(drop);
            if asked.is_pending() {
                self.watch = Some(watch);
            }
            ready!(asked)?;
            self.udp.full.store(false, Ordering::Relaxed);
        }
        self.watch = None;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, net::Ipv4Addr, task::Waker};

    const PLACES: usize = 4;

    fn socket() -> UdpSocket {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
    }

    fn receive(udp: &Udp, context: &mut Context<'_>) -> Poll<usize> {
        let mut bytes = [[0; 2048]; PLACES];
        let mut buffers = bytes.each_mut().map(|one| IoSliceMut::new(one));
        let mut meta = [RecvMeta::default(); PLACES];
        let polled = udp.poll_recv(context, &mut buffers, &mut meta);
        polled.map(Result::unwrap)
    }

    #[tokio::test]
    async fn all_that_came_is_had_and_what_comes_later_is_told_of() {
        let (udp, other) = (Udp::new(socket()).unwrap(), socket());
        let here = udp.local_addr().unwrap();
        for count in [1, PLACES, 2 * PLACES + 1] {
            for _ in 0..count {
                other.send_to(b"packet", here).unwrap();
            }
            let mut came = 0;
            while came < count {
                came += poll_fn(|context| receive(&udp, context)).await;
            }
            assert_eq!(came, count);
            let mut nobody = Context::from_waker(Waker::noop());
            assert!(receive(&udp, &mut nobody).is_pending());
        }
    }

    #[tokio::test]
    async fn who_found_no_room_is_told_when_there_is_some() {
        let udp = Arc::new(Udp::new(socket()).unwrap());
        let mut room = udp.clone().create_io_poller();
        let mut nobody = Context::from_waker(Waker::noop());
        assert!(room.as_mut().poll_writable(&mut nobody).is_ready());
        udp.full.store(true, Ordering::Relaxed);
        assert!(room.as_mut().poll_writable(&mut nobody).is_pending());
        poll_fn(|context| room.as_mut().poll_writable(context))
            .await
            .unwrap();
        assert!(!udp.full.load(Ordering::Relaxed));
        assert!(room.as_mut().poll_writable(&mut nobody).is_ready());
    }
}
