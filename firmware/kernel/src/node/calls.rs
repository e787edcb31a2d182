use super::pending::Waiting;
use super::rights::{Asked, Law, Rights, Standing};
use super::Node;
use crate::link::{frame, DeviceId, Item, Peer};
use crate::supervise::Event;
use dkvm_wire::service::methods;
use dkvm_wire::{ErrorCode, Generation, Message, RequestId, Source, WireError};

impl Node {
    pub(super) fn on_request(&mut self, peer: Peer, id: RequestId, method: &str, body: &[u8]) {
        let Some((device, rest)) = method.split_once('/') else {
            let result = if method.starts_with("config.") {
                self.serve_config((peer, id), method, body)
            } else {
                self.serve(peer, method, body).map(Some)
            };
            match result {
                Ok(Some(body)) => self.respond(peer, id, Ok(&body)),
                // Answered when it is done.
                Ok(None) => {}
                Err(error) => self.respond(peer, id, Err(error)),
            }
            return;
        };
        if let Err(error) = self.forward((peer, id), device, rest, body) {
            self.respond(peer, id, Err(error));
        }
    }

    fn forward(
        &mut self,
        caller: (Peer, RequestId),
        name: &str,
        method: &str,
        body: &[u8],
    ) -> Result<(), WireError> {
        self.permit(caller.0, Asked::Device(name, method))?;
        let callee = self.find(name).ok_or_else(|| no_device(name))?;
        if !self.devices[callee.0].is_ready() {
            return Err(not_running(name));
        }
        if self.pending.is_full_for(caller.0) {
            return Err(WireError::new(
                ErrorCode::Exhausted,
                "256 calls wait for their answers already",
            )
            .about(name));
        }
        let now = self.now();
        let peer = self.devices[callee.0].peer();
        let Some(id) = self.link(peer).map(crate::link::Link::next_request) else {
            return Err(not_running(name));
        };
        self.pending
            .add((callee, id), caller, &format!("{name}/{method}"), now);
        let (asker, generation) = self.name_of(caller.0);
        let source = Some(Source {
            name: &asker,
            generation,
        });
        let request = frame(&Message::Request {
            id,
            method,
            body,
            source,
        });
        self.send(peer, Item::control(request));
        Ok(())
    }

    fn name_of(&self, peer: Peer) -> (String, Generation) {
        match peer {
            Peer::Device(id, generation) => {
                (self.devices[id.0].config.name.to_string(), generation)
            }
            Peer::Client(id) => (format!("client-{}", id.0), Generation(0)),
        }
    }

    /// Whether the configuration lets a peer ask that.
    pub(super) fn permit(&self, peer: Peer, asked: Asked<'_>) -> Result<(), WireError> {
        let law = Law {
            devices: &self.config.devices,
            grants: &self.config.grants,
        };
        match peer {
            Peer::Device(id, _) => Rights {
                standing: Standing::Device(self.devices[id.0].config.name.clone()),
                grants: None,
            }
            .judge(asked, law),
            Peer::Client(id) => match self.clients.get(&id) {
                Some(client) => client.rights.judge(asked, law),
                None => Err(WireError::new(
                    ErrorCode::Forbidden,
                    "the session has ended",
                )),
            },
        }
    }

    pub(super) fn may_listen(&self, peer: Peer) -> bool {
        self.permit(peer, Asked::Kernel(methods::EVENTS_SUBSCRIBE))
            .is_ok()
    }

    pub(super) fn on_response(
        &mut self,
        peer: Peer,
        id: RequestId,
        result: Result<&[u8], WireError>,
    ) {
        let Peer::Device(device, _) = peer else {
            return;
        };
        if self.devices[device.0].ping == Some(id) {
            self.devices[device.0].ping = None;
            self.drive(device, Event::Pong);
        } else if let Some(waiting) = self.pending.take(device, id) {
            self.respond(waiting.caller, waiting.id, result);
        }
    }

    /// The callee is gone.
    pub(super) fn fail_pending(&mut self, callee: DeviceId) {
        let name = self.devices[callee.0].config.name.to_string();
        for waiting in self.pending.take_of(callee) {
            let text = format!("{name} ended before it answered {}", waiting.method);
            let error = WireError::new(ErrorCode::Unavailable, text).about(name.as_str());
            self.respond(waiting.caller, waiting.id, Err(error));
        }
    }

    pub(super) fn fail_late(&mut self) {
        let now = self.now();
        for Waiting {
            caller, id, method, ..
        } in self.pending.take_late(now)
        {
            let error = WireError::new(
                ErrorCode::Timeout,
                format!("{method} was not answered within 10 s"),
            )
            .about(method);
            self.respond(caller, id, Err(error));
        }
    }
}

/// Unlike one that ends before it answers, it has not begun anything.
fn not_running(name: &str) -> WireError {
    let text = format!("{name} is not running now");
    WireError::new(ErrorCode::Unavailable, text)
        .about(name)
        .unheard()
}

pub(super) fn no_device(name: &str) -> WireError {
    WireError::new(
        ErrorCode::NotFound,
        format!("there is no device {name:?}: see `dkvm ps`"),
    )
    .about(name)
}
