//! Between the kernel and the pages.

mod events;

use crate::{
    app::App,
    clock::Moment,
    config::{Config, Folders},
    configuration,
    error::Error,
    http::listen,
    state::{Complaints, Hub, LOOK, MAX_HOLD},
    status::{Board, Part, Status},
    streams::Streams,
    tls::{self, Certificate, Names},
};
use dkvm_sdk::{CallError, FrameReader, Incoming, Link, Sender};
use dkvm_wire::{
    service::{methods, DeviceList, KernelInfo, MemoryStats, Nothing, Subscribe},
    topics,
};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, MissedTickBehavior},
};

/// Counters of devices and of memory are told to open pages so often.
const POLL: Duration = Duration::from_secs(1);

/// Serves until the kernel says good-bye.
pub async fn run(mut link: Link) -> Result<(), Error> {
    let config: Config = link.config()?;
    let sender = link.sender();
    let asked = Moment::now();
    let subscribe = Subscribe {
        topics: vec![
            topics::DEVICE_STATE.to_owned(),
            topics::DEVICE_DEATH.to_owned(),
            topics::CONFIG_STATE.to_owned(),
        ],
    };
    let subscribed = sender.call::<_, Nothing>(methods::EVENTS_SUBSCRIBE, &subscribe);
    let kernel = sender
        .call(methods::KERNEL_INFO, &Nothing {})
        .await
        .or_else(unnamed)?;
    subscribed
        .await
        .map(|_| ())
        .or_else(|error| refused(error).map(drop))?;
    // A stream, and streams start unwanted; a page forgets a key only when it was acknowledged.
    sender.want(topics::INPUT_ACK)?;
    let web = Web::start(kernel, asked, &sender, &config)?;
    web.serve(&mut link).await
}

/// A kernel that does not say who it is gets the machine's name.
fn unnamed(error: CallError) -> Result<KernelInfo, CallError> {
    refused(error)?;
    let node = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    Ok(KernelInfo {
        node,
        ..KernelInfo::default()
    })
}

/// What the kernel refuses, pages do without: the picture and the keys matter more.
fn refused(error: CallError) -> Result<Nothing, CallError> {
    match error {
        CallError::Refused { .. } => {
            dkvm_sdk::warn!("{error}");
            Ok(Nothing {})
        }
        error => Err(error),
    }
}

struct Web {
    app: Arc<App>,
    /// What was said of other nodes.
    complaints: Mutex<Complaints>,
    frames: FrameReader,
    status: watch::Receiver<Status>,
    https: JoinHandle<Result<Infallible, Error>>,
}

impl Web {
    fn start(
        kernel: KernelInfo,
        asked: Moment,
        sender: &Sender,
        config: &Config,
    ) -> Result<Self, Error> {
        let folders = Folders::from_env();
        let names = Names::new(&kernel.node, &config.names);
        let hub = Arc::new(Hub::new(kernel, asked, sender.clone()));
        let streams = Streams::new(&hub);
        let app = Arc::new(App::load(&folders, hub, streams)?);
        let certificate =
            Certificate::obtain(&folders.state, &names).map_err(tls::TlsError::from)?;
        dkvm_sdk::info!(
            "the certificate's SHA-256 fingerprint is {}",
            certificate.fingerprint()
        );
        let board = Board::new();
        board.say(Part::Certificate, certificate.degraded.clone());
        let status = board.listen();
        let tls = tls::server(certificate)?;
        if let Some(address) = config.http_listen {
            tokio::spawn(redirect(address, config.listen.port(), board.clone()));
        }
        let https = tokio::spawn(listen::https(app.clone(), tls, config.listen, board));
        tokio::spawn(poll(app.hub.clone()));
        Ok(Self {
            app,
            complaints: Mutex::default(),
            frames: FrameReader::by(sender),
            status,
            https,
        })
    }

    async fn serve(mut self, link: &mut Link) -> Result<(), Error> {
        let mut settle = tokio::time::interval(MAX_HOLD / 2);
        settle.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let streams = &self.app.streams;
            tokio::select! {
                incoming = link.next() => match incoming? {
                    Incoming::Goodbye { .. } => {
                        self.app.leave().await;
                        return Ok(());
                    }
                    incoming => self.take(incoming)?,
                },
                _ = self.status.changed() => report(link, &self.status.borrow_and_update())?,
                _ = settle.tick(), if streams.holds_lease() => streams.settle(Moment::now()),
                _ = look.tick(), if streams.is_watched() => streams.look(Moment::now()),
                () = until(self.app.hub.targets_due()) => self.app.hub.tell_targets(),
                () = until(streams.thumbs.due()) => streams.thumbs.turn(Moment::now()),
                ended = &mut self.https => return ended_by(ended),
            }
        }
    }
}

/// Never, where there is nothing to wait for.
async fn until(due: Option<Moment>) {
    match due {
        Some(due) => sleep(due.since(Moment::now())).await,
        None => std::future::pending().await,
    }
}

fn report(link: &Link, status: &Status) -> Result<(), Error> {
    match status.verdict() {
        None => return Ok(()),
        Some(Ok(())) => link.ready()?,
        Some(Err(sentence)) => link.degraded(sentence)?,
    }
    Ok(())
}

fn ended_by(ended: Result<Result<Infallible, Error>, tokio::task::JoinError>) -> Result<(), Error> {
    match ended {
        Ok(Err(error)) => Err(error),
        Ok(Ok(never)) => match never {},
        // Aborted by the runtime's own end.
        Err(_) => Ok(()),
    }
}

/// Plain HTTP is a comfort: without it the device goes on.
async fn redirect(address: std::net::SocketAddr, https_port: u16, board: Board) {
    let Err(error) = listen::http(address, https_port, board.clone()).await;
    board.say(Part::Http, Some(error.to_string()));
}

/// Asks the kernel for what changes without an event, while a page is open to show it.
async fn poll(hub: Arc<Hub>) {
    let mut pages = hub.open_pages();
    while pages.wait_for(|pages| *pages > 0).await.is_ok() {
        let told = hub.told();
        let devices = hub
            .sender()
            .call::<_, DeviceList>(methods::DEVICES_LIST, &Nothing {});
        let memory = hub
            .sender()
            .call::<_, MemoryStats>(methods::MEMORY_STATS, &Nothing {});
        match tokio::join!(devices, memory) {
            (Ok(devices), Ok(memory)) => {
                // Overtaken by news: the next is soon.
                if hub.told() == told {
                    hub.post_devices(devices);
                }
                hub.post_memory(memory);
            }
            (Err(error), _) | (_, Err(error)) => {
                dkvm_sdk::warn!("the kernel did not tell its state: {error}")
            }
        }
        if hub.on_trial() {
            configuration::follow(&hub).await;
        }
        sleep(POLL).await;
    }
}
