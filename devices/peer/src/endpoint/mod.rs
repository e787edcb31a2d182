//! The one UDP socket, and how QUIC is spoken on it.

mod cid;
mod pace;
mod socket;
mod udp;

use crate::{
    counters::Counters,
    fingerprint::Fingerprint,
    identity::Identity,
    session,
    tls::{self, Gate, Pins, TlsError},
};
use cid::Cids;
use quinn::{
    ClientConfig, Endpoint, EndpointConfig, NoneTokenLog, NoneTokenStore, ServerConfig,
    TokioRuntime, TransportConfig, ValidationTokenConfig, VarInt,
};
use ring::{hkdf, hmac};
use rustix::net::sockopt;
use socket::Watched;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use udp::Udp;

/// No connection lives longer without a sign; the link notices before (`core::link::DEAD`).
const IDLE: Duration = Duration::from_secs(10);
/// While two persons compare codes nothing else is said.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// Sessions of one peer, and its control stream, with room for some that are just ending.
const STREAMS: u32 = 48;
/// What one session may have under way: more than a round trip of 50 ms takes at 20 Mbit/s.
const STREAM_WINDOW: u32 = 128 * 1024;
/// What all of one link may have under way, in either direction: sessions of both sides that nobody reads must leave room for the
/// control stream and the lanes, or the link counts as dead.
const LINK_WINDOW: u32 = (2 * session::MOST as u32 + 8) * STREAM_WINDOW;
/// Events that have a stream each, of all lanes.
const EVENTS_UNDER_WAY: u32 = 64;
/// Input that waits to be sent. A link that stands still must not deliver later what was typed before: what does not fit
/// drops the oldest.
const INPUT_WAITS: usize = 4 * 1024;
/// Input that waits to be looked at.
const INPUT_UNREAD: usize = 64 * 1024;
/// First packets that wait to be looked at, and what they may carry.
const INCOMING_MOST: usize = 64;
const INCOMING_BYTES: u64 = 16 * 1024;

/// Why there is no link to anybody.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// No socket.
    #[error("no UDP socket can be opened, so there is no link to other nodes: {0}")]
    Socket(#[from] io::Error),
    /// No TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// This node on the network.
#[derive(Debug)]
pub struct Node {
    /// Calls and is called.
    pub endpoint: Endpoint,
    /// Its key.
    pub identity: Identity,
    /// Who is paired.
    pub pins: Pins,
    /// Who was turned away.
    pub counters: Counters,
    transport: Arc<TransportConfig>,
    tokens: Arc<hkdf::Prk>,
}

impl Node {
    /// Opens it. Where the port is taken another is used, and the sentence says what that costs.
    pub fn open(
        identity: Identity,
        listen: SocketAddr,
        counters: Counters,
    ) -> Result<(Arc<Self>, Option<String>), EndpointError> {
        let (socket, told) = bind(listen)?;
        let cids = Cids::new(&identity.secret("connection ids"));
        let runtime = Arc::new(TokioRuntime);
        let socket = Watched::new(Arc::new(Udp::new(socket)?), cids, counters.clone());
        let reset = hmac::Key::new(hmac::HMAC_SHA256, &identity.secret("stateless resets"));
        let mut config = EndpointConfig::new(Arc::new(reset));
        config
            .cid_generator(move || Box::new(cids))
            // With packets that look like noise on purpose (RFC 9287) noise could not be told from them.
            .grease_quic_bit(false);
        let endpoint = Endpoint::new_with_abstract_socket(config, None, Arc::new(socket), runtime)?;
        let tokens = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&identity.secret("tokens"));
        let node = Self {
            endpoint,
            identity,
            pins: Pins::default(),
            counters,
            transport: Arc::new(transport()?),
            tokens: Arc::new(tokens),
        };
        let answers = node.answers(&Arc::default())?;
        node.endpoint.set_server_config(Some(answers));
        Ok((Arc::new(node), told))
    }

    /// How one call is answered; `gate` learns what it shows.
    pub fn answers(&self, gate: &Arc<Gate>) -> Result<ServerConfig, TlsError> {
        let crypto = tls::server(&self.identity, self.pins.clone(), gate)?;
        let mut config = ServerConfig::new(Arc::new(crypto), self.tokens.clone());
        let mut tokens = ValidationTokenConfig::default();
        // An address is proven anew each time: nothing that was recorded helps anybody.
        tokens.sent(0).log(Arc::new(NoneTokenLog));
        config
            .transport_config(self.transport.clone())
            .validation_token_config(tokens)
            .max_incoming(INCOMING_MOST)
            .incoming_buffer_size(INCOMING_BYTES)
            .incoming_buffer_size_total(INCOMING_BYTES * INCOMING_MOST as u64);
        Ok(config)
    }

    /// How to call.
    pub fn calls(
        &self,
        expected: Option<Fingerprint>,
        protocol: &[u8],
    ) -> Result<ClientConfig, TlsError> {
        let crypto = tls::client(&self.identity, expected, protocol)?;
        let mut config = ClientConfig::new(Arc::new(crypto));
        config
            .transport_config(self.transport.clone())
            .token_store(Arc::new(NoneTokenStore));
        Ok(config)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.endpoint
            .local_addr()
            .map_or(0, |address| address.port())
    }
}

