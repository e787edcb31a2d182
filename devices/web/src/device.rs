//! Between the kernel and the pages.

use crate::{
    app::App,
    clock::Moment,
    config::{Config, Folders},
    error::Error,
    http::listen,
    state::{Demand, Hub, Key, Picture, Pictures, MAX_HOLD, MAX_PICTURE},
    status::{Board, Part, Status},
    tls::{self, Certificate, Names},
};
use dkvm_sdk::{CallError, FrameReader, Incoming, Lease, Link, Sender};
use dkvm_wire::{
    service::{methods, DeviceInfo, DeviceList, KernelInfo, MemoryStats, Nothing, Subscribe},
    topics,
    vocab::{page::ToPage, update::UpdateState},
    DecodeError,
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, MissedTickBehavior},
};

/// Counters of devices and of memory are told to open pages so often.
const POLL: Duration = Duration::from_secs(1);

type Body = dkvm_sdk::Body;

/// Serves until the kernel says good-bye.
pub async fn run(mut link: Link) -> Result<(), Error> {
    let config: Config = link.config()?;
    let sender = link.sender();
    let asked = Moment::now();
    let subscribe = Subscribe {
        topics: vec![
            topics::DEVICE_STATE.to_owned(),
            topics::DEVICE_DEATH.to_owned(),
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

/// Tells the kernel whether pictures are wanted.
struct WantPictures(Sender);

impl Demand for WantPictures {
    fn start(&self) {
        // Without a kernel there are no pictures to want.
        let _ = self.0.want(topics::VIDEO_JPEG);
    }
    fn stop(&self) {
        let _ = self.0.unwant(topics::VIDEO_JPEG);
    }
}

struct Web {
    app: Arc<App>,
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
        let pictures = Arc::new(Pictures::new(Box::new(WantPictures(sender.clone()))));
        let app = Arc::new(App::load(&folders, hub, pictures)?);
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
            frames: FrameReader::by(sender),
            status,
            https,
        })
    }

    async fn serve(mut self, link: &mut Link) -> Result<(), Error> {
        let mut settle = tokio::time::interval(MAX_HOLD / 2);
        settle.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                incoming = link.next() => match incoming? {
                    Incoming::Goodbye { .. } => {
                        self.app.leave().await;
                        return Ok(());
                    }
                    incoming => self.take(incoming)?,
                },
                _ = self.status.changed() => report(link, &self.status.borrow_and_update())?,
                _ = settle.tick(), if self.app.pictures.holds_lease() => self.app.pictures.settle(Moment::now()),
                ended = &mut self.https => return ended_by(ended),
            }
        }
    }

    fn take(&self, incoming: Incoming) -> Result<(), Error> {
        match incoming {
            Incoming::Event {
                topic,
                body,
                leases,
                source,
            } => {
                let source = (source.name, source.generation);
                if let Err(error) = self.event(&topic, &body, &leases, source) {
                    dkvm_sdk::warn!("{error}");
                }
                Ok(())
            }
            Incoming::Request(request) => Ok(request.unknown()?),
            _ => Ok(()),
        }
    }

    fn event(
        &self,
        topic: &str,
        body: &Body,
        leases: &[Lease],
        source: (String, dkvm_wire::Generation),
    ) -> Result<(), DecodeError> {
        let hub = &self.app.hub;
        match topic {
            topics::VIDEO_JPEG => self.show(body, leases)?,
            topics::INPUT_ACK => hub.acknowledge(body.decode(topic)?),
            topics::DEVICE_STATE => self.device(body.decode(topic)?),
            topics::DEVICE_DEATH => hub.post_death(body.decode(topic)?),
            _ => {
                if topic == topics::UPDATE_STATE {
                    self.update(body.decode(topic)?);
                }
                if let Some((key, news)) = state_of(topic, body)? {
                    hub.post(key, source, news);
                }
            }
        }
        Ok(())
    }

    /// An upload that was cancelled, here or by the command line, is not gone on with.
    fn update(&self, state: UpdateState) {
        crate::lock(&self.app.desk).told(&state.stage);
    }

    fn device(&self, info: DeviceInfo) {
        // What an encoder that is gone showed last is not the present any more.
        if self.app.hub.post_device(info).contains(&Key::Encode) {
            self.app.pictures.forget();
        }
    }

    fn show(&self, body: &Body, leases: &[Lease]) -> Result<(), DecodeError> {
        let info = body.decode(topics::VIDEO_JPEG)?;
        let Some(lease) = leases.first() else {
            return Ok(());
        };
        match self.frames.view(lease) {
            Ok(view) if view.len() > MAX_PICTURE => {
                dkvm_sdk::warn!(
                    "a picture of {} bytes is over the limit of {MAX_PICTURE}",
                    view.len()
                );
            }
            Ok(view) => self
                .app
                .pictures
                .show(Picture::new(info, Arc::new(view), Moment::now())),
            // The encoder died or was too fast; the next picture is there soon.
            Err(error) => dkvm_sdk::debug!("{error}"),
        }
        Ok(())
    }
}

/// A device's state as a page is told it; `None` for a topic that is none.
fn state_of(topic: &str, body: &Body) -> Result<Option<(Key, ToPage)>, DecodeError> {
    let news = match topic {
        topics::GADGET_STATE => (Key::Gadget, ToPage::Gadget(body.decode(topic)?)),
        topics::HID_STATE => {
            let state = body.decode(topic)?;
            (Key::Hid, ToPage::Hid { state })
        }
        topics::VIDEO_STATE => {
            let state = body.decode(topic)?;
            (Key::Video, ToPage::Video { state })
        }
        topics::ENCODE_STATE => {
            let state = body.decode(topic)?;
            (Key::Encode, ToPage::Encode { state })
        }
        topics::UPDATE_STATE => {
            let state = body.decode(topic)?;
            (Key::Update, ToPage::Update { state })
        }
        topics::POWER_STATE => {
            let state = body.decode(topic)?;
            (Key::Power, ToPage::Power { state })
        }
        topics::NETWORK_STATE => {
            let state = body.decode(topic)?;
            (Key::Network, ToPage::Network { state })
        }
        topics::STORAGE_STATE => {
            let state = body.decode(topic)?;
            (Key::Storage, ToPage::Storage { state })
        }
        topics::TYPIST_STATE => {
            let state = body.decode(topic)?;
            (Key::Typist, ToPage::Typist { state })
        }
        _ => return Ok(None),
    };
    Ok(Some(news))
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
        let devices = hub
            .sender()
            .call::<_, DeviceList>(methods::DEVICES_LIST, &Nothing {});
        let memory = hub
            .sender()
            .call::<_, MemoryStats>(methods::MEMORY_STATS, &Nothing {});
        match tokio::join!(devices, memory) {
            (Ok(devices), Ok(memory)) => {
                hub.post_devices(devices);
                hub.post_memory(memory);
            }
            (Err(error), _) | (_, Err(error)) => {
                dkvm_sdk::warn!("the kernel did not tell its state: {error}")
            }
        }
        sleep(POLL).await;
    }
}
