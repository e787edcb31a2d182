//! The shell: what comes from the kernel, from the tasks and from the clock goes to the desk, and what it has to tell goes out.

use crate::{
    config::Config,
    counters::Counters,
    desk::{Crossed, Desk, FromDevice},
    endpoint::Node,
    kept::Kept,
    listen,
    news::{self, News},
    prelude::Prelude,
    store::Store,
    task::Task,
};
use dkvm_sdk::{Fault, Incoming, Link, Request, SendError};
use dkvm_wire::{
    topics,
    vocab::peer::{Announce, SeenNodes},
    ErrorCode, WireError,
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::Instant};

/// Where nothing is due, something is looked at all the same.
const IDLE: Duration = Duration::from_secs(60);
/// What cannot be opened is tried again: an interface may be still to come.
const RETRY: Duration = Duration::from_secs(10);
/// The answer to the very command that ends this device is still on its way through it: a link that is closed sends nothing more.
const LAST_ANSWERS: Duration = Duration::from_millis(100);
/// A card that hangs holds up nobody's end.
const LAST_PAGE: Duration = Duration::from_secs(1);
/// The others learn that this device ends, where the network lets them.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    let counters = Counters::default();
    let mut prelude = Prelude::default();
    let Some(opened) = opened(&mut link, &config, &counters, &mut prelude).await? else {
        return Ok(());
    };
    let Opened {
        node,
        store,
        mut told,
    } = opened;
    let (teller, mut news) = mpsc::channel(news::QUEUE);
    let _listening = Task::spawn(listen::listen(node.clone(), teller.clone()));
    let (mut desk, without_sockets) = Desk::new(&link, node.clone(), &config, store, teller);
    told.extend(without_sockets);
    told.iter()
        .for_each(|sentence| dkvm_sdk::warn!("{sentence}"));
    let announce = Announce {
        port: node.port(),
        fingerprint: node.identity.fingerprint.to_string(),
    };
    link.sender().emit(topics::PEER_ANNOUNCE, &announce)?;
    for incoming in prelude.into_all() {
        took(&mut desk, incoming)?;
    }
    desk.publish(&link.sender())?;
    match told.is_empty() {
        true => link.ready()?,
        false => link.degraded(told.join("; "))?,
    }
    serve(link, &mut desk, &mut news, &counters).await?;
    let _ = tokio::time::timeout(LAST_PAGE, finish_writing(&mut desk, &mut news)).await;
    tokio::time::sleep(LAST_ANSWERS).await;
    desk.leave();
    let _ = tokio::time::timeout(LAST_WORDS, node.endpoint.wait_idle()).await;
    Ok(())
}

/// What this device works with.
struct Opened {
    node: Arc<Node>,
    store: Store,
    /// What a person has to know.
    told: Vec<String>,
}

/// As soon as it can be; nothing where the kernel says goodbye before.
async fn opened(
    link: &mut Link,
    config: &Config,
    counters: &Counters,
    prelude: &mut Prelude,
) -> Result<Option<Opened>, Fault> {
    let mut told = String::new();
    loop {
        let Some(kept) = read_kept(link, config, prelude).await? else {
            return Ok(None);
        };
        let sentence = match kept.and_then(|kept| open(kept, config, counters)) {
            Ok(opened) => return Ok(Some(opened)),
            Err(sentence) => sentence,
        };
        if told != sentence {
            dkvm_sdk::error!("{sentence}");
            link.degraded(&sentence)?;
        }
        if let Ended::Goodbye = without_a_link(link, &sentence, prelude).await? {
            return Ok(None);
        }
        told = sentence;
    }
}

/// What is kept is read, or made, by a thread: a card may take seconds for it.
async fn read_kept(
    link: &mut Link,
    config: &Config,
    prelude: &mut Prelude,
) -> Result<Option<Result<Kept, String>>, Fault> {
    let card = config.card.clone();
    let mut reading = tokio::task::spawn_blocking(move || Kept::read(&card));
    loop {
        tokio::select! {
            kept = &mut reading => {
                return Ok(Some(kept.unwrap_or_else(|error| Err(error.to_string()))));
            }
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(None),
                Incoming::Request(request) => refuse(request, "it is starting: try again")?,
                other => prelude.take(other),
            },
        }
    }
}

