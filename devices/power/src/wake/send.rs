//! Sends magic packets.

use super::{
    interfaces::{self, Interface},
    Order,
};
use dkvm_wire::{ErrorCode, WireError};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6},
    time::Duration,
};
use thiserror::Error;
use tokio::{net::UdpSocket, time::sleep};

/// "Discard": the customary port, and nobody answers there.
const PORT: u16 = 9;
/// Nothing tells whether a packet arrived, so there are three.
const SENDS: u32 = 3;
/// A switch that just woke its own port takes a moment.
const BETWEEN: Duration = Duration::from_millis(100);
/// All machines on the wire, IPv6: what is left where a network has no IPv4.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// Why nobody was woken.
#[derive(Debug, Error)]
pub enum WakeError {
    /// No interface.
    #[error(
        "no packet can be sent: no network interface is up; see `dkvm ps` for the network device"
    )]
    NoNetwork,
    /// Not that interface.
    #[error("no packet can be sent: the interface {0:?} is not up, or not there; see `interface` of this machine in the configuration")]
    NoInterface(String),
    /// Every way failed.
    #[error("no packet could be sent: {0}")]
    AllFailed(String),
}

impl From<WakeError> for WireError {
    fn from(error: WakeError) -> Self {
        let code = match error {
            WakeError::NoNetwork | WakeError::NoInterface(_) => ErrorCode::Unavailable,
            WakeError::AllFailed(_) => ErrorCode::Hardware,
        };
        Self::new(code, error.to_string())
    }
}

/// One socket and where it sends to.
struct Way {
    socket: UdpSocket,
    to: SocketAddr,
}

/// Sends the packet three times on every way there is. It has worked when one packet left.
pub async fn send(order: &Order) -> Result<(), WakeError> {
    let (ways, mut failures) = ways(order)?;
    let packet = order.mac.magic_packet();
    let mut sent = 0_u32;
    for round in 0..SENDS {
        if round > 0 {
            sleep(BETWEEN).await;
        }
        for way in &ways {
            match way.socket.send_to(&packet, way.to).await {
                Ok(_) => sent += 1,
                Err(error) => failures.push(format!("{}: {error}", way.to)),
            }
        }
    }
    if sent > 0 {
        return Ok(());
    }
    // The rounds fail alike, in turn on every way.
    failures.sort();
    failures.dedup();
    Err(WakeError::AllFailed(failures.join("; ")))
}

fn ways(order: &Order) -> Result<(Vec<Way>, Vec<String>), WakeError> {
    let interfaces = chosen(order)?;
    let (mut ways, mut failures) = (Vec::new(), Vec::new());
    let mut add = |name: &str, way: io::Result<Way>| match way {
        Ok(way) => ways.push(way),
        Err(error) => failures.push(format!("{name}: {error}")),
    };
    for interface in &interfaces {
        add(&interface.name, by_broadcast(interface));
        add(&interface.name, by_ipv6(interface));
    }
    if let Some(address) = order.broadcast {
        add(&address.to_string(), to_address(address));
    }
    Ok((ways, failures))
}

fn chosen(order: &Order) -> Result<Vec<Interface>, WakeError> {
    let mut interfaces = interfaces::up();
    if let Some(wanted) = &order.interface {
        interfaces.retain(|interface| interface.name == *wanted);
        if interfaces.is_empty() {
            return Err(WakeError::NoInterface(wanted.clone()));
        }
    }
    if interfaces.is_empty() && order.broadcast.is_none() {
        return Err(WakeError::NoNetwork);
    }
    Ok(interfaces)
}

/// The limited broadcast needs no route and no address, so it works before DHCP did.
fn by_broadcast(interface: &Interface) -> io::Result<Way> {
    let socket = socket(Ipv4Addr::UNSPECIFIED.into())?;
    socket.set_broadcast(true)?;
    socket.bind_device(Some(interface.name.as_bytes()))?;
    let to = (Ipv4Addr::BROADCAST, PORT).into();
    Ok(Way { socket, to })
}

fn by_ipv6(interface: &Interface) -> io::Result<Way> {
    let socket = socket(Ipv6Addr::UNSPECIFIED.into())?;
    let to = SocketAddrV6::new(ALL_NODES, PORT, 0, interface.index).into();
    Ok(Way { socket, to })
}

fn to_address(address: Ipv4Addr) -> io::Result<Way> {
    let socket = socket(Ipv4Addr::UNSPECIFIED.into())?;
    socket.set_broadcast(true)?;
    let to = (address, PORT).into();
    Ok(Way { socket, to })
}

fn socket(address: IpAddr) -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind((address, 0))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}
