//! The loop: who hears the microphone, and whether it works.

use crate::{
    config::Config,
    out::{Hearer, ToHearer},
};
use dkvm_audio::{
    backend::Backend,
    ear::Ear,
    error::Error,
    shared::{Orders, Place, Shared, Wanted},
};
use dkvm_sdk::{Fault, Incoming, Link, Sender};
use dkvm_speaker::follow::Follow;
use dkvm_wire::{topics, vocab::audio::MicrophoneRef};
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// How often it is looked whether the thread lives.
const LOOK: Duration = Duration::from_millis(500);
/// A driver that has not come back after so long never will.
const STUCK: Duration = Duration::from_secs(10);

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    let mut device = Device::start(config, link.sender())?;
    device.settle();
    link.ready()?;
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(()),
                Incoming::Event { topic, body, .. } if topic == topics::INPUT_STATE => {
                    match body.decode(&topic) {
                        Ok(state) => device.follow.desk(&state),
                        Err(error) => dkvm_sdk::warn!("{error}"),
                    }
                }
                // Who knows where input is does not say it any more: nobody is overheard.
                Incoming::SourceGone { source, .. } if source.as_str() == "input" => {
                    device.follow.desk(&dkvm_wire::vocab::desk::DeskState::default());
                }
                Incoming::Request(request) => request.unknown()?,
                _ => {}
            },
            _ = look.tick() => device.look(&link)?,
        }
        device.settle();
    }
}

struct Device {
    shared: Arc<Shared>,
    place: Place,
    follow: Follow,
    hearer: Hearer,
    trouble: Option<String>,
}

impl Device {
    fn start(config: Config, sender: Sender) -> Result<Self, Fault> {
        let shared = Arc::new(Shared::default());
        let hearer = Hearer::default();
        let out = ToHearer {
            sender,
            hearer: hearer.clone(),
            who: who()?,
        };
        let backend = Backend::new(config.backend);
        let ear = Ear::new(shared.clone(), Box::new(out), backend);
        let thread = thread::Builder::new().name("ear".to_owned());
        thread.spawn(move || ear.run()).map_err(Error::Thread)?;
        Ok(Self {
            shared,
            place: Place::Pcm(config.device),
            follow: Follow::new(config.choice),
            hearer,
            trouble: None,
        })
    }

    fn settle(&self) {
        let hears = self.follow.hears();
        let wanted = hears.as_ref().map_or(Wanted::No, |_| Wanted::Yes);
        self.hearer.set(hears, Instant::now());
        let place = (wanted == Wanted::Yes).then(|| self.place.clone());
        self.shared.ear.order(Orders { place, wanted });
    }

    fn look(&mut self, link: &Link) -> Result<(), Fault> {
        // There is no mouth here.
        self.shared.beat(&self.shared.mouth);
        if self.shared.silence() > STUCK {
            return Err(Error::Stuck(STUCK.as_secs()).into());
        }
        let trouble = self.shared.ear.facts().trouble;
        if trouble != self.trouble {
            match &trouble {
                Some(why) => link.degraded(why.clone())?,
                None => link.ready()?,
            }
            self.trouble = trouble;
        }
        Ok(())
    }
}

/// By a number of its own, and the name of this machine.
fn who() -> Result<MicrophoneRef, Error> {
    let random = getrandom::u64().map_err(|error| Error::Thread(std::io::Error::other(error)))?;
    let machine = rustix::system::uname();
    Ok(MicrophoneRef {
        // What JavaScript can count.
        holder: random >> 11,
        name: machine.nodename().to_string_lossy().into_owned(),
    })
}
