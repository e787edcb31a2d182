//! Which device is asked for its pictures or its sound, and when.

use super::{targets::Part, Demand, Hub, Key, Place};
use std::sync::{Arc, Mutex};

/// A device as pages know it: by what it tells, here and at other nodes, and by its usual name.
#[derive(Debug, Clone)]
pub struct Giver {
    /// What it tells here.
    pub key: Key,
    /// What it tells at another node.
    pub part: Part,
    /// Its name unless the configuration says otherwise.
    pub usual: &'static str,
}

/// A topic of one device alone: over the routes to other nodes all of theirs would come too.
pub struct Want {
    hub: Arc<Hub>,
    topic: &'static str,
    giver: Giver,
    place: Place,
    /// Who is asked now.
    of: Mutex<Option<String>>,
}

impl Want {
    /// Nobody is asked yet.
    pub fn new(hub: Arc<Hub>, topic: &'static str, giver: Giver, place: Place) -> Self {
        let of = Mutex::default();
        Self {
            hub,
            topic,
            giver,
            place,
            of,
        }
    }

    fn name(&self) -> String {
        let Giver { key, part, usual } = &self.giver;
        match &self.place {
            Place::Here => self.hub.device_of(key, usual),
            Place::At(node) => self.hub.far_device(node, *part, usual),
        }
    }

    /// Who is asked now, while somebody wants it.
    pub fn asked(&self) -> Option<String> {
        crate::lock(&self.of).clone()
    }

    /// It is wanted anew, which begins with a key frame wherever it comes from.
    pub fn anew(&self) {
        if let Some(name) = crate::lock(&self.of).as_ref() {
            self.say(name, Wanted::No);
            self.say(name, Wanted::Yes);
        }
    }

    fn say(&self, name: &str, wanted: Wanted) {
        let sender = self.hub.sender();
        // Without a kernel there is nothing to want.
        let _ = match wanted {
            Wanted::Yes => sender.want_from(self.topic, name),
            Wanted::No => sender.unwant_from(self.topic, name),
        };
    }
}

/// A topic of all that give it, here and at other nodes.
pub struct WantAll(pub Arc<Hub>, pub &'static str);

impl Demand for WantAll {
    fn start(&self) {
        // Without a kernel there is nothing to want.
        let _ = self.0.sender().want(self.1);
    }

    fn stop(&self) {
        let _ = self.0.sender().unwant(self.1);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Yes,
    No,
}

impl Demand for Arc<Want> {
    fn start(&self) {
        let mut of = crate::lock(&self.of);
        let name = self.name();
        self.say(&name, Wanted::Yes);
        *of = Some(name);
    }

    fn stop(&self) {
        if let Some(name) = crate::lock(&self.of).take() {
            self.say(&name, Wanted::No);
        }
    }

    fn follow(&self) {
        let mut of = crate::lock(&self.of);
        let Some(old) = of.as_mut() else { return };
        let name = self.name();
        if *old != name {
            self.say(old, Wanted::No);
            self.say(&name, Wanted::Yes);
            *old = name;
        }
    }
}
