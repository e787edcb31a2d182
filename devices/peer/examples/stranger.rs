//! Somebody on the network who has no business with a node: for the lab's scenario `strangers`.
//!
//!     stranger fingerprint DIR            the key in DIR, made where there is none
//!     stranger call DIR PROTOCOL ADDRESS COUNT   calls with that key, one after the other; tells how each ended
//!     stranger hold DIR ADDRESS           links as a paired node does; tells when it is linked, and why it ended
//!     stranger replay DIR ADDRESS         calls as a paired node, then says all that it said once more, from elsewhere
//!     stranger noise ADDRESS COUNT        datagrams that are none of QUIC's
//!     stranger slow ADDRESS COUNT         handshakes that begin, prove their address, and go no further

use dkvm_peer::{
    control,
    core::{
        lead::Lead,
        link::{LinkId, Opener},
    },
    counters::Counters,
    dial,
    endpoint::Node,
    identity::Identity,
    message::Hello,
    news::{self, News},
    tls::LINK,
};
use std::{
    env,
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::UdpSocket,
    sync::mpsc,
    time::{sleep, timeout},
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A node judges a caller within this.
const VERDICT: Duration = Duration::from_secs(10);
/// So long after a connection was closed the node knows nothing more of it: three times its repetition, on a machine with much to do.
const FORGOTTEN: Duration = Duration::from_secs(2);
/// Handshakes that stand still are kept for longer than a node waits.
const STAND_STILL: Duration = Duration::from_secs(6);
/// Types of long headers, RFC 9000, 17.2.
const TYPE: u8 = 0xf0;
const RETRY: u8 = 0xf0;
const INITIAL: u8 = 0xc0;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["fingerprint", folder] => println!("{}", identity(folder)?.fingerprint),
        ["call", folder, protocol, address, count] => {
            for _ in 0..count.parse()? {
                println!("{}", call(folder, protocol, address).await?);
            }
        }
        ["hold", folder, address] => hold(folder, address).await?,
        ["replay", folder, address] => replay(folder, address.parse()?).await?,
        ["noise", address, count] => noise(address, count.parse()?).await?,
        ["slow", address, count] => slow(address.parse()?, count.parse()?).await?,
        _ => return Err("see the top of its source for what it does".into()),
    }
    Ok(())
}

fn identity(folder: &str) -> Outcome<Identity> {
    std::fs::create_dir_all(folder)?;
    Ok(Identity::obtain(Some(Path::new(folder)))?)
}

fn node(folder: &str) -> Outcome<Arc<Node>> {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    Ok(Node::open(identity(folder)?, any, Counters::default())?.0)
}

async fn call(folder: &str, protocol: &str, address: &str) -> Outcome<String> {
    let node = node(folder)?;
    let called = dial::call(
        &node,
        None,
        protocol.as_bytes(),
        &[Lead::known(address.to_owned())],
    )
    .await;
    Ok(match called {
        // With TLS 1.3 the caller believes that it is through before it is judged.
        Ok(connection) => match timeout(VERDICT, connection.closed()).await {
            Ok(error) => format!("closed: {error}"),
            Err(_) => "let in".to_owned(),
        },
        Err(fault) => format!("refused: {}", fault.told),
    })
}

async fn hold(folder: &str, address: &str) -> Outcome<()> {
    let node = node(folder)?;
    let connection = dial::call(&node, None, LINK, &[Lead::known(address.to_owned())])
        .await
        .map_err(|fault| fault.told)?;
    let (teller, mut news) = mpsc::channel(news::QUEUE);
    let (_mouth, says) = control::mouth();
    let key = node.identity.fingerprint;
    let talk = control::Talk {
        key,
        id: LinkId(1),
        connection,
        opener: Opener::Here,
        hello: Hello::default(),
        teller,
    };
    tokio::spawn(control::talk(talk, says));
    while let Some(news) = news.recv().await {
        match news {
            News::Linked(..) => println!("linked"),
            News::Lost(_, _, fault) => {
                println!("ended: {}", fault.told);
                return Ok(());
            }
            _ => {}
        }
    }
    Ok(())
}

