use dkvm_wire::{is_node_name, DeviceName};
use std::fmt;

/// Before the device's name, where any other node is meant.
const ANY: &str = "*/";

/// A device of another node, as a route names it: `office/hid`, or `*/hid` for that of any node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Far(String);

impl Far {
    /// Reads `office/hid` or `*/hid`.
    pub fn parse(text: &str) -> Option<Self> {
        let (node, device) = text.split_once('/')?;
        let fits = (node == "*" || is_node_name(node)) && DeviceName::try_from(device).is_ok();
        fits.then(|| Self(text.to_owned()))
    }

    /// As it stands in the configuration.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it means that device of any other node.
    pub fn is_any(&self) -> bool {
        self.0.starts_with(ANY)
    }

    /// Whether `office/hid` is meant by it. Of `*/hid` it is asked whether all of these are.
    pub fn covers(&self, name: &str) -> bool {
        match self.0.strip_prefix(ANY) {
            Some(device) => name.split_once('/').is_some_and(|(_, of)| of == device),
            None => self.0 == name,
        }
    }
}

impl fmt::Display for Far {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One side of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A device of this node.
    Here(DeviceName),
    /// A device of another.
    Far(Far),
}

impl End {
    /// Whether it is this device of this node.
    pub fn is(&self, name: &DeviceName) -> bool {
        matches!(self, Self::Here(here) if here == name)
    }

    /// The device of another node, if it is one.
    pub fn far(&self) -> Option<&Far> {
        match self {
            Self::Here(_) => None,
            Self::Far(far) => Some(far),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(name) => name.fmt(f),
            Self::Far(far) => far.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_device_of_one_node_or_of_any() {
        let office = Far::parse("office/hid").expect("a name");
        assert!(office.covers("office/hid") && !office.is_any());
        assert!(
            !office.covers("lab/hid") && !office.covers("office/hid2") && !office.covers("hid")
        );
        let any = Far::parse("*/hid").expect("a name");
        assert!(any.covers("office/hid") && any.covers("9-lab/hid") && any.is_any());
        assert!(!any.covers("hid") && !any.covers("office/web") && !any.covers("a/b/hid"));
    }

    #[test]
    fn what_names_no_device_of_another_node_is_refused() {
        let long = format!("{}/hid", "a".repeat(64));
        for text in [
            "hid",
            "/hid",
            "office/",
            "*/",
            "*/*",
            "office/*",
            "-a/hid",
            "Office/hid",
            "a/b/c",
            "a b/hid",
            "of*/hid",
            "",
            "/",
            &long,
        ] {
            assert_eq!(Far::parse(text), None, "{text}");
        }
    }
}
