//! The shell: brings the gadget up, watches it, answers requests.

use crate::{
    backend::{Backend, Found},
    config::Config,
    error::{Error, GadgetError},
    journal::{Journal, Wish},
};
use dkvm_sdk::{ErrorCode, Incoming, Link, Request, Sender, WireError};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::gadget::{methods, GadgetState, Plug},
};
use std::time::Duration;

/// How often the state is read even if Linux says nothing: `suspended` gives no notice.
const LOOK: Duration = Duration::from_secs(1);
/// How long an unplugged cable stays so when it is replugged: a host debounces for 100 ms (USB 2.0, 7.1.7.3).
const UNPLUGGED_FOR: Duration = Duration::from_millis(300);

/// Runs until the kernel says goodbye; the gadget stays bound.
pub async fn run(mut link: Link) -> Result<(), Error> {
    let config: Config = link.config()?;
    if let Some((key, reason)) = config.fault() {
        return Err(link.refuse(key, reason).into());
    }
    let mut device = Device::new(&config, link.sender())?;
    device.bring_up().await?;
    device.publish()?;
    link.ready()?;
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(()),
                Incoming::Request(request) => device.answer(request).await?,
                _ => {}
            },
            () = device.backend.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        device.publish()?;
    }
}

struct Device {
    backend: Backend,
    journal: Journal,
    sender: Sender,
    published: Option<GadgetState>,
}

impl Device {
    fn new(config: &Config, sender: Sender) -> Result<Self, Error> {
        Ok(Self {
            backend: Backend::new(config)?,
            journal: Journal::open(),
            sender,
            published: None,
        })
    }

    async fn bring_up(&mut self) -> Result<(), GadgetError> {
        let found = self.backend.prepare()?;
        match (&found, self.journal.wish) {
            (Found::Adopted, _) => {
                dkvm_sdk::info!(
                    "adopted the gadget that is bound to {}: the target sees nothing",
                    self.backend.udc()
                );
                return self.backend.hand_out().await;
            }
            (Found::Built(Some(reason)), _) => dkvm_sdk::info!("built the gadget anew: {reason}"),
            (Found::Built(None), _) => dkvm_sdk::info!("built the gadget"),
            (Found::Unbound, _) => {}
        }
        match self.journal.wish {
            Wish::Plugged => self.plug().await,
            Wish::Unplugged => Ok(()),
        }
    }

    async fn plug(&mut self) -> Result<(), GadgetError> {
        self.journal.bound();
        self.backend.bind()?;
        self.backend.hand_out().await?;
        dkvm_sdk::info!("bound to {}", self.backend.udc());
        Ok(())
    }

    fn publish(&mut self) -> Result<(), Error> {
        let status = self.backend.status()?;
        let state = GadgetState {
            state: status.usb_state(),
            udc: self.backend.udc().to_owned(),
            speed: status.speed().to_owned(),
            binding: self.journal.binding,
            functions: self.backend.functions(),
        };
        if self.published.as_ref() != Some(&state) {
            self.sender.emit(topics::GADGET_STATE, &state)?;
            self.published = Some(state);
        }
        Ok(())
    }

    async fn answer(&mut self, request: Request) -> Result<(), Error> {
        let result = match request.method() {
            methods::REPLUG => self.replug().await,
            methods::PLUG => match request.decode::<Plug>() {
                Ok(Plug { plugged: true }) => self.wish(Wish::Plugged).await,
                Ok(Plug { plugged: false }) => self.wish(Wish::Unplugged).await,
                Err(error) => return Ok(request.fail(error)?),
            },
            _ => return Ok(request.unknown()?),
        };
        let result = result.map_err(|error| WireError::new(ErrorCode::Hardware, error.to_string()));
        Ok(request.answer_with(result.map(|()| Nothing {}))?)
    }

    async fn wish(&mut self, wish: Wish) -> Result<(), GadgetError> {
        let changed = self.journal.wish != wish;
        self.journal.wish(wish);
        match wish {
            Wish::Plugged if changed => self.plug().await,
            Wish::Plugged => Ok(()),
            Wish::Unplugged => self.backend.unbind(),
        }
    }

    async fn replug(&mut self) -> Result<(), GadgetError> {
        self.backend.unbind()?;
        // Whoever watches sees it, hid above all.
        let _ = self.publish();
        tokio::time::sleep(UNPLUGGED_FOR).await;
        self.journal.wish(Wish::Plugged);
        self.plug().await
    }
}
