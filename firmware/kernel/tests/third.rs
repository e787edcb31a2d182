//! No configuration and no sequence of events lets an event of a device of another node reach one of a third.

#![allow(clippy::expect_used)]

mod common;

use common::{device, route, Emit, Kernel, Seen};
use dkvm_wire::service::{methods, Applied, Want};
use dkvm_wire::{encode_body, topics};

const DEVICES: [&str; 3] = ["in", "out", "peer"];
const TOPICS: [&str; 3] = ["keys", "st", "vid"];
/// Whom an event may be for, and of whom the gateway may say that it is.
const NAMES: [&str; 9] = [
    "office/hid",
    "lab/in",
    "*/hid",
    "in",
    "out",
    "peer",
    "x/in",
    "*/in",
    "",
];
const SOURCES: [&str; 8] = [
    "office/hid",
    "lab/in",
    "x/in",
    "a/out",
    "*/in",
    "in",
    "",
    "a/b/c",
];

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % most
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

fn any_routes(dice: &mut Dice) -> String {
    let here = ["in", "out", "peer"];
    let all = [
        "in",
        "out",
        "peer",
        "office/hid",
        "*/hid",
        "lab/in",
        "*/in",
        "*/out",
    ];
    let mut text = String::new();
    for _ in 0..24 {
        let topic = dice.one(&["keys", "st", "vid", "*"]);
        let (from, to) = (dice.one(&all), dice.one(&all));
        let sides = (here.contains(&from), here.contains(&to));
        let refused = match sides {
            (true, true) => from == to,
            (true, false) => from == "peer",
            (false, true) => to == "peer",
            (false, false) => true,
        };
        if !refused {
            text += &route(topic, from, &[to]);
        }
    }
    text
}

fn say_wants(kernel: &mut Kernel, dice: &mut Dice) {
    for device in DEVICES {
        let body = encode_body(&Want {
            topic: "vid".into(),
            want: dice.below(4) > 0,
            from: None,
        });
        kernel.emit(device, topics::WANT, &body);
    }
}

/// What the gateway sends is odd, whoever it says that it is of.
fn send(kernel: &mut Kernel, dice: &mut Dice, n: u8) {
    let device = dice.one(&["in", "out", "peer", "peer"]);
    let body = [2 * n + u8::from(device == "peer")];
    let named = [0, 0, 1, 3][dice.below(4)];
    let to = (0..named).map(|_| dice.one(&NAMES)).collect();
    let source = dice.one(&SOURCES);
    let emit = Emit {
        topic: dice.one(&TOPICS),
        body: &body,
        source: (dice.below(4) > 0).then_some((source, 1)),
        to,
        ..Emit::default()
    };
    kernel.emit_as(device, &emit);
}

#[derive(Default)]
struct Count {
    brought: usize,
    forwarded: usize,
}

impl Count {
    fn look(&mut self, device: &str, event: &Seen) {
        let far = event
            .source
            .as_ref()
            .is_some_and(|(name, _)| name.contains('/'));
        if device == "peer" {
            assert!(!far && event.body[0] & 1 == 0, "{event:?}");
            assert!(event.to.iter().all(|name| name.contains('/')), "{event:?}");
            self.forwarded += usize::from(!event.to.is_empty());
        } else {
            assert!(event.to.is_empty(), "{event:?}");
            self.brought += usize::from(far);
        }
    }
}

/// Whatever the routes, whoever is named: the gateway never gets what it brought.
#[test]
fn what_came_from_another_node_never_goes_to_a_third() {
    let devices = device("in", "puppet keys:input st:state vid:stream +*", "")
        + &device("out", "puppet keys:input st:state vid:stream +*", "")
        + &device(
            "peer",
            "puppet keys:input st:state vid:stream +*",
            "gateway = true",
        );
    let mut kernel = Kernel::start(&devices);
    for device in DEVICES {
        kernel.wait_ready(device, 1);
    }
    let mut dice = Dice(7);
    let mut count = Count::default();
    for _ in 0..12 {
        kernel.configure(&(devices.clone() + &any_routes(&mut dice)));
        kernel
            .client()
            .ask::<Applied>(methods::CONFIG_RELOAD)
            .expect("valid");
        say_wants(&mut kernel, &mut dice);
        for n in 0..60 {
            send(&mut kernel, &mut dice, n);
        }
        for device in DEVICES {
            let seen = kernel.seen(device);
            let events = seen.iter().filter(|seen| TOPICS.contains(&&*seen.topic));
            events.for_each(|event| count.look(device, event));
        }
    }
    let Count { brought, forwarded } = count;
    assert!(
        brought > 20 && forwarded > 20,
        "{brought} came, {forwarded} went"
    );
}
