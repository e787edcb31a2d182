//! Who gives the picture.

use dkvm_wire::topics;

/// What comes from a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Access units.
    H264,
    /// JPEGs, each a picture by itself.
    Jpeg,
    /// Frames as they were captured; of this machine alone, for they are large.
    Raw,
}

/// A device that gives a picture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    name: String,
    kind: Kind,
}

impl Source {
    /// By its name: `office/h264`, or a device of this node: `h264`, `capture`.
    pub fn named(name: &str) -> Result<Self, String> {
        let (node, device) = match name.split_once('/') {
            Some((node, device)) => (Some(node), device),
            None => (None, name),
        };
        let is_empty = |part: &str| part.is_empty() || part.contains(['*', '/', ' ']);
        if node.is_some_and(is_empty) || is_empty(device) {
            return Err(format!(
                "source = {name:?}: write \"follow\", a node and its device (\"office/h264\"), or a device of this node (\"h264\", \"capture\")"
            ));
        }
        let kind = if device.starts_with("capture") {
            Kind::Raw
        } else if device.starts_with("encode") {
            Kind::Jpeg
        } else {
            Kind::H264
        };
        if (node.is_some(), kind) == (true, Kind::Raw) {
            return Err(format!(
                "source = {name:?}: raw frames stay at their node; write \"{}/h264\"",
                node.unwrap_or_default()
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
        })
    }

    /// The H.264 of a node.
    pub fn of_node(node: &str) -> Self {
        Self {
            name: format!("{node}/h264"),
            kind: Kind::H264,
        }
    }

    /// The JPEGs of a node, which are its capture device's own where that makes some.
    pub fn jpeg_of_node(node: &str) -> Self {
        Self {
            name: format!("{node}/encode"),
            kind: Kind::Jpeg,
        }
    }

    /// As in routes and events.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What comes.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// On which topic.
    pub const fn topic(&self) -> &'static str {
        match self.kind {
            Kind::H264 => topics::VIDEO_H264,
            Kind::Jpeg => topics::VIDEO_JPEG,
            Kind::Raw => topics::VIDEO_RAW,
        }
    }

    /// Whether its picture is none of now when that device is gone: it gives it, or what it is made of.
    pub fn hangs_on(&self, device: &str) -> bool {
        let name = device.rsplit('/').next().unwrap_or_default();
        self.name == device || (node_of(device) == self.node() && name.starts_with("capture"))
    }

    /// Its node; empty for this one.
    pub fn node(&self) -> &str {
        node_of(&self.name)
    }
}

/// The node of a source's name; empty for this one.
pub(super) fn node_of(name: &str) -> &str {
    name.split_once('/').map_or("", |(node, _)| node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_where_and_what() {
        let office = Source::named("office/h264").expect("a name");
        assert_eq!((office.node(), office.kind()), ("office", Kind::H264));
        assert_eq!(office, Source::of_node("office"));
        let here = Source::named("capture").expect("a name");
        assert_eq!((here.node(), here.kind()), ("", Kind::Raw));
        assert_eq!(here.topic(), topics::VIDEO_RAW);
        let jpeg = Source::named("office/encode").expect("a name");
        assert_eq!(jpeg, Source::jpeg_of_node("office"));
        assert_eq!(jpeg.topic(), topics::VIDEO_JPEG);
    }

    #[test]
    fn a_picture_hangs_on_its_encoder_and_on_the_capture_device_of_the_same_node() {
        let office = Source::of_node("office");
        for (device, hangs) in [
            ("office/h264", true),
            ("office/capture", true),
            ("office/hid", false),
            ("lab/capture", false),
            ("capture", false),
            ("input", false),
        ] {
            assert_eq!(office.hangs_on(device), hangs, "{device}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_write() {
        for (name, said) in [
            ("", "write \"follow\""),
            ("*/h264", "write \"follow\""),
            ("a/b/c", "write \"follow\""),
            ("office/capture", "write \"office/h264\""),
        ] {
            let why = Source::named(name).expect_err(name);
            assert!(why.contains(said), "{why}");
        }
    }
}
