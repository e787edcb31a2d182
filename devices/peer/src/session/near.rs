//! The near end: a socket for each paired node, on which a local `dkvm` speaks to that node's kernel.

use super::{opening::Opening, refusal, MOST};
use crate::{
    close,
    core::boundary::Boundary,
    message::{self, Lane},
    task::Task,
};
use dkvm_wire::{
    encode_body, encode_frame, topics, ErrorCode, Goodbye, Message, Preamble, LIMIT_BEFORE_WELCOME,
};
use quinn::{Connection, RecvStream, SendStream};
use rustix::fs::Mode;
use std::{
    fs,
    future::Future,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        unix::{OwnedReadHalf, OwnedWriteHalf},
        UnixListener, UnixStream,
    },
    sync::{watch, Semaphore},
    time::{sleep, sleep_until, timeout, Instant},
};

/// Of each direction of a session so much is in our hands.
const BUFFER: usize = 32 * 1024;
/// A client that has said its last gets what is still on its way.
const LAST_ANSWERS: Duration = Duration::from_secs(15);
/// No more file descriptors: somebody has to go first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where both nodes call at once one link is given up, with what it carries: so long after the first the other is there too.
const SETTLED: Duration = Duration::from_millis(150);

/// What carries sessions to one node, as it is now.
#[derive(Debug, Clone, Default)]
pub struct Carrier {
    /// The link, while there is one.
    pub connection: Option<Connection>,
    /// Since when it is that one.
    since: Option<Instant>,
    /// Why there is none.
    pub told: String,
}

impl Carrier {
    /// From now on it is this one, or none for this reason.
    pub fn becomes(&mut self, connection: Option<Connection>, told: String) {
        let id = |of: &Option<Connection>| of.as_ref().map(Connection::stable_id);
        if id(&self.connection) != id(&connection) {
            self.since = connection.is_some().then(Instant::now);
        }
        self.connection = connection;
        self.told = told;
    }
}

/// Once it is clear which link stays.
async fn settled(carrier: &watch::Receiver<Carrier>) -> Carrier {
    loop {
        let now = carrier.borrow().clone();
        match now.since.map(|since| since + SETTLED) {
            Some(due) if due > Instant::now() => sleep_until(due).await,
            _ => return now,
        }
    }
}

/// A node's socket; it is there as long as this.
#[derive(Debug)]
pub struct Door {
    node: String,
    path: PathBuf,
    _task: Task,
}

impl Door {
    /// Whether it is that node's.
    pub fn is_of(&self, node: &str) -> bool {
        self.node == node
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Whoever starts next removes it if this does not.
        let _ = fs::remove_file(&self.path);
    }
}

/// The directory of the sockets, empty.
pub fn folder(run_dir: &Path) -> io::Result<PathBuf> {
    let folder = run_dir.join("nodes");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir(&folder)?,
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    Ok(folder)
}

/// Opens the socket of a node.
pub fn open(folder: &Path, node: &str, carrier: watch::Receiver<Carrier>) -> io::Result<Door> {
    let path = folder.join(format!("{node}.sock"));
    // Of an earlier node of that name.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    rustix::fs::chmod(&path, Mode::RUSR | Mode::WUSR)?;
    Ok(Door {
        node: node.to_owned(),
        path,
        _task: Task::spawn(accept(listener, node.to_owned(), carrier)),
    })
}

