use super::pending::Waiting;
use super::Node;
use crate::link::{frame, DeviceId, Item, Peer};
use crate::supervise::Event;
use dkvm_wire::{service, ErrorCode, Generation, Message, RequestId, Source, WireError};

/// In a device's `calls`: the kernel's own methods that change something.
pub(super) const CONTROL: &str = "control";
/// The same, for the restart of the machine.
pub(super) const SYSTEM: &str = "system";

impl Node {
    pub(super) fn on_request(&mut self, peer: Peer, id: RequestId, method: &str, body: &[u8]) {
        let Some((device, rest)) = method.split_once('/') else {
            let result = self.serve(peer, method, body);
            match result {
                Ok(body) => self.respond(peer, id, Ok(&body)),
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
        if !self.may_call(caller.0, name) {
            return Err(WireError::new(
                ErrorCode::Forbidden,
                service::sentence(ErrorCode::Forbidden),
            )
            .about(name));
        }
        let callee = self.find(name).ok_or_else(|| no_device(name))?;
        if !self.devices[callee.0].is_ready() {
            let text = format!("{name} is not running now");
            return Err(WireError::new(ErrorCode::Unavailable, text).about(name));
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
            return Err(WireError::new(
                ErrorCode::Unavailable,
                format!("{name} is not running now"),
            )
            .about(name));
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

    /// Whether the configuration lets a peer call a device, or have `control` or `system`.
    pub(super) fn may_call(&self, peer: Peer, whom: &str) -> bool {
        match peer {
            Peer::Device(id, _) => self.devices[id.0]
                .config
                .calls
                .iter()
                .any(|name| name == whom),
            Peer::Client(id) => self.clients.get(&id).is_some_and(|client| client.control),
        }
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

pub(super) fn no_device(name: &str) -> WireError {
    WireError::new(
        ErrorCode::NotFound,
        format!("there is no device {name:?}: see `dkvm ps`"),
    )
    .about(name)
}
