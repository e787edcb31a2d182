//! What another node's devices say: looked at here, and from here straight to the kernel.

use super::{
    album::{Album, Key, Needs, Shown},
    event::{self, Event, EventError},
    keys::Keys,
    lives::{Lives, Numbers, Speaker},
    print::{self, Print},
    table::{self, Rights, Topic, Way},
};
use crate::{
    core::bucket::Bucket,
    counters::Counters,
    message::{Control, Lane, Watched},
};
use dkvm_sdk::{SendError, Sender};
use dkvm_wire::{service::SourceGone, topics, Generation, Source, SourceName};
use std::{
    collections::BTreeSet,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
    time::{Duration, Instant},
};
use thiserror::Error;
use tokio::{
    sync::{mpsc, watch, OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

/// Two fast mice and a keyboard, or their acknowledgements. What is more would fill the queues of who reads it; each state is
/// whole, so the next one has what was dropped.
const INPUT_A_SECOND: u32 = 4000;
/// Everything else: states, moments of sound, and pictures, a few dozen a second each.
const OTHERS_A_SECOND: u32 = 1000;
/// Of either; a queue of the kernel's has room for them beside what else is in it.
const EVENTS_AT_ONCE: u32 = 500;
/// Pictures that are being received or wait for one before them, whatever their lengths.
const PICTURES_KIB: usize = 8 * 1024;
/// A key frame is asked for so often at most; one that does not come, more and more seldom.
const ASK_EVERY: Duration = Duration::from_secs(1);
const ASK_SELDOM: Duration = Duration::from_secs(8);

/// Why a link is ended for what came over it.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// It is no event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// It has no length that an event may have.
    #[error("on a lane {0}")]
    Frame(String),
    /// It came by another lane than its topic's.
    #[error("{0} came by a lane that is not its own")]
    Lane(&'static str),
    /// It is no picture.
    #[error("a picture that is none: {0}")]
    Picture(String),
    /// It is longer than any of its topic.
    #[error("{0} of {1} bytes")]
    Long(&'static str, usize),
    /// There are too many.
    #[error("more devices speak than a node has")]
    Devices,
    /// They never live long.
    #[error("new lives of {0:?} all the time")]
    Restless(String),
    /// The kernel is gone.
    #[error(transparent)]
    Kernel(#[from] SendError),
}

/// What has to be known of a link to judge what comes over it.
#[derive(Debug)]
pub struct Terms {
    /// As the other node is called here.
    pub node: String,
    /// What may be done, here and there.
    pub rights: Rights,
    /// What was asked of it.
    pub asked: watch::Receiver<Vec<Watched>>,
    /// Where it is told what it may not do.
    pub notes: mpsc::Sender<Control>,
    /// Where that is counted.
    pub counters: Counters,
    /// To the kernel.
    pub sender: Sender,
    /// To devices of this node that make pictures.
    pub keys: Keys,
    /// For the lives of its devices.
    pub numbers: Numbers,
}

/// An event that may go on, its topic, and the life of its device as the kernel here counts.
type Looked<'a> = (Event<'a>, &'static Topic, Generation);

/// The receiving end of one link.
pub struct Intake {
    terms: Terms,
    lives: Mutex<Lives>,
    input: Mutex<Bucket>,
    others: Mutex<Bucket>,
    begun: Instant,
    /// Input came over it, so that who reads acknowledgements there is of use.
    typed: AtomicBool,
    /// Topics that the other was told of.
    told: Mutex<BTreeSet<&'static str>>,
    /// KiB of pictures that may be under way.
    pictures: Arc<Semaphore>,
    album: tokio::sync::Mutex<Album>,
    trouble: watch::Receiver<Option<String>>,
    /// For whose pictures a key frame is being asked for, until it is there.
    mending: Mutex<BTreeSet<Key>>,
}

impl Intake {
    /// Nothing has come.
    pub fn new(terms: Terms) -> Self {
        let album = Album::new(terms.sender.clone());
        Self {
            lives: Mutex::new(Lives::new(terms.numbers.clone())),
            input: Mutex::new(Bucket::new(EVENTS_AT_ONCE, INPUT_A_SECOND)),
            others: Mutex::new(Bucket::new(EVENTS_AT_ONCE, OTHERS_A_SECOND)),
            begun: Instant::now(),
            typed: AtomicBool::new(false),
            told: Mutex::default(),
            pictures: Arc::new(Semaphore::new(PICTURES_KIB)),
            trouble: album.trouble(),
            album: tokio::sync::Mutex::new(album),
            mending: Mutex::default(),
            terms,
        }
    }

    /// Whether input came over it.
    pub fn has_typed(&self) -> bool {
        self.typed.load(Ordering::Relaxed)
    }

    /// Why its pictures are not shown here, for a person.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    /// An event, as it came by a lane.
    pub fn event(&self, bytes: &[u8], lane: Lane) -> Result<(), IntakeError> {
        let Some((event, topic, generation)) = self.look(bytes, lane)? else {
            return Ok(());
        };
        let name = self.name(event.from);
        let source = Source {
            name: &name,
            generation,
        };
        let sender = &self.terms.sender;
        Ok(sender.forward(source, topic.name, event.body, &[], &event.to)?)
    }

    /// What may go on, of whom.
    fn look<'a>(&self, bytes: &'a [u8], lane: Lane) -> Result<Option<Looked<'a>>, IntakeError> {
        let room = match lane {
            Lane::Input => &self.input,
            _ => &self.others,
        };
        if !lock(room).take(self.begun.elapsed()) {
            return Ok(None);
        }
        let event = event::parse(bytes)?;
        let Some(topic) = self.admit(&event, lane)? else {
            return Ok(None);
        };
        if bytes.len() > topic.longest {
            return Err(IntakeError::Long(topic.name, bytes.len()));
        }
        if topic.name == topics::INPUT {
            self.typed.store(true, Ordering::Relaxed);
        }
        let generation = self.speaker(&event)?;
        Ok(generation.map(|generation| (event, topic, generation)))
    }

    /// The event before a picture; nothing where the picture is not wanted.
    pub fn picture(&self, bytes: &[u8]) -> Result<Option<Print>, IntakeError> {
        let looked = self.look(bytes, Lane::Picture)?;
        Ok(looked.map(|(event, topic, generation)| Print {
            source: self.name(event.from),
            generation,
            topic: topic.name,
            body: event.body.to_vec(),
            payload: Vec::new(),
            room: None,
        }))
    }

    /// Room for a picture of that length; nothing where too many are under way.
    pub fn room_for(&self, length: usize) -> Result<Option<OwnedSemaphorePermit>, IntakeError> {
        if length == 0 || length > print::LONGEST {
            let told = format!("it has {length} bytes");
            return Err(IntakeError::Picture(told));
        }
        let kib = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
        Ok(self.pictures.clone().try_acquire_many_owned(kib).ok())
    }

    /// A picture is there.
    pub async fn show(self: &Arc<Self>, print: Print) -> Result<(), IntakeError> {
        let key = print.key();
        let mut album = self.album.lock().await;
        // While it came its readers may have gone.
        if !self.reads(print.topic, device(&print.source)) {
            return Ok(());
        }
        let shown = album.take(print).await?;
        drop(album);
        if shown == Shown::NeedsKey {
            self.mend(key);
        }
        Ok(())
    }

    /// A picture that was announced will not come.
    pub async fn lost(self: &Arc<Self>, print: &Print) -> Result<(), IntakeError> {
        let mut album = self.album.lock().await;
        if self.reads(print.topic, device(&print.source)) {
            album.lost(print)?;
            self.mend(print.key());
        }
        Ok(())
    }

    /// Asks for a key frame until it is there: where the picture rests, nothing else would.
    fn mend(self: &Arc<Self>, key: Key) {
        if !lock(&self.mending).insert(key.clone()) {
            return;
        }
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut pause = ASK_EVERY;
            while let Some(intake) = weak.upgrade() {
                if intake.ask_for_key(&key).await == Needs::Nothing {
                    return;
                }
                drop(intake);
                sleep(pause).await;
                pause = (2 * pause).min(ASK_SELDOM);
            }
        });
    }

    async fn ask_for_key(&self, key: &Key) -> Needs {
        let album = self.album.lock().await;
        let needs = album.needs(key);
        match needs {
            // While nothing can break that it is whole.
            Needs::Nothing => {
                lock(&self.mending).remove(key);
            }
            Needs::Key => {
                let from = device(&key.1).to_owned();
                // Where there is no place to say it, the next time has.
                let _ = self.terms.notes.try_send(Control::KeyFrame { from });
            }
            Needs::Memory => {}
        }
        needs
    }

    /// What nobody reads any more is not kept.
    pub async fn follow_readers(self: Arc<Self>) {
        let mut asked = self.terms.asked.clone();
        while asked.changed().await.is_ok() {
            let pictures = |one: &Watched| {
                let topic = table::picture(&one.topic)?;
                Some((topic.name, self.name(&one.from)))
            };
            let read = asked
                .borrow_and_update()
                .iter()
                .filter_map(pictures)
                .collect();
            self.album.lock().await.keep(&read);
        }
    }

    /// Whether it may come; what may not is counted, and its sender told once.
    fn admit(&self, event: &Event<'_>, lane: Lane) -> Result<Option<&'static Topic>, IntakeError> {
        let Some(topic) = table::topic(event.topic) else {
            self.terms.counters.right();
            return Ok(None);
        };
        if topic.lane != lane {
            return Err(IntakeError::Lane(topic.name));
        }
        match topic.way {
            // It may have been on its way when it was asked for no longer.
            Way::Show => Ok(self.reads(event.topic, event.from).then_some(topic)),
            Way::Work if self.terms.rights.take(topic) => Ok(Some(topic)),
            Way::Work => {
                self.terms.counters.right();
                self.refuse("takes no", topic);
                Ok(None)
            }
        }
    }

    /// Whether some device here reads it.
    fn reads(&self, topic: &str, from: &str) -> bool {
        let asked = self.terms.asked.borrow();
        asked
            .iter()
            .any(|one| one.topic == topic && one.from == from)
    }

    /// The other is told once for each topic.
    pub fn refuse(&self, what: &str, topic: &'static Topic) {
        if lock(&self.told).insert(topic.name) {
            let told = refusal(what, topic);
            // Whoever says so much else has been told enough.
            let _ = self.terms.notes.try_send(Control::Refused { told });
        }
    }

    /// Which life of it speaks, as the kernel here counts; nothing for one that is gone.
    fn speaker(&self, event: &Event<'_>) -> Result<Option<Generation>, IntakeError> {
        let now = self.begun.elapsed();
        let speaker = lock(&self.lives).speaks(event.from, event.generation, now);
        match speaker {
            Speaker::Same(generation) => Ok(Some(generation)),
            Speaker::Fresh(generation, before) => {
                if let Some(before) = before {
                    self.tell_gone(event.from, before)?;
                }
                Ok(Some(generation))
            }
            Speaker::Past => Ok(None),
            Speaker::TooMany => Err(IntakeError::Devices),
            Speaker::TooSoon => Err(IntakeError::Restless(event.from.to_owned())),
        }
    }

    /// One of its devices is gone.
    pub fn gone(&self, from: &str, generation: Generation) -> Result<(), SendError> {
        let ours = lock(&self.lives).gone(from, generation);
        ours.map_or(Ok(()), |ours| self.tell_gone(from, ours))
    }

    /// The link is gone, and with it all of them.
    pub fn end(&self) {
        let gone = lock(&self.lives).end();
        for (from, generation) in gone {
            // A kernel that is gone too needs no word.
            let _ = self.tell_gone(&from, generation);
        }
    }

    fn tell_gone(&self, from: &str, generation: Generation) -> Result<(), SendError> {
        let Ok(source) = SourceName::try_from(self.name(from)) else {
            return Ok(());
        };
        let gone = SourceGone { source, generation };
        self.terms.sender.emit(topics::SOURCE_GONE, &gone)
    }

    fn name(&self, device: &str) -> String {
        format!("{}/{device}", self.terms.node)
    }
}

/// For a person at the node that asked, or sent.
pub fn refusal(what: &str, topic: &Topic) -> String {
    format!(
        "it {what} {} for this node, which lacks the grant {:?} there: a person there may give it (`dkvm peers allow`)",
        topic.name,
        topic.grant.name()
    )
}

/// `h264` of `office/h264`.
fn device(source: &str) -> &str {
    source.rsplit('/').next().unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
