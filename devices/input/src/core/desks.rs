//! Targets that are made of several nodes: which of these has the keyboard, and how large it is all together.

use super::pointer::{LARGEST, USUAL};
use crate::config::{DeskConfig, HeadConfig};
use std::collections::BTreeMap;

/// All of them, by their names.
#[derive(Debug, Default)]
pub struct Desks(BTreeMap<String, DeskConfig>);

impl Desks {
    /// Those of a configuration that was checked.
    pub fn new(desks: &BTreeMap<String, DeskConfig>) -> Self {
        Self(desks.clone())
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// The screens of a target; none where it is a node.
    pub fn heads(&self, target: &str) -> &[HeadConfig] {
        self.0.get(target).map_or(&[], |desk| &desk.heads)
    }

    /// The node that has the keyboard of a target.
    pub fn node<'a>(&'a self, target: &'a str) -> &'a str {
        let first = self.heads(target).first();
        first.map_or(target, |head| &head.node)
    }

    /// The target of which a node is a part, or which it is.
    pub fn target<'a>(&'a self, node: &'a str) -> &'a str {
        self.of(node).unwrap_or(node)
    }

    /// The desk of which a node is a head.
    pub fn of(&self, node: &str) -> Option<&str> {
        let mut desks = self.0.iter();
        let found = desks.find(|(_, desk)| desk.heads.iter().any(|head| head.node == node));
        found.map(|(name, _)| &**name)
    }

    /// The target whose keyboard a node has.
    pub fn worked_by<'a>(&'a self, node: &'a str) -> Option<&'a str> {
        let target = self.target(node);
        (self.node(target) == node).then_some(target)
    }

    /// That screens lie over each other, now that it is known how large they are: a sentence.
    pub fn crowded(&self, known: impl Fn(&str) -> Option<(u32, u32)>) -> Option<String> {
        let size = |head: &HeadConfig| known(&head.node).or(head.size);
        self.0.iter().find_map(|(name, desk)| {
            let heads = desk.heads.iter().enumerate();
            let mut pairs = heads.flat_map(|(place, one)| {
                let others = desk.heads.iter().skip(place + 1);
                others.map(move |other| (one, other))
            });
            let (one, other) = pairs.find(|(one, other)| match (size(one), size(other)) {
                (Some(first), Some(second)) => one.overlaps(first, other, second),
                _ => false,
            })?;
            let (width, height) = size(one)?;
            let (node, at, over) = (&one.node, other.at, &other.node);
            Some(format!("{node} has {width} × {height} pixels, and {over} stands at {}, {} over it: write where it stands on that desktop (at in [device.input.config.desk.{name}])", at.0, at.1))
        })
    }

    /// The box around all screens of a target, where it has several.
    pub fn size(
        &self,
        target: &str,
        known: impl Fn(&str) -> Option<(u32, u32)>,
    ) -> Option<(u32, u32)> {
        let places = self.heads(target).iter().map(|head| {
            let size = known(&head.node).or(head.size).unwrap_or(USUAL);
            let (x, y) = (i64::from(head.at.0), i64::from(head.at.1));
            (x, y, x + i64::from(size.0), y + i64::from(size.1))
        });
        let (left, top, right, bottom) =
            places.reduce(|a, b| (a.0.min(b.0), a.1.min(b.1), a.2.max(b.2), a.3.max(b.3)))?;
        let side =
            |from: i64, to: i64| u32::try_from(to - from).map_or(LARGEST, |side| side.min(LARGEST));
        Some((side(left, right), side(top, bottom)))
    }
}
