use crate::config::Far;
use crate::link::DeviceId;
use dkvm_wire::{Produce, QueueClass};
use std::rc::Rc;

/// Topics that one device may send.
const MOST: usize = 256;

/// Who gets a topic now.
pub(crate) type Readers = Rc<[DeviceId]>;

/// A message, ready to be sent.
pub(crate) type Retained = Rc<[u8]>;

/// The devices of other nodes that get a topic now.
#[derive(Debug)]
pub(crate) struct Bridge {
    /// What leads there.
    pub(crate) gateway: DeviceId,
    /// Their names, as the routes have them.
    pub(crate) names: Vec<Far>,
}

/// A topic of a device, with its readers of the moment.
#[derive(Debug)]
pub(crate) struct Produced {
    pub(crate) topic: Rc<str>,
    pub(crate) class: QueueClass,
    pub(crate) readers: Readers,
    /// `None` while nobody at other nodes gets it, or the gateway is among the readers.
    pub(crate) bridge: Option<Rc<Bridge>>,
    /// The demand that the device was told last.
    pub(crate) told: u32,
    /// The last event that was for all, for readers that come later: state topics only.
    pub(crate) retained: Option<Retained>,
}

impl Produced {
    /// From a hello; the error is a sentence.
    pub(crate) fn list(produces: Vec<Produce>) -> Result<Vec<Self>, String> {
        if produces.len() > MOST {
            return Err(format!(
                "says that it sends {} topics; at most {MOST} are possible",
                produces.len()
            ));
        }
        Ok(produces.into_iter().map(Self::new).collect())
    }

    fn new(produce: Produce) -> Self {
        Self {
            topic: produce.topic.into(),
            class: produce.class,
            readers: Rc::default(),
            bridge: None,
            told: 0,
            retained: None,
        }
    }

    /// How many connections get it now.
    pub(crate) fn demand(&self) -> u32 {
        let count = self.readers.len() + usize::from(self.bridge.is_some());
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}
