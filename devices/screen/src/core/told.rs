//! What is told of what is shown: the title, and what stands where there is no picture.

use super::{
    scene::{no_h264, Node, Peer, Scene, Target},
    source::{Kind, Source},
};
use dkvm_wire::vocab::{
    peer::LinkState,
    video::{Signal, VideoMode, VideoState},
};

/// Of a sentence from elsewhere so many letters are shown.
const LONGEST: usize = 300;

impl Scene {
    /// Why there is no picture of a source, as far as it is known: a sentence.
    pub fn obstacle(&self, source: &Source) -> Option<String> {
        self.link(source.node())
            .or_else(|| self.signal(source))
            .map(|why| format!("{}: {}", title_of(source), cut(&why)))
    }

    /// Why there is no picture of a node at all.
    pub(super) fn blind(&self, node: &str) -> Option<String> {
        let signal = || self.nodes.get(node).and_then(no_signal);
        self.link(node).or_else(signal).map(|why| cut(&why))
    }

    fn link(&self, node: &str) -> Option<String> {
        if node.is_empty() {
            return None;
        }
        let state = match &self.peer {
            Peer::Silent => return None,
            Peer::Said(state) => state,
            Peer::Gone => {
                return Some("the device peer does not run here; 'dkvm ps' says why".to_owned())
            }
        };
        let Some(peer) = state.peers.iter().find(|peer| peer.node == node) else {
            return Some("this machine is not paired with it; 'dkvm pair' does that".to_owned());
        };
        let detail = |what: &str| match &peer.detail {
            Some(detail) => format!("{what}. {detail}"),
            None => what.to_owned(),
        };
        match peer.link {
            LinkState::Up => None,
            LinkState::Connecting => Some(detail("no link yet; it is tried again and again")),
            LinkState::Stalled => Some(detail("the link stands still")),
            LinkState::Refused => Some(detail("it refuses the link")),
        }
    }

    fn signal(&self, source: &Source) -> Option<String> {
        let node = self.nodes.get(source.node())?;
        let refusal = || no_h264(node).filter(|_| source.kind() == Kind::H264);
        no_signal(node).or_else(|| refusal().cloned())
    }

    /// What the person is told beside the picture: that it is not the one he works, what became of his click, and what input says.
    pub fn notice(&self, shown: Option<&str>, refusal: Option<&str>) -> Option<String> {
        let elsewhere = self.elsewhere(shown);
        let elsewhere = elsewhere.map(|name| format!("keyboard and mouse go to {name}"));
        let said = self.desk().notice.as_ref().or(self.desk().problem.as_ref());
        // input tells the same of a click that it refuses.
        let said = said.filter(|said| refusal.is_none_or(|refusal| !refusal.starts_with(*said)));
        let parts = [elsewhere, refusal.map(cut), said.map(|said| cut(said))];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(". "))
    }

    /// The target that is worked, where it is another than the one that is shown.
    fn elsewhere(&self, shown: Option<&str>) -> Option<&str> {
        let (worked, shown) = (self.desk().node.as_deref()?, shown?);
        (worked != shown).then_some(worked)
    }

    /// What the window is called while it shows a target.
    pub fn title(&self, target: Option<&Target>) -> String {
        let Some(target) = target else {
            return "dKVM".to_owned();
        };
        let name = target.name.as_str();
        let mode = match target.screens.as_slice() {
            [one] => self.mode(&one.source),
            several => Some(format!("{} screens", several.len())),
        };
        let work = match (&self.desk().node, self.elsewhere(Some(name))) {
            (None, _) => String::new(),
            (Some(_), None) => ", keyboard and mouse go there".to_owned(),
            (Some(_), Some(node)) => format!(", keyboard and mouse go to {node}"),
        };
        let mode = mode.map_or_else(String::new, |mode| format!(", {mode}"));
        format!("dKVM: {name}{mode}{work}")
    }

    /// And while it shows all of them.
    pub fn title_of_all(&self) -> String {
        let work = self.desk().node.as_ref();
        let work = work.map(|node| format!(", keyboard and mouse go to {node}"));
        format!("dKVM: overview{}", work.unwrap_or_default())
    }

    /// What is said below all targets.
    pub fn hint(&self) -> String {
        let back = match self.desk().release.as_str() {
            "" => String::new(),
            release => format!("; {}: back here", cut(release)),
        };
        format!(
            "click, or arrow keys and Enter: keyboard and mouse go there{back}; F10: one or all"
        )
    }

    fn mode(&self, source: &Source) -> Option<String> {
        let node = self.nodes.get(source.node())?;
        node.video.as_ref().and_then(told)
    }
}

fn no_signal(node: &Node) -> Option<String> {
    let video = node.video.as_ref()?;
    let none = match video.signal {
        Signal::Ok => return None,
        Signal::None => "no signal: the target is off or asleep, or its video cable is out",
        Signal::Unstable => "the target's signal does not lock",
        Signal::OutOfRange => "the target's mode is more than the hardware takes",
        Signal::Absent => "it has no capture device",
    };
    let detail = video.detail.as_ref();
    Some(detail.map_or_else(|| none.to_owned(), |detail| format!("{none}. {detail}")))
}

fn told(video: &VideoState) -> Option<String> {
    let VideoMode { width, height, .. } = video.mode;
    match video.signal {
        Signal::Ok if width > 0 => Some(format!("{width}x{height}")),
        Signal::Ok => None,
        _ => Some("no signal".to_owned()),
    }
}

/// For people.
pub fn title_of(source: &Source) -> &str {
    match source.node() {
        "" => source.name(),
        node => node,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