async fn accept(listener: UnixListener, node: String, carrier: watch::Receiver<Carrier>) {
    let room = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok((client, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (node, carrier, room) = (node.clone(), carrier.clone(), room.clone());
        tokio::spawn(async move {
            let now = settled(&carrier).await;
            match (room.try_acquire(), now.connection) {
                (Err(_), _) => {
                    let told = format!("{MOST} sessions with {node} are open: end one first");
                    refuse(client, ErrorCode::Exhausted, &told).await;
                }
                (_, None) => {
                    let told = format!("there is no link to {node}: {}", now.told);
                    refuse(client, ErrorCode::Unavailable, &told).await;
                }
                (Ok(_place), Some(connection)) => session(client, &node, connection).await,
            }
        });
    }
}

/// Answers the hello with a sentence.
async fn refuse(mut client: UnixStream, code: ErrorCode, told: &str) {
    let said = async {
        client.write_all(&Preamble::BYTES).await?;
        let Ok(opening) = Opening::read(&mut client).await else {
            return Ok(());
        };
        client.write_all(&refusal(opening.id, code, told)).await?;
        client.shutdown().await
    };
    // A client that does not listen misses it.
    let _ = timeout(message::SOON, said).await;
}

async fn session(client: UnixStream, node: &str, connection: Connection) {
    let opened = timeout(message::SOON, open_lane(&connection)).await;
    let Ok(Some((send, receive))) = opened else {
        let told = format!("{node} takes no session: try again");
        return refuse(client, ErrorCode::Unavailable, &told).await;
    };
    let (from_client, to_client) = client.into_split();
    let up = carry_up(from_client, send);
    let down = Down {
        client: to_client,
        boundary: Boundary::default(),
    };
    if let Some(error) = until_the_last(up, down.carry(receive, node)).await {
        dkvm_sdk::debug!("a session with {node} ended: {error}");
    }
}

/// Until the other node has said its last; for a client that has, it has only so long.
async fn until_the_last(
    up: impl Future<Output = ()>,
    down: impl Future<Output = Option<String>>,
) -> Option<String> {
    let client_is_patient = async {
        up.await;
        sleep(LAST_ANSWERS).await;
    };
    tokio::select! {
        error = down => error,
        () = client_is_patient => None,
    }
}

async fn open_lane(connection: &Connection) -> Option<(SendStream, RecvStream)> {
    let (mut send, receive) = connection.open_bi().await.ok()?;
    message::send(&mut send, &Lane::Session).await.ok()?;
    Some((send, receive))
}

/// What the client says; when it has said its last, the other end has to end too.
async fn carry_up(mut client: OwnedReadHalf, mut send: SendStream) {
    let mut buffer = vec![0; BUFFER];
    loop {
        match client.read(&mut buffer).await {
            Ok(0) => break,
            Ok(count) => {
                if send.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
            Err(_) => break,
        }
    }
    let _ = send.finish();
    // Kept until the other side has all of it, or nobody waits any more.
    let _ = timeout(LAST_ANSWERS, send.stopped()).await;
}

struct Down {
    client: OwnedWriteHalf,
    boundary: Boundary,
}

impl Down {
    /// What the other node says. Gives why it ended, where it should not have.
    async fn carry(mut self, mut receive: RecvStream, node: &str) -> Option<String> {
        let mut buffer = vec![0; BUFFER];
        let told = loop {
            match receive.read(&mut buffer).await {
                Ok(Some(count)) => {
                    self.boundary.pass(&buffer[..count]);
                    if self.client.write_all(&buffer[..count]).await.is_err() {
                        return None;
                    }
                }
                Ok(None) => break None,
                Err(quinn::ReadError::ConnectionLost(error)) => {
                    break Some(format!(
                        "the link to {node} broke: {}",
                        close::fault(&error).told
                    ));
                }
                Err(error) => break Some(format!("{node} broke the session off: {error}")),
            }
        };
        if let Some(told) = &told {
            self.say_goodbye(told).await;
        }
        let _ = self.client.shutdown().await;
        told
    }

    /// As a kernel that ends does; in the middle of a frame nothing can be said.
    async fn say_goodbye(&mut self, told: &str) {
        if !self.boundary.is_between() {
            return;
        }
        let goodbye = Goodbye {
            reason: told.to_owned(),
            deadline_ms: 0,
        };
        let event = Message::Event {
            topic: topics::GOODBYE,
            body: &encode_body(&goodbye),
            leases: Vec::new(),
            source: None,
            to: vec![],
        };
        if let Ok(frame) = encode_frame(&event.encode(), LIMIT_BEFORE_WELCOME) {
            let _ = timeout(message::SOON, self.client.write_all(&frame)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test(start_paused = true)]
    async fn a_session_waits_until_it_is_clear_which_link_stays() {
        let begun = Instant::now();
        let (tell, carrier) = watch::channel(Carrier::default());
        settled(&carrier).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        tell.send_modify(|carrier| carrier.since = Some(begun));
        let another = async {
            sleep(SETTLED / 2).await;
            tell.send_modify(|carrier| carrier.since = Some(Instant::now()));
        };
        tokio::join!(another, settled(&carrier));
        assert_eq!(begun.elapsed(), SETTLED + SETTLED / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_never_ends_is_not_waited_for_when_the_client_has() {
        let begun = Instant::now();
        assert_eq!(until_the_last(ready(()), pending()).await, None);
        assert_eq!(begun.elapsed(), LAST_ANSWERS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_silent_hears_all() {
        let hour = Duration::from_secs(3600);
        let down = async {
            sleep(hour).await;
            Some("told".to_owned())
        };
        let told = until_the_last(pending(), down).await;
        assert_eq!(told.as_deref(), Some("told"));
    }
}
