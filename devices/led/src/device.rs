//! The shell: listens to the kernel and to hid, and sets the LED when what it tells has changed.

use crate::{
    backend::Backend,
    config::Config,
    core::{pattern, Focus, Health, Node, Stage, Status},
    error::Error,
};
use dkvm_sdk::{CallError, Fault, Incoming, Link, SendError, Sender};
use dkvm_wire::{
    service::{methods, DeviceInfo, DeviceList, KernelInfo, Nothing, Subscribe},
    topics,
    vocab::input::HidState,
};
use std::time::Duration;
use tokio::time::{sleep, sleep_until, Instant};

/// Notices, devices that left the configuration, work at the target and a LED that came late show after so long.
const POLL: Duration = Duration::from_secs(5);

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    config
        .check()
        .map_err(|reason| link.refuse("led", reason))?;
    let mut device = Device::new(&config, link.sender());
    let subscribe = Subscribe {
        topics: vec![topics::DEVICE_STATE.to_owned()],
    };
    let subscribed = device
        .sender
        .call::<_, Nothing>(methods::EVENTS_SUBSCRIBE, &subscribe);
    subscribed.await.map(drop).or_else(refused)?;
    device.show();
    link.ready()?;
    device.serve(&mut link).await
}

/// What the kernel does not tell by itself, it is asked for now and then.
fn refused(error: CallError) -> Result<(), Error> {
    match error {
        CallError::Refused { .. } => {
            dkvm_sdk::warn!("{error}");
            Ok(())
        }
        error => Err(Error::Subscribe(error)),
    }
}

struct Device {
    node: Node,
    backend: Backend,
    sender: Sender,
    /// When the kernel started, as far as it told.
    started: Instant,
    shown: Option<Status>,
    /// The last complaint, told once.
    complaint: Option<String>,
}

/// What the kernel says when it is asked.
type News = (Result<DeviceList, CallError>, Result<KernelInfo, CallError>);

impl Device {
    fn new(config: &Config, sender: Sender) -> Self {
        Self {
            node: Node::default(),
            backend: Backend::new(config),
            sender,
            started: Instant::now(),
            shown: None,
            complaint: None,
        }
    }

    async fn serve(mut self, link: &mut Link) -> Result<(), Fault> {
        let sender = self.sender.clone();
        let mut poll = Box::pin(ask(sender.clone(), Duration::ZERO));
        loop {
            let boot_left = self.node.boot_left(self.started.elapsed());
            tokio::select! {
                incoming = link.next() => match incoming? {
                    Incoming::Goodbye { .. } => break,
                    incoming => self.take(incoming)?,
                },
                news = &mut poll => {
                    self.news(news);
                    poll = Box::pin(ask(sender.clone(), POLL));
                }
                () = until(boot_left) => {}
                () = self.backend.run() => {}
            }
            self.show();
        }
        self.leave();
        Ok(())
    }

    fn take(&mut self, incoming: Incoming) -> Result<(), SendError> {
        match incoming {
            Incoming::Event {
                topic,
                body,
                source,
                ..
            } => match topic.as_str() {
                topics::HID_STATE => match body.decode::<HidState>(&topic) {
                    Ok(state) => {
                        let uptime = self.started.elapsed();
                        self.node.holder(&source.name, state.holder, uptime);
                    }
                    Err(error) => dkvm_sdk::warn!("{error}"),
                },
                topics::DEVICE_STATE => match body.decode::<DeviceInfo>(&topic) {
                    Ok(info) => self.node.device(&info),
                    Err(error) => dkvm_sdk::warn!("{error}"),
                },
                _ => {}
            },
            Incoming::SourceGone { source, .. } => self.node.gone(source.as_str()),
            Incoming::Request(request) => request.unknown()?,
            _ => {}
        }
        Ok(())
    }

    fn news(&mut self, (devices, kernel): News) {
        match devices {
            Ok(devices) => self.node.devices(&devices, self.started.elapsed()),
            Err(error) => dkvm_sdk::debug!("{error}"),
        }
        match kernel {
            Ok(info) => {
                self.node.kernel(&info);
                let up = Duration::from_millis(info.uptime_ms);
                self.started = Instant::now().checked_sub(up).unwrap_or(self.started);
            }
            Err(error) => dkvm_sdk::debug!("{error}"),
        }
        // A LED that was not there, or could not be set, is tried again.
        if self.complaint.is_some() {
            self.shown = None;
        }
    }

    fn show(&mut self) {
        let status = self.node.status(self.started.elapsed());
        if self.shown == Some(status) {
            return;
        }
        self.shown = Some(status);
        self.set(status);
    }

    /// No LED is no fault of the node: it is told once.
    fn set(&mut self, status: Status) {
        let complaint = self.backend.show(&pattern(status)).err();
        let complaint = complaint.map(|error| error.to_string());
        if let (Some(text), true) = (&complaint, complaint != self.complaint) {
            dkvm_sdk::warn!("{text}");
        }
        self.complaint = complaint;
    }

    /// Without the kernel, the node is as it is before its start.
    fn leave(&mut self) {
        self.set(Status {
            stage: Stage::Booting,
            health: Health::Well,
            focus: Focus::Free,
        });
    }
}

async fn ask(sender: Sender, after: Duration) -> News {
    sleep(after).await;
    let devices = sender.call(methods::DEVICES_LIST, &Nothing {});
    let kernel = sender.call(methods::KERNEL_INFO, &Nothing {});
    (devices.await, kernel.await)
}

async fn until(left: Option<Duration>) {
    match left {
        Some(left) => sleep_until(Instant::now() + left).await,
        None => std::future::pending().await,
    }
}