fn open(kept: Kept, config: &Config, counters: &Counters) -> Result<Opened, String> {
    let Kept {
        identity,
        store,
        mut told,
    } = kept;
    let (node, taken) =
        Node::open(identity, config.listen, counters.clone()).map_err(|error| error.to_string())?;
    told.extend(taken);
    Ok(Opened { node, store, told })
}

/// What was changed last is written down, and told.
async fn finish_writing(desk: &mut Desk, news: &mut mpsc::Receiver<News>) {
    while !desk.is_kept() {
        match news.recv().await {
            Some(news @ News::Kept(_)) => desk.heard(news),
            Some(_) => {}
            None => return,
        }
    }
}

async fn serve(
    mut link: Link,
    desk: &mut Desk,
    news: &mut mpsc::Receiver<News>,
    counters: &Counters,
) -> Result<(), Fault> {
    let sender = link.sender();
    loop {
        let mut deadline = until(desk);
        loop {
            tokio::select! {
                incoming = link.next() => match took(desk, incoming?)? {
                    // What goes from device to device turns nothing here: the next is looked at at once.
                    Took::Crossed => {}
                    Took::Goodbye => return Ok(()),
                    Took::Ours => break,
                },
                Some(news) = news.recv() => {
                    desk.heard(news);
                    break;
                }
                () = counters.changed(), if !desk.owes_figures() => {
                    desk.figures_moved();
                    deadline = until(desk);
                }
                () = tokio::time::sleep_until(deadline) => break,
            }
        }
        desk.tick();
        desk.publish(&sender)?;
    }
}

/// When something is due.
fn until(desk: &Desk) -> Instant {
    Instant::now() + desk.wait().unwrap_or(IDLE)
}

/// What the kernel said.
enum Took {
    /// Something for other nodes.
    Crossed,
    /// Something for this device.
    Ours,
    /// The last.
    Goodbye,
}

fn took(desk: &mut Desk, incoming: Incoming) -> Result<Took, Fault> {
    match incoming {
        Incoming::Goodbye { .. } => return Ok(Took::Goodbye),
        Incoming::Request(request) => desk.answer(request)?,
        Incoming::Event { topic, body, .. } if topic == topics::NETWORK_NODES => {
            match body.decode::<SeenNodes>(&topic) {
                Ok(seen) => desk.saw(seen.nodes),
                Err(error) => dkvm_sdk::warn!("{error}"),
            }
        }
        Incoming::Event {
            topic,
            body,
            source,
            to,
            leases,
        } => {
            let said = FromDevice {
                topic,
                body,
                source,
                to,
                leases,
            };
            if desk.carry(said) == Crossed::Yes {
                return Ok(Took::Crossed);
            }
        }
        Incoming::Demand {
            topic,
            readers,
            from: Some(from),
        } => desk.demand(&topic, &from, readers),
        Incoming::SourceGone { source, generation } if source.node().is_none() => {
            desk.device_gone(source.device(), generation);
        }
        _ => {}
    }
    Ok(Took::Ours)
}

/// Why there is no more waiting.
enum Ended {
    Goodbye,
    TryAgain,
}

/// A node whose key is damaged, or that has no socket, goes on without other nodes, says so to whoever asks, and tries again.
async fn without_a_link(
    link: &mut Link,
    sentence: &str,
    prelude: &mut Prelude,
) -> Result<Ended, Fault> {
    let again = Instant::now() + RETRY;
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(Ended::Goodbye),
                Incoming::Request(request) => refuse(request, sentence)?,
                other => prelude.take(other),
            },
            () = tokio::time::sleep_until(again) => return Ok(Ended::TryAgain),
        }
    }
}

fn refuse(request: Request, sentence: &str) -> Result<(), SendError> {
    request.fail(WireError::new(ErrorCode::Unavailable, sentence))
}
