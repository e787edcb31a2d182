//! The loop: whose sound is wanted, and what came of it.

use crate::{config::Config, follow::Follow};
use dkvm_audio::{
    backend::Backend,
    core::{
        from_bytes,
        order::{Next, Order},
    },
    error::Error,
    mouth::Mouth,
    shared::{Orders, Place, Shared, Wanted},
};
use dkvm_sdk::{Body, Fault, Incoming, Link, Sender};
use dkvm_wire::{
    topics,
    vocab::audio::{Speaker, CHUNK_FRAMES},
};
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Left and right.
const CHANNELS: usize = 2;
/// How often it is looked whether the thread lives, and whether sound still comes.
const LOOK: Duration = Duration::from_millis(500);
/// A driver that has not come back after so long never will.
const STUCK: Duration = Duration::from_secs(10);
/// What was lost is told so often.
const TELL: Duration = Duration::from_secs(10);
/// Without sound for so long the card is let go, for others and to sleep.
const QUIET: Duration = Duration::from_secs(2);

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    let mut device = Device::start(config, link.sender())?;
    device.settle()?;
    link.ready()?;
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(()),
                incoming => device.take(incoming)?,
            },
            _ = look.tick() => device.look(&link)?,
        }
        device.settle()?;
    }
}

struct Device {
    shared: Arc<Shared>,
    sender: Sender,
    place: Place,
    follow: Follow,
    /// Whose sound is wanted now.
    heard: Option<String>,
    order: Order,
    /// Pieces that were lost, and how often nothing was there in time, since it was told.
    lost: usize,
    told: Instant,
    faults: u32,
    came: Option<Instant>,
    trouble: Option<String>,
}

impl Device {
    fn start(config: Config, sender: Sender) -> Result<Self, Fault> {
        let shared = Arc::new(Shared::default());
        let backend = Backend::new(config.backend);
        let mouth = Mouth::new(shared.clone(), backend, config.buffer_ms, CHANNELS);
        let thread = thread::Builder::new().name("mouth".to_owned());
        thread.spawn(move || mouth.run()).map_err(Error::Thread)?;
        Ok(Self {
            shared,
            sender,
            place: Place::Pcm(config.device),
            follow: Follow::new(config.choice),
            heard: None,
            order: Order::new(config.buffer_ms),
            lost: 0,
            told: Instant::now(),
            faults: 0,
            came: None,
            trouble: None,
        })
    }

    fn take(&mut self, incoming: Incoming) -> Result<(), Fault> {
        match incoming {
            Incoming::Event {
                topic,
                body,
                source,
                ..
            } => self.event(&topic, &body, &source.name),
            Incoming::Request(request) => request.unknown()?,
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, topic: &str, body: &Body, source: &str) {
        let done = match topic {
            topics::AUDIO_SPEAKER => body.decode(topic).map(|piece| self.hear(piece, source)),
            topics::INPUT_STATE => body.decode(topic).map(|state| self.follow.desk(&state)),
            _ => Ok(()),
        };
        if let Err(error) = done {
            dkvm_sdk::warn!("{error}");
        }
    }

    fn hear(&mut self, piece: Speaker, source: &str) {
        // One that was on its way when another was chosen.
        if self.heard.as_deref() != Some(source) {
            return;
        }
        self.came = Some(Instant::now());
        let Speaker {
            stream,
            position,
            data,
            ..
        } = piece;
        for next in self.order.push(stream.into(), position, data) {
            match next {
                Next::Sound(data) => self
                    .shared
                    .hear(from_bytes(&data).take(CHUNK_FRAMES * CHANNELS)),
                Next::Lost(frames) => {
                    self.lost += frames.div_ceil(CHUNK_FRAMES);
                    self.shared.hear(std::iter::repeat_n(0, frames * CHANNELS));
                }
            }
        }
    }

    /// Wants whom it follows, and gives the thread its orders.
    fn settle(&mut self) -> Result<(), Fault> {
        let heard = self.follow.heard();
        if heard != self.heard {
            if let Some(old) = &self.heard {
                self.sender.unwant_from(topics::AUDIO_SPEAKER, old)?;
            }
            if let Some(new) = &heard {
                self.sender.want_from(topics::AUDIO_SPEAKER, new)?;
            }
            (self.heard, self.came) = (heard, None);
            self.order.forget();
        }
        let wanted = match self.came {
            Some(at) if at.elapsed() < QUIET => Wanted::Yes,
            _ => Wanted::No,
        };
        // Without sound no card is looked for either.
        let place = (wanted == Wanted::Yes).then(|| self.place.clone());
        self.shared.mouth.order(Orders { place, wanted });
        Ok(())
    }

    fn look(&mut self, link: &Link) -> Result<(), Fault> {
        // There is no ear here.
        self.shared.beat(&self.shared.ear);
        if self.shared.silence() > STUCK {
            return Err(Error::Stuck(STUCK.as_secs()).into());
        }
        let facts = self.shared.mouth.facts();
        self.complain(facts.faults);
        let trouble = facts.trouble;
        if trouble != self.trouble {
            match &trouble {
                Some(why) => link.degraded(why.clone())?,
                None => link.ready()?,
            }
            self.trouble = trouble;
        }
        Ok(())
    }

    /// Now and then a line of what a person may have heard.
    fn complain(&mut self, faults: u32) {
        let starved = faults.saturating_sub(self.faults);
        if self.told.elapsed() < TELL || (self.lost, starved) == (0, 0) {
            return;
        }
        let lost = std::mem::take(&mut self.lost);
        dkvm_sdk::info!("{lost} pieces of sound were lost on the way, and {starved} times nothing was there in time: where that is heard, raise `buffer_ms`");
        (self.faults, self.told) = (faults, Instant::now());
    }
}
