//! No configuration and no sequence of events lets an event of a device of another node reach one of a third, and none goes round.
//! Nodes are routed here as the running kernel routes, over any gateway's links; `tests/far.rs` does the same with a real kernel.

use super::*;
use crate::config::parse;
use crate::link::DeviceId;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;

/// Devices of each node; the last is the gateway.
const DEVICES: [&str; 3] = ["a", "b", "peer"];
const GATEWAY: DeviceId = DeviceId(2);
const TOPICS: [&str; 2] = ["k", "s.t"];

/// One kernel's routes.
#[derive(Debug, Clone)]
struct Kernel {
    routes: Vec<Route>,
}

/// An event at a kernel: of which device here, or brought by the gateway from where; and for whom alone.
#[derive(Debug, Clone)]
struct Event {
    at: usize,
    device: usize,
    far: Option<String>,
    topic: &'static str,
    to: Vec<String>,
}

/// Who got it: devices at this kernel, and events that the gateway carries on.
type Passed = (Vec<DeviceId>, Vec<String>);

impl Kernel {
    /// Refused routes are left out, as nobody could have them.
    fn new(routes: &[(usize, usize, usize)], nodes: usize) -> Self {
        let mut kept = Vec::new();
        for (topic, from, to) in routes {
            let topic = ["k", "s.*", "*"][*topic];
            let route = format!(
                "[[route]]\ntopic={topic:?}\nfrom={:?}\nto=[{:?}]\n",
                end(*from, nodes),
                end(*to, nodes)
            );
            let devices = "[device.a]\ncommand=[\"a\"]\n[device.b]\ncommand=[\"b\"]\n[device.peer]\ncommand=[\"p\"]\nuser=\"p\"\ngateway=true\n";
            if let Ok(config) = parse(Path::new("t"), &format!("{devices}{route}")) {
                kept.extend(config.routes);
            }
        }
        Self { routes: kept }
    }

    fn readers(&self, whose: Whose<'_>, by: usize, topic: &str) -> Readers {
        let reads = |id: &usize| *id != by && is_routed(&self.routes, whose, topic, &device(*id));
        (0..DEVICES.len()).filter(reads).map(DeviceId).collect()
    }

    fn pass(&self, event: &Event) -> Passed {
        let to: Vec<&str> = event.to.iter().map(String::as_str).collect();
        let (readers, bridge) = match &event.far {
            Some(source) => {
                let gateway = &device(GATEWAY.0);
                let whose = Whose::Far { source, gateway };
                (self.readers(whose, GATEWAY.0, event.topic), None)
            }
            None => {
                let own = device(event.device);
                let names = far_readers(&self.routes, &own, event.topic);
                let itself = is_routed(
                    &self.routes,
                    Whose::Own(&own),
                    event.topic,
                    &device(GATEWAY.0),
                );
                let bridged = event.device != GATEWAY.0 && !itself && !names.is_empty();
                let bridge = bridged.then(|| {
                    Rc::new(Bridge {
                        gateway: GATEWAY,
                        names,
                    })
                });
                (
                    self.readers(Whose::Own(&own), event.device, event.topic),
                    bridge,
                )
            }
        };
        let gateway = event.far.is_none().then_some(GATEWAY);
        let addressed = if to.is_empty() {
            Addressed::all(&readers, bridge.as_ref())
        } else {
            Addressed::named(&to, (&readers, bridge.as_ref()), gateway, |id| {
                DEVICES[id.0]
            })
        };
        let far = addressed.far.map(|(_, names)| names).unwrap_or_default();
        (
            addressed.readers.to_vec(),
            far.into_iter().map(str::to_owned).collect(),
        )
    }
}

fn device(id: usize) -> DeviceName {
    DeviceName::try_from(DEVICES[id]).expect("a name")
}

/// A device of this node, of a certain other, or of any.
fn end(n: usize, nodes: usize) -> String {
    match n {
        0..=2 => DEVICES[n].to_owned(),
        3 | 4 => format!("*/{}", DEVICES[n - 3]),
        _ => format!("n{}/{}", n % nodes, DEVICES[n % 3]),
    }
}

/// What the gateways make of an event at their nodes: it comes to each linked node that is named, or that any names.
fn carried(event: &Event, passed: &Passed, nodes: usize) -> Vec<Event> {
    let plain = passed.0.contains(&GATEWAY) && event.far.is_none();
    let mut next = Vec::new();
    for node in (0..nodes).filter(|node| *node != event.at) {
        let named = |name: &String| {
            let (at, device) = name.split_once('/')?;
            (at == "*" || at == format!("n{node}")).then(|| device.to_owned())
        };
        let to: Vec<String> = passed.1.iter().filter_map(named).collect();
        if plain || !to.is_empty() {
            next.push(Event {
                at: node,
                far: Some(format!("n{}/{}", event.at, DEVICES[event.device])),
                to: if plain { Vec::new() } else { to },
                ..event.clone()
            });
        }
    }
    next
}

prop_compose! {
    fn any_event(nodes: usize)(
        at in 0..nodes, device in 0..2usize, topic in 0..2usize,
        to in proptest::collection::vec(0..12usize, 0..3),
    ) -> Event {
        let to = to.into_iter().map(|n| end(n, nodes)).collect();
        Event { at, device, far: None, topic: TOPICS[topic], to }
    }
}

proptest! {
    #[test]
    fn an_event_crosses_one_link_at_most_and_comes_once(
        routes in proptest::collection::vec(proptest::collection::vec((0..3usize, 0..12usize, 0..12usize), 0..12), 4),
        event in any_event(4),
    ) {
        let kernels: Vec<Kernel> = routes.iter().map(|routes| Kernel::new(routes, 4)).collect();
        let mut waiting = VecDeque::from([event]);
        let mut got = Vec::new();
        while let Some(event) = waiting.pop_front() {
            let passed = kernels[event.at].pass(&event);
            prop_assert!(passed.1.is_empty() || !passed.0.contains(&GATEWAY), "the gateway gets it twice");
            if event.far.is_some() {
                prop_assert!(passed.1.is_empty(), "{event:?} goes on to {passed:?}");
                prop_assert!(!passed.0.contains(&GATEWAY), "{event:?} goes back");
            }
            got.extend(passed.0.iter().map(|id| (event.at, *id)));
            waiting.extend(carried(&event, &passed, 4));
            prop_assert!(waiting.len() < 4, "it multiplies");
        }
        let count = got.len();
        got.sort_unstable();
        got.dedup();
        prop_assert_eq!(count, got.len(), "somebody got it twice");
    }
}

/// What the property says nothing of: that events do cross a link.
#[test]
fn rings_of_kernels_carry_one_link_far() {
    let routes = [(2, 0, 3), (2, 3, 0), (2, 3, 1), (2, 2, 1)];
    let kernels: Vec<Kernel> = (0..4).map(|_| Kernel::new(&routes, 4)).collect();
    let event = Event {
        at: 0,
        device: 0,
        far: None,
        topic: "k",
        to: vec!["n1/a".into(), "n3/a".into()],
    };
    let passed = kernels[0].pass(&event);
    let next = carried(&event, &passed, 4);
    assert_eq!(
        next.iter().map(|event| event.at).collect::<Vec<_>>(),
        [1, 3]
    );
    for event in next {
        assert_eq!(kernels[event.at].pass(&event), (vec![DeviceId(0)], vec![]));
    }
}
