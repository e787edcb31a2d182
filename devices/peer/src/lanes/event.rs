//! An event on the link: one of the wire protocol, whose source is a device of the sender and whose body nobody looks into.

use dkvm_wire::{decode, DeviceName, Generation, Message, Source};
use thiserror::Error;

/// A state, or an input with all of its steps, is far shorter.
pub const LONGEST: usize = 64 * 1024;
/// Devices of one node that an event may be for.
pub const READERS_MOST: usize = 8;

/// Why it is no event.
#[derive(Debug, Error)]
pub enum EventError {
    /// It cannot be read.
    #[error("an event that cannot be read: {0}")]
    Unreadable(String),
    /// It is something else.
    #[error("a request or an answer where only events are")]
    NoEvent,
    /// Shared memory does not cross.
    #[error("an event with leases")]
    Leases,
    /// It does not say who sends it.
    #[error("an event without a source")]
    Nobody,
    /// It speaks for, or to, who is no device of either node.
    #[error("an event that names {0:?} as a device")]
    NoDevice(String),
    /// For too many.
    #[error("an event for {0} devices")]
    Readers(usize),
    /// Too long.
    #[error("an event of {0} bytes")]
    Long(usize),
}

/// What a device of the sending node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// The device, by its name there.
    pub from: &'a str,
    /// Which life of it.
    pub generation: Generation,
    /// For these devices of the receiving node; empty for all that read it.
    pub to: Vec<&'a str>,
    /// About what.
    pub topic: &'a str,
    /// What.
    pub body: &'a [u8],
}

impl Event<'_> {
    /// As it travels.
    pub fn encode(&self) -> Vec<u8> {
        let source = Source {
            name: self.from,
            generation: self.generation,
        };
        let message = Message::Event {
            topic: self.topic,
            body: self.body,
            leases: Vec::new(),
            source: Some(source),
            to: self.to.clone(),
        };
        message.encode()
    }
}

/// Reads one.
pub fn parse(bytes: &[u8]) -> Result<Event<'_>, EventError> {
    if bytes.len() > LONGEST {
        return Err(EventError::Long(bytes.len()));
    }
    let message = decode(bytes).map_err(|error| EventError::Unreadable(error.to_string()))?;
    let Message::Event {
        topic,
        body,
        leases,
        source,
        to,
    } = message
    else {
        return Err(EventError::NoEvent);
    };
    if !leases.is_empty() {
        return Err(EventError::Leases);
    }
    let source = source.ok_or(EventError::Nobody)?;
    if to.len() > READERS_MOST {
        return Err(EventError::Readers(to.len()));
    }
    for name in to.iter().chain([&source.name]) {
        device(name)?;
    }
    Ok(Event {
        from: source.name,
        generation: source.generation,
        to,
        topic,
        body,
    })
}

/// `hid`, and never `attic/hid`: nobody speaks for another node.
pub fn device(name: &str) -> Result<(), EventError> {
    let shown = || name.chars().take(DeviceName::MAX).collect();
    DeviceName::try_from(name)
        .map(|_| ())
        .map_err(|_| EventError::NoDevice(shown()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{LeaseId, LeaseRef, PoolId, SlotIndex};
    use proptest::prelude::*;

    fn event() -> Event<'static> {
        Event {
            from: "input",
            generation: Generation(3),
            to: vec!["hid"],
            topic: "input.hid",
            body: b"\x80",
        }
    }

    #[test]
    fn what_is_said_is_heard() {
        assert_eq!(parse(&event().encode()).unwrap(), event());
        let all = Event {
            to: vec![],
            ..event()
        };
        assert_eq!(parse(&all.encode()).unwrap(), all);
    }

    #[test]
    fn nobody_speaks_for_or_to_a_third() {
        for from in ["attic/input", "", "Input", "*", "input\n"] {
            let told = parse(&Event { from, ..event() }.encode())
                .unwrap_err()
                .to_string();
            assert!(told.contains("as a device"), "{told}");
        }
        let to = vec!["attic/hid"];
        assert!(parse(&Event { to, ..event() }.encode()).is_err());
        let to = vec!["hid"; READERS_MOST + 1];
        assert!(parse(&Event { to, ..event() }.encode()).is_err());
    }

    #[test]
    fn shared_memory_and_requests_do_not_cross() {
        let lease = LeaseRef {
            lease: LeaseId(1),
            pool: PoolId(1),
            slot: SlotIndex(0),
            length: 9,
        };
        let with = |leases, source| {
            let message = Message::Event {
                topic: "input.hid",
                body: b"\x80",
                leases,
                source,
                to: vec![],
            };
            message.encode()
        };
        let source = Source {
            name: "input",
            generation: Generation(1),
        };
        assert!(matches!(
            parse(&with(vec![lease], Some(source))),
            Err(EventError::Leases)
        ));
        assert!(matches!(
            parse(&with(vec![], None)),
            Err(EventError::Nobody)
        ));
        let long = vec![0; LONGEST + 1];
        assert!(matches!(parse(&long), Err(EventError::Long(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_event_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn a_damaged_one_names_devices_or_is_an_error(at in 0usize..100, byte: u8, cut in 0usize..100) {
            let mut bytes = event().encode();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(1 + cut % bytes.len());
            if let Ok(event) = parse(&bytes) {
                prop_assert!(device(event.from).is_ok() && !event.from.contains('/'));
                prop_assert!(event.to.iter().all(|to| device(to).is_ok()));
            }
        }
    }
}
