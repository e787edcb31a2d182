//! A cable between two nodes of this machine, that can be pulled out.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex,
    },
    thread,
};

/// Longer than any packet.
const PACKET: usize = 2048;

/// To one port.
pub struct Cable {
    /// Its near end.
    pub address: String,
    cut: Arc<AtomicBool>,
}

impl Cable {
    pub fn lay(port: u16) -> io::Result<Self> {
        let near = Arc::new(UdpSocket::bind("127.0.0.1:0")?);
        let far = Arc::new(UdpSocket::bind("127.0.0.1:0")?);
        far.connect(("127.0.0.1", port))?;
        let cable = Self {
            address: near.local_addr()?.to_string(),
            cut: Arc::default(),
        };
        let caller = Arc::new(Mutex::new(None::<SocketAddr>));
        let (from, to) = (near.clone(), far.clone());
        let (cut, called) = (cable.cut.clone(), caller.clone());
        thread::spawn(move || {
            carry(&from, &cut, |packet, who| {
                *called.lock().expect("the caller") = Some(who);
                to.send(packet)
            })
        });
        let cut = cable.cut.clone();
        thread::spawn(move || {
            carry(&far, &cut, |packet, _| {
                let caller = *caller.lock().expect("the caller");
                caller.map_or(Ok(0), |caller| near.send_to(packet, caller))
            })
        });
        Ok(cable)
    }

    /// Nothing passes.
    pub fn pull_out(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    /// All passes again.
    pub fn plug_in(&self) {
        self.cut.store(false, Ordering::Relaxed);
    }
}

/// As long as the test lives; a node that is not there yet, or not any more, is no reason to end.
fn carry(
    from: &UdpSocket,
    cut: &AtomicBool,
    send: impl Fn(&[u8], SocketAddr) -> io::Result<usize>,
) {
    let mut packet = [0; PACKET];
    loop {
        if let Ok((length, who)) = from.recv_from(&mut packet) {
            if !cut.load(Ordering::Relaxed) {
                // A packet that is lost is nothing new to who sends it.
                let _ = send(&packet[..length], who);
            }
        }
    }
}
