use super::device::Session;
use super::Node;
use crate::link::{frame, DeviceId, Item, Peer};
use crate::router::{Interest, Produced};
use crate::supervise::{Event, Stage};
use dkvm_wire::service::{methods, Level};
use dkvm_wire::{
    decode_body, encode_body, DeviceName, ErrorCode, Generation, Hello, Limits, Message, RequestId,
    Welcome, WireError, LIMIT_DEFAULT, WIRE_VERSION,
};

impl Node {
    pub(super) fn is_welcomed(&self, peer: Peer) -> bool {
        match peer {
            Peer::Device(id, _) => self
                .device(id)
                .is_some_and(|device| device.session.is_some()),
            Peer::Client(id) => self.clients.get(&id).is_some_and(|client| client.welcomed),
        }
    }

    /// The first message must be `hello`. Returns the limit on frames from now on.
    pub(super) fn on_first(&mut self, peer: Peer, message: &Message<'_>) -> Result<usize, String> {
        let Message::Request {
            id,
            method: methods::HELLO,
            body,
            ..
        } = message
        else {
            return Err("did not begin with the request \"hello\"".to_owned());
        };
        let hello: Hello = decode_body(methods::HELLO, body).map_err(|e| e.to_string())?;
        if hello.wire.major != WIRE_VERSION.major {
            let why = other_version(&hello);
            return Err(self.reject(peer, *id, ErrorCode::BadRequest, why));
        }
        match peer {
            Peer::Device(device, generation) => {
                self.welcome_device(device, generation, *id, hello)?
            }
            Peer::Client(client) => match self.hold_to(client, hello) {
                Ok(()) => self.welcome_client(client, *id)?,
                Err(why) => return Err(self.reject(peer, *id, ErrorCode::Forbidden, why)),
            },
        }
        Ok(LIMIT_DEFAULT)
    }

    fn reject(&mut self, peer: Peer, id: RequestId, code: ErrorCode, why: String) -> String {
        self.respond(peer, id, Err(WireError::new(code, why.clone())));
        if let Some(link) = self.link(peer) {
            link.flush();
        }
        why
    }

    fn welcome_device(
        &mut self,
        id: DeviceId,
        generation: Generation,
        request: RequestId,
        hello: Hello,
    ) -> Result<(), String> {
        let produced = Produced::list(hello.produces)?;
        let interest = Interest::new(hello.consumes);
        let device = &mut self.devices[id.0];
        device.session = Some(Session::new(interest, produced));
        let config = &device.config;
        let limits = limits(config.memory, config.heartbeat_ms, config.ready_ms);
        let (name, own) = (config.name.clone(), config.config.clone());
        self.welcome(
            Peer::Device(id, generation),
            request,
            limits,
            (name, generation, own),
        );
        self.log_of(
            id,
            Level::Debug,
            format!("is {} {}", hello.device, hello.version),
        );
        self.drive(id, Event::Welcomed);
        self.send_retained(id);
        Ok(())
    }

    fn welcome_client(
        &mut self,
        id: crate::link::ClientId,
        request: RequestId,
    ) -> Result<(), String> {
        let name = DeviceName::try_from(format!("client-{}", id.0)).map_err(|e| e.to_string())?;
        if let Some(client) = self.clients.get_mut(&id) {
            client.welcomed = true;
        }
        let empty_map = vec![0x80];
        self.welcome(
            Peer::Client(id),
            request,
            limits(0, 0, 0),
            (name, Generation(0), empty_map),
        );
        Ok(())
    }

    fn welcome(
        &mut self,
        peer: Peer,
        id: RequestId,
        limits: Limits,
        who: (DeviceName, Generation, Vec<u8>),
    ) {
        let (device_id, generation, config) = who;
        let pools = self.memory.dir().to_string_lossy().into_owned();
        let welcome = Welcome {
            wire: WIRE_VERSION,
            device_id,
            generation,
            limits,
            pools,
            config,
        };
        self.respond(peer, id, Ok(&encode_body(&welcome)));
    }

    /// A message that answers one.
    pub(super) fn respond(&mut self, peer: Peer, id: RequestId, result: Result<&[u8], WireError>) {
        let response = frame(&Message::Response { id, result });
        self.send(peer, Item::control(response));
    }

    /// `ready` of a device.
    pub(super) fn on_ready(&mut self, id: DeviceId, body: &[u8]) -> Result<(), String> {
        let ready: dkvm_wire::Ready =
            decode_body(dkvm_wire::topics::READY, body).map_err(|e| e.to_string())?;
        let before = matches!(self.devices[id.0].state.stage, Stage::Running { .. });
        self.drive(id, Event::Ready(ready.degraded));
        if !before {
            self.tables_stale = true;
        }
        Ok(())
    }
}

fn other_version(hello: &Hello) -> String {
    format!(
        "speaks version {}.{} of the wire protocol, and this kernel {}.{}: update the older of the two; on a workstation whose package was updated, 'systemctl --user restart dkvm' starts the kernel of the new one",
        hello.wire.major, hello.wire.minor, WIRE_VERSION.major, WIRE_VERSION.minor
    )
}

fn limits(memory: u64, heartbeat_ms: u32, ready_ms: u32) -> Limits {
    Limits {
        frame: u32::try_from(LIMIT_DEFAULT).unwrap_or(u32::MAX),
        memory,
        heartbeat_ms,
        ready_ms,
    }
}
