//! What the overview says of a target.

use super::{
    division::{Division, Spot},
    scene::{Scene, MOST_SCREENS},
};
use dkvm_wire::vocab::desk::DeskTarget;
use std::collections::BTreeSet;

/// More targets than these are not shown: nobody could tell them apart.
const MOST_TILES: usize = 64;

/// So many nodes are asked for small pictures: the kernel keeps 256 such wishes of a device.
const MOST_SMALL: usize = 128;

/// One target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// By the name that input has for it.
    pub name: String,
    /// With its hotkey.
    pub title: String,
    /// Who works it, or why nobody can.
    pub state: String,
    /// Where keyboard and mouse of this machine go.
    pub work: Work,
    /// Its screens.
    pub screens: Vec<TileScreen>,
    /// How they lie beside each other.
    pub division: Division,
}

/// One of its screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileScreen {
    /// The node that sees it.
    pub node: String,
    /// What is said where there is no picture, or none can be.
    pub why: Why,
}

/// Why there is no picture in a tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// None has come yet.
    Waits(String),
    /// None can come, and one that came is none of now.
    Never(String),
}

/// Whether this machine works a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Keyboard and mouse go there.
    Here,
    /// They do not.
    Not,
}

impl Scene {
    /// All targets, in the order of their hotkeys.
    pub fn tiles(&self) -> Vec<Tile> {
        let targets = self.desk().targets.iter().take(MOST_TILES);
        targets.map(|target| self.tile(target)).collect()
    }

    /// How many they are.
    pub fn targets(&self) -> usize {
        self.desk().targets.len().min(MOST_TILES)
    }

    /// The nodes that see their screens, each once.
    pub fn seen_nodes(&self) -> BTreeSet<&str> {
        let targets = self.desk().targets.iter().take(MOST_TILES);
        let nodes = targets.flat_map(|target| {
            let alone = target.heads.is_empty().then_some(target.node.as_str());
            let heads = target.heads.iter().take(MOST_SCREENS);
            alone
                .into_iter()
                .chain(heads.map(|head| head.node.as_str()))
        });
        nodes.take(MOST_SMALL).collect()
    }

    fn tile(&self, target: &DeskTarget) -> Tile {
        let name = target.node.as_str();
        let is_worked = self.desk().node.as_deref() == Some(name);
        let work = if is_worked { Work::Here } else { Work::Not };
        let title = match &target.hotkey {
            Some(hotkey) => format!("{name} ({hotkey})"),
            None => name.to_owned(),
        };
        let heads = target.heads.iter().take(MOST_SCREENS);
        let spots: Vec<Spot> = heads.clone().map(|head| self.spot(head)).collect();
        let (nodes, division): (Vec<&str>, _) = if spots.is_empty() {
            (vec![name], Division::Whole)
        } else {
            let nodes = heads.map(|head| head.node.as_str()).collect();
            (nodes, Division::Spots(spots))
        };
        let screen = |node: &&str| TileScreen {
            node: (*node).to_owned(),
            why: self.why(node),
        };
        Tile {
            name: name.to_owned(),
            title,
            state: state(target, work),
            work,
            screens: nodes.iter().map(screen).collect(),
            division,
        }
    }

    fn why(&self, node: &str) -> Why {
        if let Some(why) = self.blind(node) {
            return Why::Never(why);
        }
        Why::Waits(if self.encodes(node) {
            "waiting for its picture".to_owned()
        } else {
            format!("no small pictures come from {node}: its device encode does not run, or its release has none")
        })
    }
}

/// As `dkvm focus` has it.
fn state(target: &DeskTarget, work: Work) -> String {
    let by = target.by.as_str();
    match (&target.detail, work) {
        (_, Work::Here) => "keyboard and mouse go there".to_owned(),
        (Some(detail), Work::Not) => detail.clone(),
        (None, Work::Not) if !target.up => "its keyboard cannot be reached".to_owned(),
        (None, Work::Not) if target.busy => format!("{by} is at work"),
        (None, Work::Not) if by.is_empty() => "free".to_owned(),
        (None, Work::Not) => format!("free, last worked by {by}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Size;
    use dkvm_wire::vocab::desk::{DeskState, Head};

    fn target(node: &str) -> DeskTarget {
        DeskTarget {
            node: node.into(),
            hotkey: Some("f13".into()),
            up: true,
            ..DeskTarget::default()
        }
    }

    fn scene(targets: Vec<DeskTarget>, node: Option<&str>) -> Scene {
        let mut scene = Scene::default();
        scene.take_desk(DeskState {
            node: node.map(str::to_owned),
            targets,
            ..DeskState::default()
        });
        scene
    }

    #[test]
    fn each_target_says_who_works_it() {
        let by = |by: &str, busy| DeskTarget {
            by: by.into(),
            busy,
            ..target("a")
        };
        let down = |detail: Option<&str>| DeskTarget {
            up: false,
            detail: detail.map(str::to_owned),
            ..target("a")
        };
        for (target, said) in [
            (target("a"), "free"),
            (by("web", false), "free, last worked by web"),
            (by("web", true), "web is at work"),
            (down(None), "its keyboard cannot be reached"),
            (down(Some("no link")), "no link"),
        ] {
            let tiles = scene(vec![target], None).tiles();
            assert_eq!(
                (tiles[0].title.as_str(), tiles[0].work),
                ("a (f13)", Work::Not)
            );
            assert_eq!(tiles[0].state, said);
        }
        let tiles = scene(vec![target("a"), by("x", true)], Some("a")).tiles();
        assert_eq!(tiles[0].state, "keyboard and mouse go there");
        assert_eq!(tiles[0].work, Work::Here);
    }

    #[test]
    fn a_target_of_several_heads_has_them_in_their_places() {
        let head = |node: &str, x| Head {
            node: node.into(),
            at: (x, 0),
        };
        let pair = DeskTarget {
            heads: vec![head("left", 0), head("right", 1280)],
            ..target("pair")
        };
        let tiles = scene(vec![pair], None).tiles();
        let nodes: Vec<&str> = tiles[0].screens.iter().map(|s| s.node.as_str()).collect();
        assert_eq!(nodes, ["left", "right"]);
        let (width, height) = (1280 + 1920, 1080);
        assert_eq!(tiles[0].division.size(), Some(Size { width, height }));
    }

    #[test]
    fn tiles_are_bounded() {
        let many = (0..200).map(|number| target(&format!("n{number}")));
        assert_eq!(scene(many.collect(), None).tiles().len(), MOST_TILES);
    }
}
