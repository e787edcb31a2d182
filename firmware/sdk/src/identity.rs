use dkvm_wire::{Hello, Produce, QueueClass, WIRE_VERSION};

/// What a device says of itself in `hello`.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// What kind of device this is (`hid`); for people and logs.
    pub device: &'static str,
    /// Its version; for people and logs.
    pub version: &'static str,
    /// Optional abilities, by name.
    pub features: &'static [&'static str],
    /// Topics that it wants, exact or ending in `*`.
    pub consumes: &'static [&'static str],
    /// Topics that it sends, and how each queues.
    pub produces: &'static [(&'static str, QueueClass)],
}

impl Identity {
    /// A device without topics.
    pub const fn new(device: &'static str, version: &'static str) -> Self {
        Self {
            device,
            version,
            features: &[],
            consumes: &[],
            produces: &[],
        }
    }

    pub(crate) fn hello(&self) -> Hello {
        Hello {
            wire: WIRE_VERSION,
            device: self.device.to_owned(),
            version: self.version.to_owned(),
            features: owned(self.features),
            consumes: owned(self.consumes),
            produces: self.produces.iter().map(produce).collect(),
            grants: None,
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn produce((topic, class): &(&str, QueueClass)) -> Produce {
    Produce {
        topic: (*topic).to_owned(),
        class: *class,
    }
}