async fn noise(address: &str, count: u32) -> Outcome<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    let mut datagram = [0; 80];
    for n in 0..count {
        getrandom::fill(&mut datagram)?;
        // Neither a short nor a long header.
        datagram[0] &= 0x3f;
        socket
            .send_to(&datagram[..20 + n as usize % 60], address)
            .await?;
        sleep(Duration::from_micros(200)).await;
    }
    println!("{count} sent");
    Ok(())
}

/// Stands between a caller and a node, and passes on what it is told to.
struct Between {
    near: UdpSocket,
    far: UdpSocket,
    node: SocketAddr,
}

impl Between {
    async fn new(node: SocketAddr) -> Outcome<Self> {
        Ok(Self {
            near: UdpSocket::bind("127.0.0.1:0").await?,
            far: UdpSocket::bind("0.0.0.0:0").await?,
            node,
        })
    }

    /// Until it is dropped; gives each datagram of the caller's that it passed on to `record`.
    async fn pass(
        &self,
        from_caller: fn(u8) -> bool,
        from_node: fn(u8) -> bool,
        record: mpsc::UnboundedSender<Vec<u8>>,
    ) -> Outcome<()> {
        let (mut out, mut back) = (vec![0; 2048], vec![0; 2048]);
        let mut caller = None;
        loop {
            tokio::select! {
                came = self.near.recv_from(&mut out) => {
                    let (length, from) = came?;
                    caller = Some(from);
                    if from_caller(out[0]) {
                        let _ = record.send(out[..length].to_vec());
                        self.far.send_to(&out[..length], self.node).await?;
                    }
                }
                came = self.far.recv_from(&mut back) => {
                    let (length, _) = came?;
                    if let (Some(caller), true) = (caller, from_node(back[0])) {
                        self.near.send_to(&back[..length], caller).await?;
                    }
                }
            }
        }
    }
}

async fn slow(address: SocketAddr, count: u32) -> Outcome<()> {
    let folder = env::temp_dir().join(format!("stranger-{}", std::process::id()));
    let node = node(&folder.to_string_lossy())?;
    let mut calls = Vec::new();
    for _ in 0..count {
        let between = Between::new(address).await?;
        let place = Lead::known(between.near.local_addr()?.to_string());
        let (record, _) = mpsc::unbounded_channel();
        let node = node.clone();
        calls.push(tokio::spawn(async move {
            let passing = between.pass(
                |first| first & TYPE == INITIAL,
                |first| first & TYPE == RETRY,
                record,
            );
            let places = [place];
            let calling = dial::call(&node, None, LINK, &places);
            let both = async { tokio::join!(passing, calling) };
            let _ = timeout(STAND_STILL, both).await;
        }));
        sleep(Duration::from_millis(2)).await;
    }
    for call in calls {
        call.await?;
    }
    let _ = std::fs::remove_dir_all(folder);
    println!("{count} begun");
    Ok(())
}

async fn replay(folder: &str, address: SocketAddr) -> Outcome<()> {
    let between = Between::new(address).await?;
    let place = [Lead::known(between.near.local_addr()?.to_string())];
    let (record, mut recorded) = mpsc::unbounded_channel();
    let node = node(folder)?;
    let honest = async {
        let connection = dial::call(&node, None, LINK, &place)
            .await
            .map_err(|fault| fault.told)?;
        sleep(Duration::from_millis(300)).await;
        connection.close(0u32.into(), b"");
        sleep(FORGOTTEN).await;
        Ok::<_, String>(())
    };
    tokio::select! {
        passed = between.pass(|_| true, |_| true, record) => passed?,
        called = honest => called?,
    }
    let again = UdpSocket::bind("0.0.0.0:0").await?;
    let mut count = 0;
    while let Ok(datagram) = recorded.try_recv() {
        again.send_to(&datagram, address).await?;
        count += 1;
    }
    println!("{count} said again");
    Ok(())
}
