//! The shell: requests, the thread that fetches, and what everybody is told.

use crate::{
    client::Client,
    config::Config,
    core::{progress::Resumed, rate::Rate, source::Source},
    put::Library,
    store::Store,
    worker::{News, Stop, Trouble, Worker},
};
use dkvm_sdk::{Fault, Incoming, Link, Request, SendError, Sender};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        fetch::{methods, Fetch, FetchState, Fetched, Fetching},
        storage::Finished,
    },
    ErrorCode, WireError,
};
use std::{thread, time::Duration};
use tokio::{
    sync::mpsc::{channel, Receiver, Sender as Teller},
    time::Instant,
};

/// Progress is told so often.
const TELL: Duration = Duration::from_millis(500);
/// News that wait: the thread waits when there are more.
const QUEUE: usize = 32;

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    // Said at the start, not at the first fetch.
    Client::new(&config).map_err(|error| link.refuse("ca_file", error.to_string()))?;
    let (teller, mut news) = channel(QUEUE);
    let mut device = Device::new(config, link.sender(), teller);
    device.remember();
    device.publish()?;
    link.ready()?;
    loop {
        let deadline = device.deadline();
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(()),
                Incoming::Request(request) => device.answer(request)?,
                _ => {}
            },
            Some(news) = receive(&mut news) => device.heard(news),
            () = tokio::time::sleep_until(deadline) => {}
        }
        device.publish()?;
    }
}

async fn receive(news: &mut Receiver<News>) -> Option<News> {
    news.recv().await
}

struct Job {
    source: Source,
    resumed: Resumed,
    stop: Stop,
    size: Option<u64>,
    offset: u64,
    rate: Rate,
    detail: Option<String>,
}

struct Device {
    config: Config,
    sender: Sender,
    teller: Teller<News>,
    store: Store,
    job: Option<Job>,
    last: Option<Fetched>,
    number: u32,
    started: Instant,
    published: Option<FetchState>,
    told: Instant,
}

impl Device {
    fn new(config: Config, sender: Sender, teller: Teller<News>) -> Self {
        let now = Instant::now();
        Self {
            config,
            sender,
            teller,
            store: Store::new(dkvm_sdk::state_dir()),
            job: None,
            last: None,
            number: 0,
            started: now,
            published: None,
            told: now,
        }
    }

    /// Goes on with what an earlier life was at.
    fn remember(&mut self) {
        if let Some(source) = self.store.load() {
            dkvm_sdk::info!("goes on with {}", source.image);
            if let Err(error) = self.begin(source, Resumed::Yes) {
                dkvm_sdk::warn!("{}", error.message);
            }
        }
    }

    fn answer(&mut self, request: Request) -> Result<(), SendError> {
        match request.method() {
            methods::GET => request.reply(&self.state()),
            methods::START => {
                let started = request.decode().and_then(|fetch| self.start(fetch));
                request.answer_with(started)
            }
            methods::CANCEL => {
                self.cancel();
                request.reply(&Nothing {})
            }
            _ => request.unknown(),
        }
    }

    /// Remembered no more from now on: a restart before it has ended must not bring it back.
    fn cancel(&mut self) {
        self.store.keep(None);
        if let Some(job) = &mut self.job {
            job.stop.ask();
            job.detail = Some("it is being cancelled".to_owned());
        }
    }

    fn start(&mut self, fetch: Fetch) -> Result<Nothing, WireError> {
        if let Some(job) = &self.job {
            let told = format!(
                "{} is being fetched: wait for it, or cancel it",
                job.source.image
            );
            return Err(WireError::new(ErrorCode::Conflict, told));
        }
        let source = Source::of(fetch)
            .map_err(|error| WireError::new(ErrorCode::BadRequest, error.to_string()))?;
        self.begin(source, Resumed::No)?;
        Ok(Nothing {})
    }

