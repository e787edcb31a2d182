use super::end::{End, Far};
use super::section::{Found, Report, Section};
use dkvm_wire::DeviceName;
use std::cell::Cell;
use std::fmt;

/// A topic, or all topics with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TopicPattern {
    /// Just this one.
    Exact(String),
    /// All that begin so (`prefix.*` without the star).
    Prefix(String),
}

impl TopicPattern {
    /// Reads `video.raw`, `video.*` or `*`.
    pub fn parse(text: &str) -> Option<Self> {
        let (body, star) = text
            .strip_suffix('*')
            .map_or((text, false), |body| (body, true));
        let plain = body
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        match (star, plain) {
            (true, true) if body.is_empty() || body.ends_with('.') => {
                Some(Self::Prefix(body.to_owned()))
            }
            (false, true) if !body.is_empty() => Some(Self::Exact(body.to_owned())),
            _ => None,
        }
    }

    /// Whether a topic is meant.
    pub fn matches(&self, topic: &str) -> bool {
        match self {
            Self::Exact(text) => text == topic,
            Self::Prefix(prefix) => topic.starts_with(prefix.as_str()),
        }
    }

    /// Whether all that another means is meant.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(topic)) => self.matches(topic),
            (Self::Prefix(prefix), Self::Prefix(longer)) => longer.starts_with(prefix.as_str()),
            (Self::Exact(_), Self::Prefix(_)) => false,
        }
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(topic) => topic.fmt(f),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

/// `[[route]]`: which events go from whom to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Which topics.
    pub topic: TopicPattern,
    /// Who sends.
    pub from: End,
    /// Who gets it.
    pub to: Vec<End>,
}

/// Who may stand in a route.
pub(super) struct Known<'a> {
    /// All devices of this node.
    pub(super) devices: &'a [&'a str],
    /// Of these the ones with `gateway = true`.
    pub(super) gateways: &'a [&'a str],
    /// That there is none is said once, not for every route that needs one.
    pub(super) said_none: Cell<bool>,
}

impl Route {
    pub(super) fn read(
        mut section: Section<'_, '_>,
        known: &Known<'_>,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let topic = topic(&mut section, report);
        let from = section.text("from", "a device's name", report);
        if from.is_none() {
            missing(&section, "from", report);
        }
        let from = from.and_then(|found| end(found, &section.key("from"), known, report));
        let list = section.list("to", report);
        if list.is_empty() {
            missing(&section, "to", report);
        }
        let key = section.key("to");
        let to: Vec<_> = list
            .into_iter()
            .filter_map(|found| reader(found, &key, from.as_ref(), known, report))
            .collect();
        section.finish(report);
        Some(Self {
            topic: topic?,
            from: from?,
            to,
        })
    }

    /// The devices of other nodes that it names.
    pub fn far(&self) -> impl Iterator<Item = &Far> {
        std::iter::once(&self.from)
            .chain(&self.to)
            .filter_map(End::far)
    }
}

fn missing(section: &Section<'_, '_>, key: &str, report: &mut Report<'_>) {
    let message = "is missing or not right: a route needs topic, from and to, like topic = \"a.b\", from = \"x\", to = [\"y\"]";
    report.add(section.span(), section.key(key), message);
}

fn topic(section: &mut Section<'_, '_>, report: &mut Report<'_>) -> Option<TopicPattern> {
    let Some(found) = section.text("topic", "a topic like \"video.raw\" or \"video.*\"", report)
    else {
        missing(section, "topic", report);
        return None;
    };
    let pattern = TopicPattern::parse(&found.value);
    if pattern.is_none() {
        let message = format!(
            "{:?} is no topic: write it exactly, or as \"prefix.*\"",
            found.value
        );
        report.add(found.span, section.key("topic"), message);
    }
    pattern
}

fn end(found: Found<String>, key: &str, known: &Known<'_>, report: &mut Report<'_>) -> Option<End> {
    if found.value.contains('/') {
        return far(&found, key, known, report).map(End::Far);
    }
    if !known.devices.contains(&found.value.as_str()) {
        report.add_with(found.span, key, || {
            super::check::unknown_device(&found.value, known.devices)
        });
        return None;
    }
    DeviceName::try_from(found.value).ok().map(End::Here)
}

fn far(
    found: &Found<String>,
    key: &str,
    known: &Known<'_>,
    report: &mut Report<'_>,
) -> Option<Far> {
    let name = &found.value;
    let far = Far::parse(name);
    let wrong = match known.gateways {
        _ if far.is_none() => format!("{name:?} names no device of another node: write node/device, or */device for that of any node; a node's name is 1 to 63 of a-z, 0-9 and -"),
        // That there is one alone is asked of the devices.
        [_, ..] => return far,
        [] if known.said_none.replace(true) => return None,
        [] => format!("{name} is on another node, and no device here has gateway = true to bridge to it: say so of the device peer, or leave out this route and all others to and from other nodes"),
    };
    report.add(found.span.clone(), key, wrong);
    None
}

fn reader(
    found: Found<String>,
    key: &str,
    from: Option<&End>,
    known: &Known<'_>,
    report: &mut Report<'_>,
) -> Option<End> {
    let (span, shown) = (found.span.clone(), found.value.clone());
    let to = end(found, key, known, report)?;
    let wrong = match (from?, &to) {
        (End::Here(from), End::Here(to)) if from == to => {
            format!("{shown} would get its own events: a route to itself is a loop")
        }
        (End::Far(from), End::Far(_)) => format!("{shown} would get from here what came from {from}: what came from another node never goes to a third. Let one side of the route be a device of this node, and route the rest at the other node"),
        (End::Here(here), End::Far(far)) | (End::Far(far), End::Here(here)) if known.gateways.contains(&here.as_str()) => format!("{here} bridges to other nodes, so it would get its own events: let the route go between {far} and a device that reads or sends them"),
        _ => return Some(to),
    };
    report.add(span, key, wrong);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_they_say() {
        let all = TopicPattern::parse("*").expect("star");
        let video = TopicPattern::parse("video.*").expect("prefix");
        assert!(all.matches("x") && video.matches("video.raw") && !video.matches("videos.raw"));
        let exact = TopicPattern::parse("a.b").expect("exact");
        assert!(exact.matches("a.b") && exact.covers(&exact) && !exact.covers(&all));
        assert!(all.covers(&video) && !video.covers(&all) && all.covers(&exact));
        assert_eq!(
            [all, video, exact].map(|one| one.to_string()),
            ["*", "video.*", "a.b"]
        );
    }

    #[test]
    fn half_patterns_are_refused() {
        for text in ["", "vid*", "a b", "*.raw", "a.*.b", "ü"] {
            assert_eq!(TopicPattern::parse(text), None, "{text}");
        }
    }
}
