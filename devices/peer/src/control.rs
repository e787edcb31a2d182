//! A link's first stream: hello, and whether the other still lives.

use crate::{
    close::{self, Close},
    core::{
        bucket::Bucket,
        link::{LinkId, Opener},
    },
    fingerprint::Fingerprint,
    message::{self, Control, Hello, Lane, TalkError, Watched},
    news::{News, Teller},
};
use quinn::{Connection, RecvStream, SendStream};
use std::{future::pending, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{sleep_until, timeout, Instant},
};

/// What was heard and waits to be dealt with.
const HEARD: usize = 8;
/// Pings that wait to be sent: one is like another.
const PINGS: usize = 2;
/// Other things that wait to be said: of each device that is gone one, and a few sentences.
const NOTES: usize = 64;
/// A node says a few things a second; who floods has no link.
const SAID_AT_ONCE: u32 = 500;
const SAID_A_SECOND: u32 = 100;
/// What it asks for is looked at so often; between, the latest waits.
const WATCHES_AT_ONCE: u32 = 5;
const WATCHES_A_SECOND: u32 = 5;
/// How soon it is looked again whether one that waits may go on.
const WATCH_TURN: Duration = Duration::from_millis(200);
/// What this node asks for is said when so long nothing else was: who wants pictures anew says no and yes, and a node that heard
/// the no would end its encoder.
const SETTLES: Duration = Duration::from_millis(20);

/// One connection to a paired node.
pub struct Talk {
    /// Whose.
    pub key: Fingerprint,
    /// Which.
    pub id: LinkId,
    /// It.
    pub connection: Connection,
    /// Who opened it.
    pub opener: Opener,
    /// What this node says of itself.
    pub hello: Hello,
    /// Where news go.
    pub teller: Teller,
}

/// What is to be said.
#[derive(Debug)]
pub struct Says {
    pings: mpsc::Receiver<()>,
    asks: Asks,
    notes: mpsc::Receiver<Control>,
}

/// Who has something to say.
#[derive(Debug)]
pub struct Mouth {
    /// Asks whether the other lives.
    pub pings: mpsc::Sender<()>,
    /// Asks for all that is read here of the other's devices; what has not been said yet is overtaken.
    pub asks: watch::Sender<Vec<Watched>>,
    /// The rest.
    pub notes: mpsc::Sender<Control>,
}

/// Both ends.
pub fn mouth() -> (Mouth, Says) {
    let (pings, pings_said) = mpsc::channel(PINGS);
    let (asks, asks_said) = watch::channel(Vec::new());
    let (notes, notes_said) = mpsc::channel(NOTES);
    let says = Says {
        pings: pings_said,
        asks: Asks::new(asks_said),
        notes: notes_said,
    };
    (Mouth { pings, asks, notes }, says)
}

/// Talks until the connection is gone.
pub async fn talk(talk: Talk, says: Says) {
    let ended = converse(&talk, says).await;
    // Where the connection is closed already, to close it again would hide why.
    if let (Err(error), None) = (ended, talk.connection.close_reason()) {
        Close::Nonsense.end(&talk.connection, &format!("its control stream: {error}"));
    }
    let error = talk.connection.closed().await;
    let lost = News::Lost(talk.key, talk.id, close::fault(&error));
    // A device that ends has nobody to tell.
    let _ = talk.teller.send(lost).await;
}

async fn converse(talk: &Talk, mut says: Says) -> Result<(), TalkError> {
    let begun = timeout(message::SOON, begin(talk));
    let (mut send, receive, hello) = begun.await.unwrap_or(Err(TalkError::Late))?;
    let _ = talk
        .teller
        .send(News::Linked(talk.key, talk.id, hello))
        .await;
    let (heard, mut news) = mpsc::channel(HEARD);
    let listening = listen(receive, heard);
    tokio::pin!(listening);
    let (mut asked, mut watches) = (Asked::default(), Watches::default());
    loop {
        let say = tokio::select! {
            ended = &mut listening => return Err(ended),
            Some(()) = says.pings.recv() => Some(asked.next()),
            Some(asks) = says.asks.next() => Some(asks),
            Some(note) = says.notes.recv() => Some(note),
            Some(said) = news.recv() => match watches.pass(said) {
                Some(said) => hear(talk, &mut asked, said).await,
                None => None,
            },
            Some(said) = watches.due() => hear(talk, &mut asked, said).await,
            else => return Ok(()),
        };
        if let Some(say) = say {
            message::send(&mut send, &say).await?;
        }
    }
}