    fn begin(&mut self, source: Source, resumed: Resumed) -> Result<(), WireError> {
        let internal = |told: String| WireError::new(ErrorCode::Internal, told);
        let client = Client::new(&self.config).map_err(|error| internal(error.to_string()))?;
        let (stop, teller) = (Stop::default(), self.teller.clone());
        let worker = Worker {
            origin: client,
            library: Library::new(self.sender.clone()),
            source: source.clone(),
            resumed,
            stop: stop.clone(),
            // A device that ends has nobody to tell.
            tell: move |news| drop(teller.blocking_send(news)),
        };
        let thread = thread::Builder::new().name("fetch".into());
        let spawned = thread.spawn(move || worker.run());
        spawned.map_err(|error| internal(format!("Linux gives no thread: {error}")))?;
        self.store.keep(Some(&source));
        self.job = Some(Job {
            source,
            resumed,
            stop,
            size: None,
            offset: 0,
            rate: Rate::default(),
            detail: None,
        });
        Ok(())
    }

    fn heard(&mut self, news: News) {
        let now = self.started.elapsed();
        match news {
            News::At { size, offset } => {
                if let Some(job) = &mut self.job {
                    job.size = Some(size);
                    job.offset = offset;
                    job.rate.mark(now, offset);
                    job.detail = (offset == size).then(|| "it is read back and checked".to_owned());
                }
            }
            News::Waits(told) => {
                dkvm_sdk::info!("{told}");
                if let Some(job) = &mut self.job {
                    job.detail = Some(told);
                }
            }
            News::Ended(result) => self.ended(result),
        }
    }

    fn ended(&mut self, result: Result<Finished, Trouble>) {
        let Some(job) = self.job.take() else { return };
        let later = is_for_later(job.resumed, &result);
        if !later {
            self.store.keep(None);
        }
        self.number = self.number.wrapping_add(1);
        let image = job.source.image;
        let (sha256, message) = match result {
            Ok(finished) => (Some(finished.sha256), format!("{image} is here")),
            Err(told) if later => {
                let next = "it is gone on with when the node or this device starts again, or is fetched anew";
                (None, format!("{image} was not fetched: {told}; {next}"))
            }
            Err(told) => (None, format!("{image} was not fetched: {told}")),
        };
        dkvm_sdk::info!("{message}");
        self.last = Some(Fetched {
            number: self.number,
            image,
            sha256,
            message,
        });
    }

    fn state(&self) -> FetchState {
        let now = self.started.elapsed();
        FetchState {
            fetching: self.job.as_ref().map(|job| Fetching {
                url: job.source.url.clone(),
                image: job.source.image.clone(),
                size: job.size,
                offset: job.offset,
                rate: job.rate.per_second(now, job.offset),
                detail: job.detail.clone(),
            }),
            last: self.last.clone(),
        }
    }

    /// Beginnings and ends at once, progress now and then.
    fn publish(&mut self) -> Result<(), SendError> {
        let state = self.state();
        let known = self.published.as_ref();
        let turned = known.is_none_or(|known| {
            known.fetching.is_some() != state.fetching.is_some() || known.last != state.last
        });
        let due = known != Some(&state) && self.told.elapsed() >= TELL;
        if turned || due {
            self.sender.emit(topics::FETCH_STATE, &state)?;
            self.published = Some(state);
            self.told = Instant::now();
        }
        Ok(())
    }

    fn deadline(&self) -> Instant {
        let idle = self.job.is_none() && self.published.as_ref() == Some(&self.state());
        // Something far away, as nothing happens by itself.
        let wait = if idle { TELL * 120 } else { TELL };
        Instant::now() + wait
    }
}

/// Whether the next life is to try again: what was gone on with once has bytes on the card, and a person who waits for it.
fn is_for_later(resumed: Resumed, result: &Result<Finished, Trouble>) -> bool {
    resumed == Resumed::Yes && matches!(result, Err(Trouble::Later(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_resumed_and_may_pass_is_kept_for_the_next_life() {
        let later = Err(Trouble::Later("no network".into()));
        assert!(is_for_later(Resumed::Yes, &later));
        assert!(!is_for_later(Resumed::No, &later));
        for end in [Trouble::Never("404".into()), Trouble::Cancelled] {
            assert!(!is_for_later(Resumed::Yes, &Err(end)));
        }
    }
}
