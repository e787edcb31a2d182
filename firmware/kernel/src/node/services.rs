use super::calls::no_device;
use super::rights::Asked;
use super::Node;
use crate::link::Peer;
use crate::supervise::Event;
use dkvm_wire::service::{
    methods, DeathQuery, Deaths, Desired, DeviceInfo, DeviceList, LogLines, LogQuery, Named,
    Nothing, Subscribe,
};
use dkvm_wire::{decode_body, encode_body, topics, ErrorCode, WireError};
use serde::{de::DeserializeOwned, Serialize};

/// Lines and records that one answer may hold: it must fit in one frame.
const ANSWER_MOST: usize = 500;
const LINES_DEFAULT: u32 = 100;
const DEATHS_DEFAULT: u32 = 10;
/// A record may have 64 lines of 1 KiB, and an answer must fit in a frame of 1 MiB.
const DEATHS_MOST: usize = 12;

pub(super) type Answer = Result<Vec<u8>, WireError>;

impl Node {
    /// The kernel's own methods. What is not known as reading (`rights.rs`) needs `control`.
    pub(super) fn serve(&mut self, peer: Peer, method: &str, body: &[u8]) -> Answer {
        self.permit(peer, Asked::Kernel(method))?;
        match method {
            methods::KERNEL_INFO => answer(&self.kernel_info()),
            methods::DEVICES_LIST => answer(&DeviceList {
                devices: self.infos(),
            }),
            methods::DEVICES_GET => self.get(&args(method, body)?),
            methods::DEVICES_START => self.control(method, body, Event::Desire(Desired::Up)),
            methods::DEVICES_STOP => self.control(method, body, Event::Desire(Desired::Down)),
            methods::DEVICES_RESTART => self.control(method, body, Event::Restart),
            methods::DEVICES_DEATHS => self.deaths_of(&args(method, body)?),
            methods::EVENTS_SUBSCRIBE => self.subscribe(peer, &args(method, body)?),
            methods::LOG_TAIL => self.tail(&args(method, body)?),
            methods::SYSTEM_RESTART => self.restart_for(body),
            _ => self.serve_memory(peer, method, body),
        }
    }

    /// In the order of the configuration.
    fn infos(&self) -> Vec<DeviceInfo> {
        let names = self
            .config
            .devices
            .iter()
            .map(|device| device.name.as_str());
        names
            .filter_map(|name| self.info_of(self.find(name)?))
            .collect()
    }

    pub(super) fn info_of(&self, id: crate::link::DeviceId) -> Option<DeviceInfo> {
        let device = self.device(id)?;
        Some(device.info(self.now(), self.memory.leases_of(&device.holder())))
    }

    fn get(&self, named: &Named) -> Answer {
        let id = self
            .find(named.name.as_str())
            .ok_or_else(|| no_device(named.name.as_str()))?;
        self.info_of(id)
            .map_or_else(|| Err(no_device(named.name.as_str())), |info| answer(&info))
    }

    fn control(&mut self, method: &str, body: &[u8], event: Event) -> Answer {
        let named: Named = args(method, body)?;
        if self.ending.is_some() {
            return Err(WireError::new(ErrorCode::Conflict, "the kernel ends"));
        }
        let id = self
            .find(named.name.as_str())
            .ok_or_else(|| no_device(named.name.as_str()))?;
        self.drive(id, event);
        answer(&Nothing {})
    }

    fn deaths_of(&self, query: &DeathQuery) -> Answer {
        let limit = query.limit.unwrap_or(DEATHS_DEFAULT) as usize;
        answer(&Deaths {
            deaths: self
                .deaths
                .newest(query.name.as_ref(), limit.min(DEATHS_MOST)),
        })
    }

    fn tail(&self, query: &LogQuery) -> Answer {
        let limit = query.limit.unwrap_or(LINES_DEFAULT) as usize;
        answer(&LogLines {
            lines: self.log.tail(query.name.as_deref(), limit.min(ANSWER_MOST)),
        })
    }

    fn subscribe(&mut self, peer: Peer, subscribe: &Subscribe) -> Answer {
        for topic in &subscribe.topics {
            if !crate::link::Subscribed::knows(topic) {
                let text = format!(
                    "{topic:?} is no topic of the kernel: device.state, device.death, log and config.state are"
                );
                return Err(WireError::new(ErrorCode::BadRequest, text).about(topic.as_str()));
            }
        }
        let Some(link) = self.link(peer) else {
            return answer(&Nothing {});
        };
        let before = link.subscribed;
        subscribe
            .topics
            .iter()
            .for_each(|topic| link.subscribed.add(topic));
        if link.subscribed.state && !before.state {
            self.send_states(peer);
        }
        if subscribe
            .topics
            .iter()
            .any(|topic| topic == topics::CONFIG_STATE)
        {
            self.send_config_state(&[peer]);
        }
        answer(&Nothing {})
    }
}

/// Reads the arguments of a method.
pub(super) fn args<T: DeserializeOwned>(method: &str, body: &[u8]) -> Result<T, WireError> {
    decode_body(method, body)
        .map_err(|e| WireError::new(ErrorCode::BadRequest, e.to_string()).about(method))
}

pub(super) fn answer<T: Serialize>(value: &T) -> Answer {
    Ok(encode_body(value))
}
