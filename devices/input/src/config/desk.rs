//! Several nodes at one PC, each with one of its screens.

use super::{senseless, Config, Senseless};
use crate::core::pointer::LARGEST;
use dkvm_wire::vocab::desk::Head;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Heads of one desk.
const MAX_HEADS: usize = 8;
const KEY: &str = "desk";
/// What `dkvm focus` calls this machine.
const HERE: &str = "here";

/// One target that is made of several nodes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskConfig {
    /// The first has keyboard and mouse.
    pub heads: Vec<HeadConfig>,
}

/// One of its screens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadConfig {
    /// The node that sees it.
    pub node: String,
    /// Where its upper left corner is on the PC's desktop, pixels.
    pub at: (i32, i32),
    /// How large it is, until its node has told.
    pub size: Option<(u32, u32)>,
}

impl HeadConfig {
    /// For everybody.
    pub fn head(&self) -> Head {
        Head {
            node: self.node.clone(),
            at: self.at,
        }
    }

    /// Whether one pixel of both is the same, where they are of these sizes.
    pub fn overlaps(&self, one: (u32, u32), other: &Self, two: (u32, u32)) -> bool {
        let reaches =
            |from: i32, size: u32, to: i32| i64::from(to) < i64::from(from) + i64::from(size);
        let across = reaches(self.at.0, one.0, other.at.0) && reaches(other.at.0, two.0, self.at.0);
        let down = reaches(self.at.1, one.1, other.at.1) && reaches(other.at.1, two.1, self.at.1);
        across && down
    }
}

fn wrong(reason: String) -> Result<(), Senseless> {
    Err(senseless(KEY, reason))
}

/// What types cannot tell.
pub fn check(config: &Config) -> Result<(), Senseless> {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, desk) in &config.desk {
        check_one(name, &desk.heads)?;
        for head in &desk.heads {
            if let Some(other) = taken.insert(&head.node, name) {
                let node = &head.node;
                return wrong(match other == name {
                    true => format!("{node} stands twice in {name}: a node sees one screen"),
                    false => {
                        format!("{node} is a head of both {other} and {name}: leave it out of one")
                    }
                });
            }
        }
    }
    if let Some(name) = config.desk.keys().find(|name| taken.contains_key(&***name)) {
        return wrong(format!(
            "{name} is the name of a node, which is a head of {}: give the desk another name",
            taken[&**name]
        ));
    }
    check_others(config, &taken)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '*', ' '])
}

fn check_one(name: &str, heads: &[HeadConfig]) -> Result<(), Senseless> {
    if !(2..=MAX_HEADS).contains(&heads.len()) {
        return wrong(format!("{name} needs 2 to {MAX_HEADS} heads: a node with the only screen of its PC is a target without a desk"));
    }
    if !is_name(name) || name == HERE {
        return wrong(format!("{name:?} is no name for a desk: write a word that is no node's, such as [device.input.config.desk.pc]"));
    }
    let known = |head: &HeadConfig| head.size.unwrap_or((1, 1));
    let largest = i32::try_from(LARGEST).unwrap_or(i32::MAX);
    for (index, head) in heads.iter().enumerate() {
        let node = &head.node;
        if !is_name(node) {
            return wrong(format!(
                "{node:?} in {name} is no node's name: write it as dkvm peers shows it"
            ));
        }
        let (x, y) = head.at;
        if x.abs() > largest || y.abs() > largest {
            return wrong(format!(
                "{node} in {name} is further away than {LARGEST} pixels: at = [1920, 0]"
            ));
        }
        let sizes = head.size.map(|(width, height)| [width, height]);
        if !sizes
            .iter()
            .flatten()
            .all(|side| (2..=LARGEST).contains(side))
        {
            return wrong(format!("{node} in {name}: a screen has 2 to {LARGEST} pixels each way: size = [1920, 1080]"));
        }
        if let Some(other) = heads[..index]
            .iter()
            .find(|other| other.overlaps(known(other), head, known(head)))
        {
            return wrong(format!("{} and {node} of {name} lie over each other: their places (at) are their upper left corners on the PC's desktop", other.node));
        }
    }
    Ok(())
}