fn transport() -> io::Result<TransportConfig> {
    let mut transport = TransportConfig::default();
    let idle = IDLE.try_into().map_err(io::Error::other)?;
    transport
        .max_idle_timeout(Some(idle))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(EVENTS_UNDER_WAY))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(LINK_WINDOW))
        .send_window(u64::from(LINK_WINDOW))
        .datagram_receive_buffer_size(Some(INPUT_UNREAD))
        .datagram_send_buffer_size(INPUT_WAITS)
        .congestion_controller_factory(Arc::new(pace::Pacing::default()));
    Ok(transport)
}

/// Both families on one socket, where Linux has both. One address that somebody set is never widened to all.
fn bind(listen: SocketAddr) -> io::Result<(UdpSocket, Option<String>)> {
    let everywhere = listen.ip().is_unspecified();
    let taken = match open(listen) {
        Ok(socket) => return Ok((socket, None)),
        Err(error) if everywhere && listen.is_ipv6() && is_without_ipv6(&error) => {
            let socket = open(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), listen.port()))?;
            return Ok((socket, None));
        }
        Err(error) if is_taken(&error) => error,
        Err(error) => {
            let told = format!("{listen} cannot be used ({error}): see `listen` of peer");
            return Err(io::Error::new(error.kind(), told));
        }
    };
    let mut other = listen;
    other.set_port(0);
    let told = format!("other nodes do not reach this one, as {listen} (UDP) cannot be used ({taken}): it only calls them; end what uses the port, or set `listen` of peer");
    Ok((open(other)?, Some(told)))
}

fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

fn is_without_ipv6(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let codes = [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL];
    codes
        .iter()
        .any(|code| error.raw_os_error() == Some(code.raw_os_error()))
}

fn open(listen: SocketAddr) -> io::Result<UdpSocket> {
    use rustix::net::{bind, socket_with, AddressFamily, SocketFlags, SocketType};
    let family = match listen {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    if listen.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, false)?;
    }
    // At boot an address that a DHCP server or a router gives may be still to come.
    match listen.ip() {
        ip if ip.is_unspecified() => {}
        IpAddr::V4(_) => sockopt::set_ip_freebind(&socket, true)?,
        IpAddr::V6(_) => sockopt::set_ipv6_freebind(&socket, true)?,
    }
    bind(&socket, &listen)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(listen: &str) -> (SocketAddr, Option<String>) {
        let (socket, told) = bind(listen.parse().unwrap()).unwrap();
        (socket.local_addr().unwrap(), told)
    }

    #[test]
    fn an_address_that_is_still_to_come_is_the_one_that_is_listened_on() {
        for listen in ["192.0.2.5:0", "[2001:db8::7]:0"] {
            let (address, told) = bound(listen);
            assert_eq!(address.ip(), listen.parse::<SocketAddr>().unwrap().ip());
            assert_eq!(told, None);
        }
    }

    #[test]
    fn where_the_port_is_taken_the_address_stays_and_it_is_told() {
        for listen in ["127.0.0.1:0", "[::]:0"] {
            let (first, _) = bind(listen.parse().unwrap()).unwrap();
            let taken = first.local_addr().unwrap();
            let (address, told) = bound(&taken.to_string());
            assert_eq!(address.ip(), taken.ip());
            assert_ne!(address.port(), taken.port());
            assert!(told.unwrap().contains("only calls them"));
        }
    }

    #[test]
    fn an_address_that_is_none_of_a_socket_is_an_error_and_not_everywhere() {
        // Link-local, on an interface that is not there.
        let error = bind("[fe80::1%99999]:0".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("`listen` of peer"), "{error}");
    }
}
