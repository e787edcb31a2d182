//! The UDP socket, with an eye on what is no QUIC.

use super::cid::Cids;
use crate::counters::Counters;
use quinn::{
    udp::{RecvMeta, Transmit},
    AsyncUdpSocket, UdpPoller,
};
use std::{
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

const LONG_HEADER: u8 = 0x80;
const FIXED_BIT: u8 = 0x40;
/// Short headers begin with the id after one byte.
const ID_AT: usize = 1;
/// QUIC version 1, RFC 9000.
const VERSION: [u8; 4] = 1u32.to_be_bytes();

/// A socket that counts what quinn drops without a word.
#[derive(Debug)]
pub struct Watched {
    socket: Arc<dyn AsyncUdpSocket>,
    cids: Cids,
    counters: Counters,
}

impl Watched {
    /// Around another.
    pub fn new(socket: Arc<dyn AsyncUdpSocket>, cids: Cids, counters: Counters) -> Self {
        Self {
            socket,
            cids,
            counters,
        }
    }

    fn look(&self, buffer: &[u8], meta: &RecvMeta) {
        let bytes = buffer.get(..meta.len).unwrap_or_default();
        for datagram in bytes.chunks(meta.stride.max(1)) {
            if !is_quic(datagram, &self.cids) {
                self.counters.garbage();
            }
        }
    }
}

/// Whether it may be a packet for us, as far as its outside tells.
fn is_quic(datagram: &[u8], cids: &Cids) -> bool {
    match datagram.first() {
        Some(first) if first & FIXED_BIT == 0 => false,
        Some(first) if first & LONG_HEADER != 0 => datagram.get(1..5) == Some(&VERSION),
        Some(_) => cids.knows(&datagram[ID_AT..]),
        None => false,
    }
}

impl AsyncUdpSocket for Watched {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.socket.clone().create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.socket.try_send(transmit)
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let polled = self.socket.poll_recv(context, buffers, meta);
        if let Poll::Ready(Ok(count)) = polled {
            for (buffer, meta) in buffers.iter().zip(meta.iter()).take(count) {
                self.look(buffer, meta);
            }
        }
        polled
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.socket.may_fragment()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quinn::ConnectionIdGenerator;

    #[test]
    fn noise_is_told_from_packets() {
        let mut cids = Cids::new(&[1; 32]);
        let id = cids.generate_cid();
        assert!(is_quic(&[&[0x40], &id[..], b"sealed"].concat(), &cids));
        assert!(is_quic(&[0xc0, 0, 0, 0, 1, 8], &cids));
        assert!(!is_quic(&[0xc0, 0, 0, 0, 2, 8], &cids));
        assert!(!is_quic(b"GET / HTTP/1.1", &cids));
        assert!(!is_quic(b"", &cids));
    }

    proptest! {
        #[test]
        fn no_datagram_harms(datagram in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = is_quic(&datagram, &Cids::new(&[1; 32]));
        }
    }
}
