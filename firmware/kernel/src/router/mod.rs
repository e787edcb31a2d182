//! Who gets what: pure decisions over the configuration's routes and what both sides said in their hello.

mod address;
mod far;
mod interest;
mod produced;
#[cfg(test)]
mod properties;

pub(crate) use address::{Addressed, MOST_NAMED};
pub(crate) use far::FarSources;
pub(crate) use interest::Interest;
pub(crate) use produced::{Bridge, Produced, Readers, Retained};

use crate::config::{End, Far, Route};
use dkvm_wire::DeviceName;

/// Whose an event is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// A device's of this node.
    Own(&'a DeviceName),
    /// A device's of another node, for which the gateway of this one speaks.
    Far {
        source: &'a str,
        gateway: &'a DeviceName,
    },
}

impl<'a> Whose<'a> {
    /// The device, as its readers see it.
    pub(crate) fn name(self) -> &'a str {
        match self {
            Self::Own(name) => name.as_str(),
            Self::Far { source, .. } => source,
        }
    }

    fn comes_by(self, from: &End) -> bool {
        match (self, from) {
            (Self::Own(name), End::Here(from)) => name == from,
            (Self::Own(_), End::Far(_)) => false,
            // The node that is worked needs no route for each node that works it.
            (Self::Far { gateway, .. }, End::Here(from)) => gateway == from,
            (Self::Far { source, .. }, End::Far(from)) => from.covers(source),
        }
    }
}

fn of<'r>(
    routes: &'r [Route],
    whose: Whose<'r>,
    topic: &'r str,
) -> impl Iterator<Item = &'r Route> {
    routes
        .iter()
        .filter(move |route| whose.comes_by(&route.from) && route.topic.matches(topic))
}

/// Whether the configuration lets events of `topic` go to a device of this node.
pub(crate) fn is_routed(routes: &[Route], whose: Whose<'_>, topic: &str, to: &DeviceName) -> bool {
    of(routes, whose, topic).any(|route| route.to.iter().any(|end| end.is(to)))
}

/// Whether they go to anybody here.
pub(crate) fn is_routed_at_all(routes: &[Route], whose: Whose<'_>, topic: &str) -> bool {
    of(routes, whose, topic).any(|route| route.to.iter().any(|end| end.far().is_none()))
}

/// The devices of other nodes that a topic of a device of this one goes to, each once and none that another covers. Of what
/// came from another node this cannot be asked: it never goes to a third.
pub(crate) fn far_readers(routes: &[Route], from: &DeviceName, topic: &str) -> Vec<Far> {
    let routed = of(routes, Whose::Own(from), topic);
    let mut all: Vec<&Far> = routed
        .flat_map(|r| r.to.iter().filter_map(End::far))
        .collect();
    all.sort_unstable();
    all.dedup();
    let any: Vec<&Far> = all.iter().copied().filter(|far| far.is_any()).collect();
    all.retain(|far| far.is_any() || !any.iter().any(|any| any.covers(far.as_str())));
    all.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use std::path::Path;

    fn routes(text: &str) -> Vec<Route> {
        let devices = "[device.a]\ncommand=[\"a\"]\n[device.b]\ncommand=[\"b\"]\n[device.c]\ncommand=[\"c\"]\n\
            [device.peer]\ncommand=[\"p\"]\nuser=\"p\"\ngateway=true\n";
        let text = format!("{devices}{text}");
        parse(Path::new("t"), &text).expect("valid").routes
    }

    fn name(text: &str) -> DeviceName {
        DeviceName::try_from(text).expect("a name")
    }

    #[test]
    fn routes_are_exact_in_direction_and_topic() {
        let routes = routes("[[route]]\ntopic=\"video.*\"\nfrom=\"a\"\nto=[\"b\"]\n[[route]]\ntopic=\"k\"\nfrom=\"a\"\nto=[\"b\",\"c\"]\n");
        let routed =
            |from, topic, to| is_routed(&routes, Whose::Own(&name(from)), topic, &name(to));
        assert!(routed("a", "video.raw", "b") && routed("a", "k", "c") && routed("a", "k", "b"));
        assert!(
            !routed("a", "video.raw", "c") && !routed("b", "k", "a") && !routed("a", "kk", "b")
        );
    }

    #[test]
    fn what_came_from_another_node_goes_by_its_name_by_any_and_by_the_gateways() {
        let routes = routes(
            "[[route]]\ntopic=\"k\"\nfrom=\"office/hid\"\nto=[\"a\"]\n[[route]]\ntopic=\"k\"\nfrom=\"*/hid\"\nto=[\"b\"]\n\
            [[route]]\ntopic=\"k\"\nfrom=\"peer\"\nto=[\"c\"]\n",
        );
        let gateway = name("peer");
        let readers = |source: &str| -> String {
            let gateway = &gateway;
            let whose = Whose::Far { source, gateway };
            let reads = |to: &&str| is_routed(&routes, whose, "k", &name(to));
            ["a", "b", "c", "peer"]
                .into_iter()
                .filter(|to| reads(to))
                .collect()
        };
        assert_eq!(
            (&*readers("office/hid"), &*readers("lab/hid")),
            ("abc", "bc")
        );
        assert_eq!((&*readers("office/web"), &*readers("lab/web")), ("c", "c"));
        let own = |to: &str| is_routed(&routes, Whose::Own(&gateway), "k", &name(to));
        assert!(
            own("c") && !own("a") && !own("b"),
            "its own events are of no other node"
        );
    }

    #[test]
    fn far_readers_are_named_once() {
        let routes = routes(
            "[[route]]\ntopic=\"k\"\nfrom=\"a\"\nto=[\"office/hid\",\"b\",\"lab/web\"]\n\
            [[route]]\ntopic=\"*\"\nfrom=\"a\"\nto=[\"*/hid\",\"lab/hid\"]\n",
        );
        let far = |from, topic| -> Vec<String> {
            let far = far_readers(&routes, &name(from), topic);
            far.iter().map(ToString::to_string).collect()
        };
        assert_eq!(far("a", "k"), ["*/hid", "lab/web"]);
        assert_eq!(far("a", "other"), ["*/hid"]);
        assert!(far("b", "k").is_empty());
    }
}
