//! Which keys pressed together mean something here.

use crate::{
    codes::{is_modifier, named_code, spoken},
    config::{Config, Senseless, MAX_CHORD},
};
use std::collections::BTreeSet;

/// The digits of hotkeys, in the order of the targets.
const DIGITS: [&str; 10] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];

/// Keys pressed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chord(Vec<u16>);

/// Why some keys are no chord.
fn read(key: &'static str, names: &[String]) -> Result<Chord, Senseless> {
    let sorry = |reason: String| Err(Senseless { key, reason });
    if !(1..=MAX_CHORD).contains(&names.len()) {
        return sorry(format!(
            "name 1 to {MAX_CHORD} keys, such as [\"leftctrl\", \"rightctrl\"]"
        ));
    }
    let mut codes = Vec::new();
    for name in names {
        match named_code(name) {
            Some(code) => codes.push(code),
            None => {
                return sorry(format!(
                    "{name:?} is no key: names are Linux's without KEY_, such as \"leftctrl\", \"scrolllock\", \"f13\""
                ))
            }
        }
    }
    Ok(Chord(codes))
}

impl Chord {
    /// Whether a key that was just pressed completes it, with nothing else than these held that would make it another.
    fn completed_by(&self, code: u16, down: &BTreeSet<u16>) -> bool {
        let other = |held: &u16| is_modifier(*held) && !self.0.contains(held);
        self.is_down(code, down) && !down.iter().any(other)
    }

    fn is_down(&self, code: u16, down: &BTreeSet<u16>) -> bool {
        self.0.contains(&code) && self.0.iter().all(|key| down.contains(key))
    }

    /// Its keys.
    pub fn keys(&self) -> &[u16] {
        &self.0
    }

    /// As people read it.
    pub fn spoken(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|code| spoken(*code)).collect();
        names.join(" + ")
    }
}

/// What a chord means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Input is to be here.
    Release,
    /// Input is to go to this node.
    Target(String),
}

/// All that mean something.
#[derive(Debug, Clone)]
pub struct Chords {
    release: Chord,
    digits: Vec<Chord>,
    own: Vec<(String, Chord)>,
}

impl Chords {
    /// Those of a configuration.
    pub fn new(config: &Config) -> Result<Self, Senseless> {
        let release = read("release", &config.release)?;
        let digit = |digit: &&str| {
            let mut names = config.hotkey.clone();
            names.push((*digit).to_owned());
            read("hotkey", &names)
        };
        let digits = match config.hotkey.is_empty() {
            true => Vec::new(),
            false => DIGITS.iter().map(digit).collect::<Result<_, _>>()?,
        };
        let mut own = Vec::new();
        for (node, target) in &config.target {
            if let Some(names) = &target.hotkey {
                own.push((node.clone(), read("target", names)?));
            }
        }
        let chords = Self {
            release,
            digits,
            own,
        };
        chords.check()?;
        Ok(chords)
    }

    fn check(&self) -> Result<(), Senseless> {
        let own = self.own.iter().map(|(_, chord)| chord);
        let all: Vec<&Chord> = own.chain([&self.release]).chain(&self.digits).collect();
        for (index, chord) in all.iter().enumerate() {
            let same = |other: &&&Chord| {
                other.0.iter().collect::<BTreeSet<_>>() == chord.0.iter().collect()
            };
            if all[..index].iter().any(|other| same(&other)) {
                let reason = format!("{} means two things: choose another", chord.spoken());
                return Err(Senseless {
                    key: "target",
                    reason,
                });
            }
        }
        Ok(())
    }

    /// The hotkey of a node, at its place among the targets.
    pub fn of(&self, node: &str, place: usize) -> Option<&Chord> {
        let own = self.own.iter().find(|(name, _)| name == node);
        own.map(|(_, chord)| chord)
            .or_else(|| self.digits.get(place))
    }

    /// What a key that was just pressed means.
    pub fn meaning(&self, code: u16, down: &BTreeSet<u16>, targets: &[String]) -> Option<Meaning> {
        // Whatever else is down: nobody is locked out by a key that is stuck.
        if self.release.is_down(code, down) {
            return Some(Meaning::Release);
        }
        let named = targets.iter().enumerate();
        let mut hit = named.filter(|(place, node)| {
            self.of(node, *place)
                .is_some_and(|chord| chord.completed_by(code, down))
        });
        hit.next().map(|(_, node)| Meaning::Target(node.clone()))
    }

    /// The release chord.
    pub fn release(&self) -> &Chord {
        &self.release
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TargetConfig;

    fn held(names: &[&str]) -> BTreeSet<u16> {
        names.iter().filter_map(|name| named_code(name)).collect()
    }

    fn means(chords: &Chords, names: &[&str]) -> Option<Meaning> {
        let targets = ["lab".to_owned(), "office".to_owned()];
        let code = names.last().and_then(|name| named_code(name))?;
        chords.meaning(code, &held(names), &targets)
    }

    #[test]
    fn the_defaults() {
        let chords = Chords::new(&Config::default()).expect("right");
        let office = Some(Meaning::Target("office".into()));
        assert_eq!(means(&chords, &["leftctrl", "leftalt", "2"]), office);
        assert_eq!(means(&chords, &["leftctrl", "2", "leftalt"]), office);
        assert_eq!(means(&chords, &["leftctrl", "leftalt", "3"]), None);
        assert_eq!(means(&chords, &["leftctrl", "2"]), None);
        assert_eq!(
            means(&chords, &["leftshift", "leftctrl", "leftalt", "2"]),
            None
        );
        assert_eq!(
            means(&chords, &["leftctrl", "rightctrl"]),
            Some(Meaning::Release)
        );
        assert_eq!(
            means(&chords, &["a", "leftshift", "rightctrl", "leftctrl"]),
            Some(Meaning::Release),
            "whatever else is down"
        );
        assert_eq!(chords.release().spoken(), "left Ctrl + right Ctrl");
    }

    #[test]
    fn a_target_may_have_its_own() {
        let target = TargetConfig {
            hotkey: Some(vec!["f13".into()]),
            ..Default::default()
        };
        let config = Config {
            hotkey: vec![],
            target: [("office".to_owned(), target)].into(),
            ..Config::default()
        };
        let chords = Chords::new(&config).expect("right");
        let office = Some(Meaning::Target("office".into()));
        assert_eq!(means(&chords, &["f13"]), office);
        assert_eq!(means(&chords, &["leftctrl", "leftalt", "1"]), None);
    }

    #[test]
    fn nonsense_is_named() {
        let wrong = |config: Config| Chords::new(&config).expect_err("it is wrong");
        let unknown = wrong(Config {
            release: vec!["hyper".into()],
            ..Config::default()
        });
        assert!(unknown.reason.contains("hyper"), "{}", unknown.reason);
        let none = wrong(Config {
            release: vec![],
            ..Config::default()
        });
        assert_eq!(none.key, "release");
        let twice = wrong(Config {
            release: ["1", "leftalt", "leftctrl"].map(str::to_owned).to_vec(),
            ..Config::default()
        });
        assert!(twice.reason.contains("two things"), "{}", twice.reason);
    }
}
