//! Who gets what: pure decisions over the configuration's routes and what both sides said in their hello.

mod interest;
mod produced;

pub(crate) use interest::Interest;
pub(crate) use produced::Produced;

use crate::config::Route;
use dkvm_wire::DeviceName;

/// Whether the configuration lets events of `topic` go from one device to another.
pub(crate) fn is_routed(routes: &[Route], from: &DeviceName, topic: &str, to: &DeviceName) -> bool {
    routes
        .iter()
        .any(|route| &route.from == from && route.topic.matches(topic) && route.to.contains(to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use std::path::Path;

    #[test]
    fn routes_are_exact_in_direction_and_topic() {
        let text = "[device.a]\ncommand=[\"a\"]\n[device.b]\ncommand=[\"b\"]\n[device.c]\ncommand=[\"c\"]\n\
            [[route]]\ntopic=\"video.*\"\nfrom=\"a\"\nto=[\"b\"]\n[[route]]\ntopic=\"k\"\nfrom=\"a\"\nto=[\"b\",\"c\"]\n";
        let routes = parse(Path::new("t"), text).expect("valid").routes;
        let name = |text| DeviceName::try_from(text).expect("a name");
        let routed = |from, topic, to| is_routed(&routes, &name(from), topic, &name(to));
        assert!(routed("a", "video.raw", "b") && routed("a", "k", "c") && routed("a", "k", "b"));
        assert!(
            !routed("a", "video.raw", "c") && !routed("b", "k", "a") && !routed("a", "kk", "b")
        );
    }
}
