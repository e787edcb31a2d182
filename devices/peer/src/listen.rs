//! Who calls: handshakes, as many as there is room for, and what becomes of them.

use crate::{
    close::Close,
    core::{
        address::plain,
        handshakes::{Admission, HandshakeId, Handshakes, Proof},
        link::Opener,
    },
    endpoint::Node,
    fingerprint::Fingerprint,
    news::{News, Teller},
    tls::{Gate, Turned, LINK, PAIR},
};
use quinn::{crypto::rustls::HandshakeData, Connection, Incoming};
use rustls::pki_types::CertificateDer;
use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::timeout,
};

/// An honest caller takes a few round trips.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Answers calls, for ever.
pub async fn listen(node: Arc<Node>, teller: Teller) {
    let mut desk = Desk {
        node,
        teller,
        handshakes: Handshakes::default(),
        under_way: HashMap::new(),
        tasks: JoinSet::new(),
    };
    loop {
        tokio::select! {
            incoming = desk.node.endpoint.accept() => match incoming {
                Some(incoming) => desk.admit(incoming),
                None => return,
            },
            Some(ended) = desk.tasks.join_next() => if let Ok(id) = ended {
                desk.ended(id);
            },
        }
    }
}

struct Desk {
    node: Arc<Node>,
    teller: Teller,
    handshakes: Handshakes,
    under_way: HashMap<u64, AbortHandle>,
    tasks: JoinSet<HandshakeId>,
}

impl Desk {
    fn admit(&mut self, incoming: Incoming) {
        match self
            .handshakes
            .admit(incoming.remote_address(), proof(&incoming))
        {
            Admission::Prove => {
                // Whoever is not at that address never comes back, and costs nothing.
                let _ = incoming.retry();
            }
            Admission::Begin(id, displaced) => {
                displaced.into_iter().for_each(|id| self.break_off(id));
                self.begin(id, incoming);
            }
        }
    }

    fn begin(&mut self, id: HandshakeId, incoming: Incoming) {
        let (node, teller) = (self.node.clone(), self.teller.clone());
        let task = self.tasks.spawn(async move {
            shake(&node, &teller, incoming).await;
            id
        });
        self.under_way.insert(id.number(), task);
    }

    fn break_off(&mut self, id: HandshakeId) {
        if let Some(task) = self.under_way.remove(&id.number()) {
            task.abort();
            self.node.counters.garbage();
        }
    }

    fn ended(&mut self, id: HandshakeId) {
        self.handshakes.ended(id);
        self.under_way.remove(&id.number());
    }
}

fn proof(incoming: &Incoming) -> Proof {
    match incoming.remote_address_validated() {
        true => Proof::Proven,
        false => Proof::Claimed,
    }
}

/// One handshake.
async fn shake(node: &Node, teller: &Teller, incoming: Incoming) {
    let from = (plain(incoming.remote_address()), proof(&incoming));
    let gate = Arc::new(Gate::default());
    let shaken = match node.answers(&gate) {
        Ok(config) => match incoming.accept_with(Arc::new(config)) {
            Ok(connecting) => timeout(HANDSHAKE, connecting).await,
            Err(error) => Ok(Err(error)),
        },
        Err(error) => return dkvm_sdk::error!("a call is not answered: {error}"),
    };
    match shaken {
        Ok(Ok(connection)) => arrived(node, teller, connection).await,
        Ok(Err(_)) | Err(_) => turned_away(node, teller, from, gate.turned()).await,
    }
}

async fn turned_away(
    node: &Node,
    teller: &Teller,
    (from, proof): (SocketAddr, Proof),
    turned: Turned,
) {
    match turned {
        Turned::Stranger(key) => {
            node.counters.stranger();
            dkvm_sdk::debug!("{from} was turned away: its key {key} is not paired with this node");
        }
        Turned::Version(offered) => {
            node.counters.version();
            // A device that ends has nobody to tell.
            let _ = teller.send(News::OtherVersion(from, proof, offered)).await;
        }
        Turned::Garbage => node.counters.garbage(),
    }
}

async fn arrived(node: &Node, teller: &Teller, connection: Connection) {
    let Some(key) = key(&connection) else {
        return Close::Nonsense.end(&connection, "there is no key");
    };
    let news = match protocol(&connection).as_deref() {
        Some(protocol) if protocol == PAIR => News::WantsToPair(key, connection),
        // It may have been forgotten while it was on its way.
        Some(protocol) if protocol == LINK && node.pins.has(&key) => {
            News::Connected(key, connection, Opener::There)
        }
        _ => {
            node.counters.stranger();
            return Close::Revoked.end(&connection, "this key is not paired with this node");
        }
    };
    let _ = teller.send(news).await;
}

/// The other side's key, which the handshake has proven.
pub fn key(connection: &Connection) -> Option<Fingerprint> {
    let identity = connection.peer_identity()?;
    let chain = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    Fingerprint::of_certificate(chain.first()?).ok()
}

fn protocol(connection: &Connection) -> Option<Vec<u8>> {
    let data = connection.handshake_data()?;
    data.downcast::<HandshakeData>().ok()?.protocol
}
