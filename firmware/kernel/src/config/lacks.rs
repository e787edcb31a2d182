use super::{Config, End, Route};
use std::fmt;

/// Of each kind so many are named: the rest is in the image's file.
const NAMED: usize = 6;

/// What of the image's configuration is not in the owner's, as a sentence: a newer image may have brought it. What hangs on a device that
/// is left out is not named besides.
pub fn lacks(owners: &Config, images: &Config) -> Option<String> {
    let devices = images
        .devices
        .iter()
        .filter(|device| owners.device(&device.name).is_none());
    let grants = images.grants.iter().map(|one| one.grant);
    let grants = grants.filter(|grant| !owners.grants.iter().any(|one| one.grant == *grant));
    let parts = [
        listed("device", devices.map(|device| device.name.to_string())),
        listed("grant", grants.map(|grant| grant.name().to_owned())),
        listed(
            "route",
            images
                .routes
                .iter()
                .flat_map(|route| missing(route, owners)),
        ),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return None;
    }
    Some(format!(
        "the image's own configuration ({}) has what the owner's has not: {}. What is not left out on purpose can be copied from there",
        images.path.display(),
        parts.join("; ")
    ))
}

/// Whom a route of the image leads to that no route of the owner's does.
fn missing<'c>(route: &'c Route, owners: &'c Config) -> impl Iterator<Item = String> + 'c {
    let is_there = |end: &End| match end {
        End::Here(name) => owners.device(name).is_some(),
        End::Far(_) => true,
    };
    let is_led_to = |to: &End| {
        let like = |own: &&Route| own.from == route.from && own.topic.covers(&route.topic);
        owners
            .routes
            .iter()
            .filter(like)
            .any(|own| own.to.contains(to))
    };
    let wanted = route
        .to
        .iter()
        .filter(move |to| is_there(&route.from) && is_there(to));
    wanted
        .filter(move |to| !is_led_to(to))
        .map(|to| format!("{} from {} to {to}", route.topic, route.from))
}

fn listed(what: impl fmt::Display, names: impl Iterator<Item = String>) -> Option<String> {
    let names: Vec<String> = names.collect();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let plural = if names.len() == 1 { "" } else { "s" };
    let shown = names
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    (!names.is_empty()).then(|| format!("the {what}{plural} {shown}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use std::path::Path;

    fn config(text: &str) -> Config {
        parse(Path::new("image.toml"), text).expect("valid")
    }

    const OLD: &str = "[device.a]\ncommand=[\"a\"]\n[device.b]\ncommand=[\"b\"]\n\
        [[route]]\ntopic=\"v.*\"\nfrom=\"a\"\nto=[\"b\"]\n";

    #[test]
    fn what_a_newer_image_brings_is_named() {
        let new = format!(
            "{OLD}[device.peer]\ncommand=[\"p\"]\nuser=\"p\"\ngateway=true\n[grants.view]\n\
            [[route]]\ntopic=\"v.x\"\nfrom=\"a\"\nto=[\"b\", \"peer\"]\n\
            [[route]]\ntopic=\"k\"\nfrom=\"b\"\nto=[\"a\", \"*/hid\"]\n"
        );
        let told = lacks(&config(OLD), &config(&new)).expect("something is missing");
        let expected = "has not: the device peer; the grant view; the routes k from b to a, k from b to */hid.";
        assert!(
            told.contains(expected) && told.contains("image.toml"),
            "{told}"
        );
    }

    #[test]
    fn nothing_is_said_where_nothing_is_missing() {
        let more = format!(
            "{OLD}[device.c]\ncommand=[\"c\"]\n[[route]]\ntopic=\"*\"\nfrom=\"a\"\nto=[\"c\"]\n"
        );
        assert_eq!(lacks(&config(&more), &config(OLD)), None);
        assert_eq!(lacks(&config(OLD), &config(OLD)), None);
    }

    #[test]
    fn much_is_counted() {
        let new: String = (0..9)
            .map(|n| format!("[device.d{n}]\ncommand=[\"x\"]\n"))
            .collect();
        let told = lacks(&config(""), &config(&new)).expect("something is missing");
        assert!(
            told.contains("the devices d0, d1, d2, d3, d4, d5 and 3 more."),
            "{told}"
        );
    }
}
