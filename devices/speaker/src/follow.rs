//! Whose sound: that of the node that is worked.

use dkvm_wire::vocab::desk::DeskState;

/// As the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The node that keyboard and mouse go to.
    Follow,
    /// This device: `office/audio`.
    Fixed(String),
}

impl Choice {
    /// From the configuration.
    pub fn named(name: &str) -> Result<Self, String> {
        let is_word = |part: &str| !part.is_empty() && !part.contains(['*', '/', ' ']);
        match name.split_once('/') {
            None if name == "follow" => Ok(Self::Follow),
            Some((node, device)) if is_word(node) && is_word(device) => {
                Ok(Self::Fixed(name.to_owned()))
            }
            _ => Err(format!(
                "source = {name:?}: write \"follow\", or a node and its device (\"office/audio\")"
            )),
        }
    }
}

/// What `input` said last.
#[derive(Debug, Clone)]
pub struct Follow {
    choice: Choice,
    now: Option<String>,
    last: Option<String>,
}

impl Follow {
    /// Nothing was said yet.
    pub const fn new(choice: Choice) -> Self {
        Self {
            choice,
            now: None,
            last: None,
        }
    }

    /// Input went somewhere.
    pub fn desk(&mut self, state: &DeskState) {
        self.now = state.worked().map(str::to_owned);
        if self.now.is_some() {
            self.last.clone_from(&self.now);
        }
    }

    /// Whose sound is heard: of the one before, while input is here.
    pub fn heard(&self) -> Option<String> {
        self.device(self.last.as_ref())
    }

    /// Who hears this machine: only who is worked now.
    pub fn hears(&self) -> Option<String> {
        self.device(self.now.as_ref())
    }

    fn device(&self, node: Option<&String>) -> Option<String> {
        match &self.choice {
            Choice::Fixed(name) => Some(name.clone()),
            Choice::Follow => node.map(|node| format!("{node}/audio")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::desk::{DeskTarget, Head};

    fn at(node: Option<&str>) -> DeskState {
        DeskState {
            node: node.map(str::to_owned),
            ..DeskState::default()
        }
    }

    #[test]
    fn sound_stays_when_the_keyboard_comes_home_and_the_microphone_does_not() {
        let mut follow = Follow::new(Choice::Follow);
        assert_eq!((follow.heard(), follow.hears()), (None, None));
        follow.desk(&at(Some("office")));
        assert_eq!(follow.hears().as_deref(), Some("office/audio"));
        follow.desk(&at(None));
        assert_eq!(follow.heard().as_deref(), Some("office/audio"));
        assert_eq!(follow.hears(), None);
        follow.desk(&at(Some("lab")));
        assert_eq!(follow.heard().as_deref(), Some("lab/audio"));
    }

    #[test]
    fn of_several_nodes_at_one_pc_the_first_has_its_sound() {
        let head = |node: &str, x| Head {
            node: node.into(),
            at: (x, 0),
        };
        let pc = DeskTarget {
            node: "pc".into(),
            heads: vec![head("left", 0), head("right", 1280)],
            ..DeskTarget::default()
        };
        let mut follow = Follow::new(Choice::Follow);
        follow.desk(&DeskState {
            targets: vec![pc],
            ..at(Some("pc"))
        });
        assert_eq!(follow.hears().as_deref(), Some("left/audio"));
    }

    #[test]
    fn a_node_that_was_chosen_is_heard_whatever_happens() {
        let choice = Choice::named("lab/audio").expect("a name");
        let mut follow = Follow::new(choice);
        follow.desk(&at(Some("office")));
        assert_eq!(follow.heard().as_deref(), Some("lab/audio"));
        for wrong in ["", "lab", "*/audio", "a/b/c", "/audio"] {
            assert!(Choice::named(wrong).is_err(), "{wrong}");
        }
    }
}
