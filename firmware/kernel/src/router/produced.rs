use crate::link::DeviceId;
use dkvm_wire::{Produce, QueueClass};
use std::rc::Rc;

/// Topics that one device may send.
const MOST: usize = 256;

/// A topic of a device, with its readers of the moment.
#[derive(Debug)]
pub(crate) struct Produced {
    pub(crate) topic: Rc<str>,
    pub(crate) class: QueueClass,
    pub(crate) readers: Vec<DeviceId>,
    /// The demand that the device was told last.
    pub(crate) told: u32,
    /// The last event, for readers that come later: state topics only.
    pub(crate) retained: Option<Retained>,
}

/// A message, ready to be sent.
pub(crate) type Retained = Rc<[u8]>;

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
            readers: Vec::new(),
            told: 0,
            retained: None,
        }
    }
}
