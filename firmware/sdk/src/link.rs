use crate::{
    config, incoming::Request, intake::Inbound, lease::Lease, shared::Shared, steady::steady,
    ConfigError, Incoming, LinkError, SendError, Sender,
};
use dkvm_wire::{
    service::{methods, Nothing},
    topics, DeviceName, Generation, Ready, Welcome,
};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The device's end of its connection to the kernel.
#[derive(Debug)]
pub struct Link {
    sender: Sender,
    /// `goodbye` was given, so the end that follows is no news.
    leaving: Leaving,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    No,
    Told,
}

impl Link {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            sender: Sender(shared),
            leaving: Leaving::No,
        }
    }

    /// The device's own part of the configuration. Unknown keys are an error.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        config::read(self.name().as_str(), &self.welcome().config)
    }

    /// The error for a value that the device itself refuses; `reason` says what is allowed.
    pub fn refuse(&self, key: &str, reason: impl Into<String>) -> ConfigError {
        ConfigError::Refused {
            device: self.name().to_string(),
            key: key.to_owned(),
            reason: reason.into(),
        }
    }

    /// What the kernel said at the start.
    pub fn welcome(&self) -> &Welcome {
        self.sender.welcome()
    }

    /// The name that the configuration gives this device.
    pub fn name(&self) -> &DeviceName {
        &self.welcome().device_id
    }

    /// How often it was started, from 1.
    pub fn generation(&self) -> Generation {
        self.welcome().generation
    }

    /// Sends, from anywhere.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Tells the kernel that the device is usable now, fully.
    pub fn ready(&self) -> Result<(), SendError> {
        self.sender.emit(topics::READY, &Ready::default())
    }

    /// Tells the kernel that it is usable but for something: `sentence` says what is wrong and what to do.
    pub fn degraded(&self, sentence: impl Into<String>) -> Result<(), SendError> {
        self.sender.emit(
            topics::READY,
            &Ready {
                degraded: Some(sentence.into()),
            },
        )
    }

    /// The next thing to deal with. Cancel-safe: in a `select!` nothing is lost.
    ///
    /// It answers `ping`, and nothing else does: a device that stays away from here for longer than
    /// `limits.heartbeat_ms` counts as hung.
    pub async fn next(&mut self) -> Result<Incoming, LinkError> {
        loop {
            let inbound = steady(self.sender.0.inbox.receive()).await;
            if let Some(incoming) = self.open(inbound)? {
                return Ok(incoming);
            }
        }
    }

    /// The same when something is there already, without waiting.
    pub fn try_next(&mut self) -> Result<Option<Incoming>, LinkError> {
        while let Ok(inbound) = self.sender.0.inbox.try_receive() {
            if let Some(incoming) = self.open(inbound)? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    fn open(&mut self, inbound: Inbound) -> Result<Option<Incoming>, LinkError> {
        Ok(match inbound {
            Inbound::Event {
                topic,
                body,
                leases,
                source,
                to,
            } => {
                let leases = leases
                    .into_iter()
                    .map(|lease| Lease::new(lease, self.sender()))
                    .collect();
                Some(Incoming::Event {
                    topic,
                    body,
                    leases,
                    source,
                    to,
                })
            }
            Inbound::Request { id, method, .. } if method == methods::PING => {
                self.sender
                    .respond(id, Ok(&dkvm_wire::encode_body(&Nothing {})))?;
                None
            }
            Inbound::Request {
                id,
                method,
                body,
                source,
            } => Some(Incoming::Request(Request {
                id,
                method,
                body,
                source,
                sender: Some(self.sender()),
            })),
            Inbound::Demand(demand) => Some(Incoming::Demand {
                topic: demand.topic,
                readers: demand.readers,
                from: demand.from,
            }),
            Inbound::Dropped(dropped) => Some(Incoming::Dropped {
                topic: dropped.topic,
                count: dropped.count,
            }),
            Inbound::SourceGone(gone) => Some(Incoming::SourceGone {
                source: gone.source,
                generation: gone.generation,
            }),
            Inbound::Goodbye(goodbye) => {
                self.leaving = Leaving::Told;
                Some(Incoming::Goodbye {
                    reason: goodbye.reason,
                    deadline_ms: goodbye.deadline_ms,
                })
            }
            Inbound::End(error) => Some(self.end(error)?),
        })
    }

    /// A kernel that is gone says no goodbye, so it is said here; after one, or after a fault, it is an error.
    fn end(&mut self, error: LinkError) -> Result<Incoming, LinkError> {
        let told = std::mem::replace(&mut self.leaving, Leaving::Told);
        // Whoever asks again gets the same.
        let _ = self
            .sender
            .0
            .inbox
            .try_send(Inbound::End(LinkError::Closed));
        match (error, told) {
            (LinkError::Closed, Leaving::No) => Ok(Incoming::Goodbye {
                reason: "the kernel is gone".to_owned(),
                deadline_ms: 0,
            }),
            (error, _) => Err(error),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.sender.0.stop_listening();
    }
}