/// What to answer.
async fn hear(talk: &Talk, asked: &mut Asked, said: Control) -> Option<Control> {
    let news = match said {
        Control::Ping { number } => return Some(Control::Pong { number }),
        Control::Pong { number } if asked.is_due(number) => {
            News::Heard(talk.key, talk.id, asked.answered(number))
        }
        Control::Watch { .. }
        | Control::Gone { .. }
        | Control::KeyFrame { .. }
        | Control::Pace { .. }
        | Control::Refused { .. } => News::Said(talk.key, talk.id, said),
        Control::Pong { .. } | Control::Hello(_) | Control::Unknown => return None,
    };
    let _ = talk.teller.send(news).await;
    None
}

/// Whoever opened the connection opens the stream.
async fn begin(talk: &Talk) -> Result<(SendStream, RecvStream, Hello), TalkError> {
    let ended = |_| TalkError::Ended;
    let hello = Control::Hello(talk.hello.clone());
    let (mut send, mut receive) = match talk.opener {
        Opener::Here => talk.connection.open_bi().await.map_err(ended)?,
        Opener::There => talk.connection.accept_bi().await.map_err(ended)?,
    };
    // A stream that is closed already is found out by the next line.
    let _ = send.set_priority(message::FIRST);
    match talk.opener {
        Opener::Here => message::send(&mut send, &Lane::Control).await?,
        Opener::There => match message::receive(&mut receive).await? {
            Lane::Control => {}
            _ => return Err(TalkError::Nonsense("another stream came first".to_owned())),
        },
    }
    message::send(&mut send, &hello).await?;
    match message::receive(&mut receive).await? {
        Control::Hello(hello) => Ok((send, receive, hello)),
        _ => Err(TalkError::Nonsense("it does not say hello".to_owned())),
    }
}

/// Reading alone, as a message that is half read must not be forgotten.
async fn listen(mut receive: RecvStream, heard: mpsc::Sender<Control>) -> TalkError {
    let (begun, mut room) = (Instant::now(), Bucket::new(SAID_AT_ONCE, SAID_A_SECOND));
    loop {
        if !room.take(begun.elapsed()) {
            return TalkError::Nonsense("more than anybody has to say".to_owned());
        }
        match message::receive(&mut receive).await {
            Ok(said) => {
                let _ = heard.send(said).await;
            }
            Err(error) => return error,
        }
    }
}

/// All that is asked of the other.
#[derive(Debug)]
struct Asks {
    asked: watch::Receiver<Vec<Watched>>,
    /// What it was told last; nothing to begin with.
    said: Vec<Watched>,
    /// When what is asked has settled.
    due: Option<Instant>,
}

impl Asks {
    const fn new(asked: watch::Receiver<Vec<Watched>>) -> Self {
        Self {
            asked,
            said: Vec::new(),
            due: None,
        }
    }

    /// The next that it is to be told; nothing once nobody asks any more. Cancel-safe.
    async fn next(&mut self) -> Option<Control> {
        loop {
            let Some(due) = self.due else {
                self.asked.changed().await.ok()?;
                self.due = Some(Instant::now() + SETTLES);
                continue;
            };
            sleep_until(due).await;
            self.due = None;
            let topics = self.asked.borrow_and_update().clone();
            if topics != self.said {
                self.said.clone_from(&topics);
                return Some(Control::Watch { topics });
            }
        }
    }
}

/// All that the other asks for, at a pace.
#[derive(Debug)]
struct Watches {
    room: Bucket,
    begun: Instant,
    waits: Option<Control>,
    /// When it is looked again whether it may go on.
    again: Instant,
}

