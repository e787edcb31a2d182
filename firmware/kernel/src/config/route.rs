use super::section::{Found, Report, Section};
use dkvm_wire::DeviceName;

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
}

/// `[[route]]`: which events go from whom to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Which topics.
    pub topic: TopicPattern,
    /// Who sends.
    pub from: DeviceName,
    /// Who gets it.
    pub to: Vec<DeviceName>,
}

impl Route {
    pub(super) fn read(
        mut section: Section<'_, '_>,
        known: &[&str],
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let topic = topic(&mut section, report);
        let from = section.text("from", "a device's name", report);
        if from.is_none() {
            missing(&section, "from", report);
        }
        let from = from.and_then(|found| device(found, &section.key("from"), known, report));
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

fn device(
    found: Found<String>,
    key: &str,
    known: &[&str],
    report: &mut Report<'_>,
) -> Option<DeviceName> {
    if !known.contains(&found.value.as_str()) {
        report.add(
            found.span,
            key,
            super::check::unknown_device(&found.value, known),
        );
        return None;
    }
    DeviceName::try_from(found.value).ok()
}

fn reader(
    found: Found<String>,
    key: &str,
    from: Option<&DeviceName>,
    known: &[&str],
    report: &mut Report<'_>,
) -> Option<DeviceName> {
    let span = found.span.clone();
    let name = device(found, key, known, report)?;
    if from == Some(&name) {
        report.add(
            span,
            key,
            format!("{name} would get its own events: a route to itself is a loop"),
        );
        return None;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_they_say() {
        let all = TopicPattern::parse("*").expect("star");
        let video = TopicPattern::parse("video.*").expect("prefix");
        assert!(all.matches("x") && video.matches("video.raw") && !video.matches("videos.raw"));
        assert!(TopicPattern::parse("a.b").expect("exact").matches("a.b"));
    }

    #[test]
    fn half_patterns_are_refused() {
        for text in ["", "vid*", "a b", "*.raw", "a.*.b", "ü"] {
            assert_eq!(TopicPattern::parse(text), None, "{text}");
        }
    }
}
