//! Asks, and sets the clock.

use super::{
    packet::{answer, question, Stamp, Unusable, LENGTH},
    schedule::Schedule,
};
use rustix::time::{clock_settime, ClockId, Timespec};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use thiserror::Error;
use tokio::{
    net::{lookup_host, UdpSocket},
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

const PORT: u16 = 123;
/// A server that takes longer tells no good time either.
const PATIENCE: Duration = Duration::from_secs(3);
/// Less than this nobody sees in a log, and a clock that jumps for nothing confuses.
const NOTICED: Duration = Duration::from_millis(50);

/// Why the time did not come.
#[derive(Debug, Error)]
pub enum AskError {
    /// Its name has no address.
    #[error("its name is not known here: {0}")]
    Name(#[source] io::Error),
    /// The network did not take the question, or brought no answer.
    #[error("it cannot be reached: {0}")]
    Reach(#[from] io::Error),
    /// Nothing came.
    #[error("it does not answer")]
    Silent,
    /// What came is of no use.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// Linux did not let us.
    #[error("the clock cannot be set: {0}; the device needs the capability SYS_TIME")]
    Set(#[source] rustix::io::Errno),
}

/// What became of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The time is right; by how much it was set, if it was.
    Right(Option<Duration>),
    /// It did not come from there, because.
    InVain(String, String),
}

/// Asks the servers of the list, whenever there are any, and tells what became of it.
pub fn start(servers: watch::Receiver<Vec<String>>, told: mpsc::Sender<Told>) {
    tokio::spawn(keep_asking(servers, told));
}

async fn keep_asking(mut servers: watch::Receiver<Vec<String>>, told: mpsc::Sender<Told>) {
    let mut schedule = Schedule::default();
    loop {
        let list = servers.borrow_and_update().clone();
        let pause = match list.get(schedule.place(list.len())) {
            None => None,
            Some(server) => match ask(server).await {
                Ok(moved) => {
                    let _ = told.send(Told::Right(moved)).await;
                    Some(schedule.answered())
                }
                Err(error) => {
                    let _ = told
                        .send(Told::InVain(server.clone(), error.to_string()))
                        .await;
                    Some(schedule.in_vain())
                }
            },
        };
        let changed = tokio::select! {
            changed = servers.changed() => changed.map(|()| schedule = Schedule::default()),
            () = sleep_or_never(pause) => Ok(()),
        };
        if changed.is_err() {
            return;
        }
    }
}

async fn sleep_or_never(pause: Option<Duration>) {
    match pause {
        Some(pause) => sleep(pause).await,
        None => std::future::pending().await,
    }
}

/// Asks once, and sets the clock if it is wrong.
async fn ask(server: &str) -> Result<Option<Duration>, AskError> {
    let to = resolve(server).await?;
    let from: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(from).await?;
    // Linux then passes on answers from there alone.
    socket.connect(to).await?;
    let nonce = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
    let asked = stamp();
    socket.send(&question(nonce)).await?;
    let mut bytes = [0; LENGTH];
    let length = timeout(PATIENCE, socket.recv(&mut bytes))
        .await
        .map_err(|_| AskError::Silent)??;
    let offset = answer(
        bytes.get(..length).unwrap_or_default(),
        nonce,
        asked,
        stamp(),
    )?;
    if offset.size() < NOTICED {
        return Ok(None);
    }
    set(offset.correct(clock()).unwrap_or_default())?;
    Ok(Some(offset.size()))
}

async fn resolve(server: &str) -> Result<SocketAddr, AskError> {
    if let Ok(address) = server.parse() {
        return Ok(SocketAddr::new(address, PORT));
    }
    let unknown = || io::Error::from(io::ErrorKind::NotFound);
    let found = timeout(PATIENCE, lookup_host((server, PORT)))
        .await
        .map_err(|_| AskError::Silent)?;
    found
        .map_err(AskError::Name)?
        .next()
        .ok_or_else(|| AskError::Name(unknown()))
}

fn clock() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

fn stamp() -> Stamp {
    Stamp::of(clock())
}

fn set(time: Duration) -> Result<(), AskError> {
    let time = Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    };
    clock_settime(ClockId::Realtime, time).map_err(AskError::Set)
}