impl Default for Watches {
    fn default() -> Self {
        Self {
            room: Bucket::new(WATCHES_AT_ONCE, WATCHES_A_SECOND),
            begun: Instant::now(),
            waits: None,
            again: Instant::now(),
        }
    }
}

impl Watches {
    /// What goes on now; of what it asks for the latest alone waits.
    fn pass(&mut self, said: Control) -> Option<Control> {
        let is_watch = matches!(said, Control::Watch { .. });
        if !is_watch || (self.waits.is_none() && self.room.take(self.begun.elapsed())) {
            return Some(said);
        }
        if self.waits.replace(said).is_none() {
            self.again = Instant::now() + WATCH_TURN;
        }
        None
    }

    /// What has waited, when it may go on.
    async fn due(&mut self) -> Option<Control> {
        loop {
            if self.waits.is_none() {
                return pending().await;
            }
            sleep_until(self.again).await;
            self.again = Instant::now() + WATCH_TURN;
            if self.room.take(self.begun.elapsed()) {
                return self.waits.take();
            }
        }
    }
}

/// The last ping.
#[derive(Debug, Default)]
struct Asked {
    number: u64,
    at: Option<Instant>,
    answered: u64,
}

impl Asked {
    fn next(&mut self) -> Control {
        self.number = self.number.wrapping_add(1);
        self.at = Some(Instant::now());
        Control::Ping {
            number: self.number,
        }
    }

    /// Answers that nobody asked for are no work for anybody.
    fn is_due(&self, number: u64) -> bool {
        number > self.answered && number <= self.number
    }

    /// How long the last one took; nothing for an older one.
    fn answered(&mut self, number: u64) -> Option<Duration> {
        self.answered = number;
        let at = self.at.take_if(|_| number == self.number)?;
        Some(at.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn of_all_that_is_asked_for_in_a_hurry_the_latest_is_looked_at() {
        let watch = |n: usize| {
            let one = Watched {
                topic: "hid.state".to_owned(),
                from: "hid".to_owned(),
            };
            Control::Watch {
                topics: vec![one; n],
            }
        };
        let mut watches = Watches::default();
        let passed = (0..100).filter(|n| watches.pass(watch(*n)).is_some());
        assert_eq!(passed.count(), 5);
        let ping = Control::Ping { number: 1 };
        assert_eq!(watches.pass(ping.clone()), Some(ping), "none other waits");
        assert_eq!(watches.due().await, Some(watch(99)));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(watches.pass(watch(1)), Some(watch(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_something_anew_says_nothing_and_who_asks_for_something_else_the_latest() {
        let one = |from: &str| {
            vec![Watched {
                topic: "video.h264".to_owned(),
                from: from.to_owned(),
            }]
        };
        let (asks, asked) = watch::channel(Vec::new());
        let (says, mut said) = mpsc::channel(8);
        tokio::spawn(async move {
            let mut asks = Asks::new(asked);
            while let Some(watch) = asks.next().await {
                says.send(watch).await.expect("somebody listens");
            }
        });
        let watch = |topics| Some(Control::Watch { topics });
        asks.send_replace(one("other"));
        asks.send_replace(one("h264"));
        assert_eq!(said.recv().await, watch(one("h264")));
        for _ in 0..5 {
            asks.send_replace(Vec::new());
            // It is seen, and not said.
            tokio::task::yield_now().await;
            asks.send_replace(one("h264"));
            sleep_until(Instant::now() + 2 * SETTLES).await;
        }
        asks.send_replace(one("other"));
        assert_eq!(said.recv().await, watch(one("other")), "nothing before");
        drop(asks);
        assert_eq!(said.recv().await, None);
    }

    #[test]
    fn only_the_last_ping_is_timed_and_only_once() {
        let mut asked = Asked::default();
        asked.next();
        asked.next();
        assert!(asked.is_due(1) && asked.is_due(2) && !asked.is_due(3));
        assert_eq!(asked.answered(1), None);
        assert!(asked.answered(2).is_some());
        assert!(!asked.is_due(1) && !asked.is_due(2));
        assert_eq!(asked.answered(2), None);
    }
}
