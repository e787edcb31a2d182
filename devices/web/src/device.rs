//! Between the kernel and the pages.

use crate::{
    actions,
    app::App,
    clock::Moment,
    config::{Config, Folders},
    configuration,
    error::Error,
    http::listen,
    state::{
        Demand, Encoder, Hub, Key, Picture, Pictures, Sounds, Unit, Units, LOOK, MAX_HOLD,
        MAX_PICTURE,
    },
    status::{Board, Part, Status},
    tls::{self, Certificate, Names},
};
use bytes::Bytes;
use dkvm_sdk::{CallError, FrameReader, Incoming, Lease, Link, Sender};
use dkvm_wire::{
    service::{methods, DeviceInfo, DeviceList, KernelInfo, MemoryStats, Nothing, Subscribe},
    topics,
    vocab::{
        page::ToPage,
        update::UpdateState,
        video::{AccessUnit, FrameInfo, LinkLoad},
    },
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

/// Tells the kernel whether a topic is wanted.
struct Want(Sender, &'static str);

impl Demand for Want {
    fn start(&self) {
        // Without a kernel there is nothing to want.
        let _ = self.0.want(self.1);
    }
    fn stop(&self) {
        let _ = self.0.unwant(self.1);
    }
}

/// The encoder of H.264, on the other side of the kernel. What it does not answer is asked again by who needs it.
struct FarEncoder(Arc<Hub>);

impl Encoder for FarEncoder {
    fn key_frame(&self) {
        let hub = self.0.clone();
        tokio::spawn(async move { actions::key_frame(&hub).await });
    }
    fn link(&self, load: LinkLoad) {
        let hub = self.0.clone();
        tokio::spawn(async move { actions::link_load(&hub, &load).await });
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
        let want = |topic| Box::new(Want(sender.clone(), topic));
        let pictures = Arc::new(Pictures::new(want(topics::VIDEO_JPEG)));
        let sounds = Arc::new(Sounds::new(want(topics::AUDIO_SPEAKER)));
        let units = Units::new(want(topics::VIDEO_H264), Box::new(FarEncoder(hub.clone())));
        let pictures = (pictures, Arc::new(units));
        let app = Arc::new(App::load(&folders, hub, pictures, sounds)?);
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
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                _ = look.tick(), if self.app.units.is_watched() => self.app.units.look(Moment::now()),
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
                ..
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
            topics::VIDEO_H264 => self.show_unit(body, leases)?,
            topics::SERIAL_OUTPUT => self.app.serial.heard(body.decode(topic)?),
            topics::AUDIO_SPEAKER => self.app.sounds.play(body.decode(topic)?),
            topics::INPUT_ACK => hub.acknowledge(body.decode(topic)?),
            topics::DEVICE_STATE => self.device(body.decode(topic)?),
            topics::DEVICE_DEATH => hub.post_death(body.decode(topic)?),
            topics::CONFIG_STATE => hub.post_config(body.decode(topic)?),
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
        for gone in self.app.hub.post_device(info) {
            match gone {
                Key::Encode => self.app.pictures.forget(),
                Key::H264 => self.app.units.forget(),
                _ => {}
            }
        }
    }

    fn show_unit(&self, body: &Body, leases: &[Lease]) -> Result<(), DecodeError> {
        let info: FrameInfo = body.decode(topics::VIDEO_H264)?;
        match leases.first().map(|lease| self.frames.view(lease)) {
            Some(Ok(view)) if view.len() <= MAX_PICTURE => {
                let (number, unit) = unit_of(info, &view);
                self.app.units.show(number, &Arc::new(unit), Moment::now());
            }
            // The next does not follow on the last then, and nobody is shown it.
            Some(Ok(view)) => dkvm_sdk::warn!(
                "a frame of {} bytes is over the limit of {MAX_PICTURE}",
                view.len()
            ),
            Some(Err(error)) => dkvm_sdk::debug!("{error}"),
            None => {}
        }
        Ok(())
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

/// Copied once for all: it is small, and then no slow page holds up the encoder.
fn unit_of(info: FrameInfo, view: &[u8]) -> (u64, Unit) {
    let AccessUnit { number, key } = info.unit.unwrap_or(AccessUnit {
        number: 0,
        key: false,
    });
    let bytes = Bytes::copy_from_slice(view);
    (number, Unit { info, key, bytes })
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
        topics::H264_STATE => {
            let state = body.decode(topic)?;
            (Key::H264, ToPage::H264 { state })
        }
        topics::AUDIO_STATE => {
            let state = body.decode(topic)?;
            (Key::Audio, ToPage::Audio { state })
        }
        _ => return state_of_more(topic, body),
    };
    Ok(Some(news))
}

/// What is neither picture, sound nor hands.
fn state_of_more(topic: &str, body: &Body) -> Result<Option<(Key, ToPage)>, DecodeError> {
    let news = match topic {
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
        topics::USBNET_STATE => {
            let state = body.decode(topic)?;
            (Key::Usbnet, ToPage::Usbnet { state })
        }
        topics::PEER_STATE => {
            let state = body.decode(topic)?;
            (Key::Peers, ToPage::Peers { state })
        }
        topics::TYPIST_STATE => {
            let state = body.decode(topic)?;
            (Key::Typist, ToPage::Typist { state })
        }
        topics::FETCH_STATE => {
            let state = body.decode(topic)?;
            (Key::Fetch, ToPage::Fetch { state })
        }
        topics::MACRO_STATE => {
            let state = body.decode(topic)?;
            (Key::Macros, ToPage::Macros { state })
        }
        topics::SERIAL_STATE => {
            let state = body.decode(topic)?;
            (Key::Serial, ToPage::Serial { state })
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
        if hub.on_trial() {
            configuration::follow(&hub).await;
        }
        sleep(POLL).await;
    }
}
