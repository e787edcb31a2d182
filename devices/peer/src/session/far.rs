//! The far end: sessions that a peer opens on this node.

use super::{opening::Opening, refusal, MOST};
use crate::{
    counters::Counters,
    message::{self, Lane},
};
use dkvm_wire::{ErrorCode, Preamble};
use quinn::{Connection, RecvStream, SendStream, VarInt};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{copy_bidirectional_with_sizes, join, AsyncWriteExt},
    net::UnixStream,
    sync::Semaphore,
    time::timeout,
};

/// The kernel answers at once, or it hangs.
const KERNEL: Duration = Duration::from_secs(3);
/// Of each direction of a session so much is in our hands.
const BUFFER: usize = 32 * 1024;
/// What a stream is closed with that nobody here knows.
const UNKNOWN_LANE: VarInt = VarInt::from_u32(1);
/// And one that did not say in time what it is.
const NO_OPENING: VarInt = VarInt::from_u32(2);

/// What a peer finds here.
#[derive(Debug, Clone)]
pub struct Host {
    /// This node's control socket.
    pub kernel: PathBuf,
    /// As this node is called.
    pub name: String,
    /// As this node calls the peer.
    pub caller: String,
    /// What the peer may do here; a change cuts the link.
    pub grants: Vec<String>,
    /// Where refusals are counted.
    pub counters: Counters,
}

/// Serves a peer's sessions until its connection is gone.
pub async fn serve(connection: Connection, host: Host) {
    let (host, room) = (Arc::new(host), Arc::new(Semaphore::new(MOST)));
    while let Ok((send, receive)) = connection.accept_bi().await {
        // Bounded by the streams that a peer may open.
        tokio::spawn(lane(host.clone(), room.clone(), send, receive));
    }
}

async fn lane(
    host: Arc<Host>,
    room: Arc<Semaphore>,
    mut send: SendStream,
    mut receive: RecvStream,
) {
    match message::receive_soon(&mut receive).await {
        Ok(Lane::Session) => session(&host, &room, send, receive).await,
        Ok(_) => abandon(&mut send, &mut receive, UNKNOWN_LANE),
        Err(_) => abandon(&mut send, &mut receive, NO_OPENING),
    }
}

fn abandon(send: &mut SendStream, receive: &mut RecvStream, code: VarInt) {
    // A stream that is closed already needs no more.
    let _ = send.reset(code);
    let _ = receive.stop(code);
}

async fn session(host: &Host, room: &Semaphore, mut send: SendStream, mut receive: RecvStream) {
    let Ok(Ok(opening)) = timeout(message::SOON, Opening::read(&mut receive)).await else {
        return abandon(&mut send, &mut receive, NO_OPENING);
    };
    let id = opening.id;
    let refused = match (room.try_acquire(), host.grants.is_empty()) {
        (_, true) => {
            host.counters.right();
            (ErrorCode::Forbidden, format!("{} has given this node no right: a person there may do that (`dkvm peers allow`)", host.name))
        }
        (Err(_), _) => (
            ErrorCode::Exhausted,
            format!(
                "{MOST} sessions of this node are open on {}: end one first",
                host.name
            ),
        ),
        (Ok(_place), _) => match carry(host, opening, &mut send, &mut receive).await {
            Ok(()) => return,
            Err(error) => (
                ErrorCode::Unavailable,
                format!("the kernel of {} does not answer: {error}", host.name),
            ),
        },
    };
    let (code, told) = refused;
    let answer = [&Preamble::BYTES[..], &refusal(id, code, &told)].concat();
    // Whoever has gone meanwhile misses nothing.
    let _ = send.write_all(&answer).await;
    let _ = send.finish();
}

/// Carries it to its end; an error only where it has not begun.
async fn carry(
    host: &Host,
    opening: Opening,
    send: &mut SendStream,
    receive: &mut RecvStream,
) -> std::io::Result<()> {
    let connect = timeout(KERNEL, UnixStream::connect(&host.kernel));
    let mut kernel = connect.await.map_err(|_| std::io::ErrorKind::TimedOut)??;
    kernel
        .write_all(&opening.held_to(host.grants.clone(), &host.caller))
        .await?;
    let mut peer = join(receive, send);
    // How it ends is its ends' affair.
    let _ = copy_bidirectional_with_sizes(&mut kernel, &mut peer, BUFFER, BUFFER).await;
    Ok(())
}