/// A head is no target: what is said of it is to be said of its desk.
fn check_others(config: &Config, taken: &BTreeMap<&str, &str>) -> Result<(), Senseless> {
    let layout = config.layout.iter();
    let beside = layout.flat_map(|one| one.of.iter().chain([&one.node]));
    let named = config.targets.iter().map(|node| ("targets", node));
    let special = config.target.keys().map(|node| ("target", node));
    let mut all = named
        .chain(special)
        .chain(beside.map(|node| ("layout", node)));
    let found = all.find_map(|(key, node)| Some((key, node, taken.get(&**node)?)));
    found.map_or(Ok(()), |(key, node, desk)| {
        Err(senseless(
            key,
            format!("{node} is a head of {desk}: write {desk}"),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TargetConfig;

    fn head(node: &str, at: (i32, i32), size: Option<(u32, u32)>) -> HeadConfig {
        HeadConfig {
            node: node.into(),
            at,
            size,
        }
    }

    fn config(desks: &[(&str, &[HeadConfig])]) -> Config {
        let desks = desks.iter().map(|(name, heads)| {
            let heads = heads.to_vec();
            ((*name).to_owned(), DeskConfig { heads })
        });
        Config {
            desk: desks.collect(),
            ..Config::default()
        }
    }

    fn refusal(config: &Config) -> String {
        config.check().expect_err("it is wrong").reason
    }

    #[test]
    fn two_screens_beside_each_other() {
        let heads = [
            head("a", (0, 0), Some((1920, 1080))),
            head("b", (1920, 0), None),
        ];
        assert_eq!(config(&[("pc", &heads)]).check(), Ok(()));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let (a, b) = (head("a", (0, 0), None), head("b", (1920, 0), None));
        let large = head("a", (0, 0), Some((2000, 1000)));
        let two = [a.clone(), b.clone()];
        for (desks, words) in [
            (vec![("pc", vec![a.clone()])], "2 to 8 heads"),
            (
                vec![("pc", vec![a.clone(), a.clone()])],
                "lie over each other",
            ),
            (
                vec![("pc", vec![a.clone(), head("a", (9, 9), None)])],
                "a stands twice in pc",
            ),
            (
                vec![("pc", vec![large, b.clone()])],
                "a and b of pc lie over each other",
            ),
            (
                vec![("pc", two.to_vec()), ("tv", two.to_vec())],
                "a is a head of both pc and tv",
            ),
            (vec![("a", two.to_vec())], "a is the name of a node"),
            (vec![("here", two.to_vec())], "no name for a desk"),
            (vec![("a/b", two.to_vec())], "no name for a desk"),
            (
                vec![("pc", vec![a.clone(), head("", (9, 9), None)])],
                "no node's name",
            ),
            (
                vec![("pc", vec![a.clone(), head("b", (99_999, 0), None)])],
                "further away",
            ),
            (
                vec![("pc", vec![a.clone(), head("b", (9, 0), Some((0, 0)))])],
                "2 to 32767 pixels",
            ),
        ] {
            let desks: Vec<_> = desks
                .iter()
                .map(|(name, heads)| (*name, &**heads))
                .collect();
            let told = refusal(&config(&desks));
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn a_head_is_no_target() {
        let two = [head("a", (0, 0), None), head("b", (1920, 0), None)];
        let right = config(&[("pc", &two)]);
        let ordered = Config {
            targets: vec!["b".into()],
            ..right.clone()
        };
        let special = Config {
            target: [("b".to_owned(), TargetConfig::default())].into(),
            ..right.clone()
        };
        for wrong in [ordered, special] {
            assert_eq!(refusal(&wrong), "b is a head of pc: write pc");
        }
    }
}
