use super::{Bridge, Readers};
use crate::link::DeviceId;
use std::rc::Rc;

/// Names that an event may be for: all devices of a node and all of others that routes can name are fewer.
pub(crate) const MOST_NAMED: usize = 128;

/// Who gets one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addressed<'e> {
    /// Of this node.
    pub(crate) readers: Readers,
    /// By the gateway, and for whom at other nodes.
    pub(crate) far: Option<(DeviceId, Vec<&'e str>)>,
    /// The first that was named and reads nothing of it now.
    pub(crate) idle: Option<&'e str>,
}

impl<'e> Addressed<'e> {
    /// An event that reaches nobody.
    pub(crate) fn nobody() -> Self {
        Self::all(&Readers::default(), None)
    }

    /// An event for all who read it.
    pub(crate) fn all(readers: &Readers, bridge: Option<&'e Rc<Bridge>>) -> Self {
        let names = |bridge: &'e Rc<Bridge>| bridge.names.iter().map(|far| far.as_str()).collect();
        Self {
            readers: readers.clone(),
            far: bridge.map(|bridge| (bridge.gateway, names(bridge))),
            idle: None,
        }
    }

    /// An event for those that `to` names. `name` tells a device's, `gateway` is the one that leads to other nodes: a route to it is
    /// one to whoever is named behind it.
    pub(crate) fn named<'n>(
        to: &[&'e str],
        (readers, bridge): (&Readers, Option<&Rc<Bridge>>),
        gateway: Option<DeviceId>,
        name: impl Fn(DeviceId) -> &'n str,
    ) -> Self {
        let through = gateway.filter(|gateway| readers.contains(gateway));
        let gateway = bridge.map(|bridge| bridge.gateway).or(through);
        let reads_far = |far: &str| {
            let named = |bridge: &Rc<Bridge>| {
                bridge
                    .names
                    .iter()
                    .any(|known| known.covers(far) || known.as_str() == far)
            };
            through.is_some() || bridge.is_some_and(named)
        };
        let mut chosen = Vec::new();
        let mut far = Vec::new();
        let mut idle = None;
        for &one in to {
            let here = readers.iter().find(|id| name(**id) == one);
            match here {
                Some(id) if !chosen.contains(id) => chosen.push(*id),
                Some(_) => {}
                None if one.contains('/') && reads_far(one) => {
                    if !far.contains(&one) {
                        far.push(one);
                    }
                }
                None => idle = idle.or(Some(one)),
            }
        }
        // Named itself, it has it for all of them.
        let far = gateway
            .filter(|id| !far.is_empty() && !chosen.contains(id))
            .map(|id| (id, far));
        Self {
            readers: chosen.into(),
            far,
            idle,
        }
    }

    pub(crate) fn is_nobody(&self) -> bool {
        self.readers.is_empty() && self.far.is_none()
    }
}
