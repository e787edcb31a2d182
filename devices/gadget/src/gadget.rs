//! The gadget: which profile it has, whether it is plugged, and what everybody is told of it.

use crate::{
    backend::{Backend, Found},
    choice::Choice,
    config::Config,
    error::GadgetError,
    journal::{Journal, Wish},
    profile::{Profile, Profiles, BIOS},
};
use dkvm_sdk::{Fault, Sender};
use dkvm_wire::{
    topics,
    vocab::gadget::{GadgetState, ProfileInfo, UsbState},
};
use std::time::Duration;

/// How long an unplugged cable stays so when it is replugged: a host debounces for 100 ms (USB 2.0, 7.1.7.3).
const UNPLUGGED_FOR: Duration = Duration::from_millis(300);
/// How long hid has to release what is held before its functions go; a keyboard is polled every 10 ms at most.
const RELEASE: Duration = Duration::from_millis(100);

/// The gadget.
pub struct Gadget {
    backend: Backend,
    profiles: Profiles,
    /// The profile that the backend has.
    profile: Profile,
    usual: String,
    choice: Choice,
    journal: Journal,
    sender: Sender,
    published: Option<GadgetState>,
}

impl Gadget {
    /// Finds the controller; touches nothing.
    pub fn new(config: &Config, sender: Sender) -> Result<Self, GadgetError> {
        let profiles = Profiles::new(config);
        let choice = Choice::open();
        let profile = named(&profiles, choice.name.as_ref().unwrap_or(&config.profile))
            .or_else(|_| named(&profiles, BIOS))?;
        Ok(Self {
            backend: Backend::new(config, &profile)?,
            profiles,
            profile,
            usual: config.profile.clone(),
            choice,
            journal: Journal::open(),
            sender,
            published: None,
        })
    }

    /// Waits until Linux says that something changed. Cancel-safe.
    pub async fn changed(&self) {
        self.backend.changed().await;
    }

    /// Brings up the chosen profile, or else the configuration's, or else [`BIOS`]: a KVM must not stay without a keyboard.
    /// Gives a sentence when it is not the first.
    pub async fn bring_up(&mut self) -> Result<Option<String>, GadgetError> {
        let mut names: Vec<_> = self.choice.name.iter().cloned().collect();
        names.extend([self.usual.clone(), BIOS.to_owned()]);
        names.dedup();
        let mut missed = None;
        loop {
            let name = names.remove(0);
            match self.bring_up_as(&name).await {
                Ok(()) => {
                    return Ok(missed.map(|error| format!("{error}; {name} is bound instead")))
                }
                Err(error) if error.is_hang() => return Err(error),
                Err(error) if names.is_empty() => return Err(missed.unwrap_or(error)),
                Err(error) => missed = missed.or(Some(error)),
            }
        }
    }

    async fn bring_up_as(&mut self, name: &str) -> Result<(), GadgetError> {
        self.take(&self.fitting(name)?);
        if self.backend.is_other() {
            // What is there is taken down, and Linux waits until nobody has its terminal open any more.
            self.tell_unplugged().await?;
        }
        let found = self.backend.prepare().await?;
        match (&found, self.journal.wish) {
            // Its last life ended between the wish and the deed.
            (Found::Adopted, Wish::Unplugged) => return self.unplug().await,
            (Found::Adopted, Wish::Plugged) => {
                dkvm_sdk::info!(
                    "adopted the gadget that is bound to {}: the target sees nothing",
                    self.backend.udc()
                );
                return self.backend.hand_out().await;
            }
            (Found::Built(Some(reason)), _) => dkvm_sdk::info!("built the gadget anew: {reason}"),
            (Found::Built(None), _) => dkvm_sdk::info!("built the gadget"),
            (Found::Unbound, _) => {}
        }
        match self.journal.wish {
            Wish::Plugged => self.plug().await,
            Wish::Unplugged => Ok(()),
        }
    }

    fn take(&mut self, profile: &Profile) {
        self.profile = profile.clone();
        self.backend.choose(profile);
    }

    /// The profile of a name, if the controller carries it.
    fn fitting(&self, name: &str) -> Result<Profile, GadgetError> {
        let profile = named(&self.profiles, name)?;
        match self.backend.unfit(&profile) {
            None => Ok(profile),
            Some(shortage) => Err(GadgetError::Unfit {
                name: name.to_owned(),
                shortage,
            }),
        }
    }

    async fn plug(&mut self) -> Result<(), GadgetError> {
        self.journal.bound();
        self.backend.bind().await?;
        self.backend.hand_out().await?;
        dkvm_sdk::info!(
            "bound to {}, profile {}",
            self.backend.udc(),
            self.profile.name
        );
        Ok(())
    }

    /// What everybody is told.
    pub fn state(&self) -> Result<GadgetState, GadgetError> {
        let status = self.backend.status()?;
        Ok(GadgetState {
            state: status.usb_state(),
            udc: self.backend.udc().to_owned(),
            speed: status.speed().to_owned(),
            binding: self.journal.binding,
            functions: self.backend.functions(),
            profile: self.profile.name.clone(),
            profiles: self
                .profiles
                .all()
                .iter()
                .map(|one| self.info(one))
                .collect(),
        })
    }

    fn info(&self, profile: &Profile) -> ProfileInfo {
        let names = profile.functions.iter().map(|one| one.name().to_owned());
        let unfit = self.backend.unfit(profile);
        ProfileInfo {
            name: profile.name.clone(),
            functions: names.collect(),
            unfit: unfit.map(|shortage| format!("it {shortage}")),
        }
    }

    /// Tells the state if it changed.
    pub fn publish(&mut self) -> Result<(), Fault> {
        let state = self.state()?;
        Ok(self.tell(state)?)
    }

    fn tell(&mut self, state: GadgetState) -> Result<(), dkvm_sdk::SendError> {
        if self.published.as_ref() != Some(&state) {
            self.sender.emit(topics::GADGET_STATE, &state)?;
            self.published = Some(state);
        }
        Ok(())
    }

    /// Plugs or unplugs.
    pub async fn wish(&mut self, wish: Wish) -> Result<(), GadgetError> {
        let changed = self.journal.wish != wish;
        self.journal.wish(wish);
        match wish {
            Wish::Plugged if changed || !self.is_bound()? => self.plug().await,
            Wish::Plugged => Ok(()),
            Wish::Unplugged => self.unplug().await,
        }
    }

    fn is_bound(&self) -> Result<bool, GadgetError> {
        let status = self.backend.status()?;
        Ok(!status.bound_to.trim().is_empty())
    }

    /// Whether nothing is bound though it should be: the next life brings up what it can get.
    pub fn is_lost(&self) -> bool {
        self.journal.wish == Wish::Plugged && !self.is_bound().unwrap_or(false)
    }

    /// Says that it will be unplugged, so that hid releases what is held, and unplugs. The target would release it itself
    /// when the keyboard goes, but not every one does.
    async fn unplug(&mut self) -> Result<(), GadgetError> {
        self.tell_unplugged().await?;
        self.backend.unbind().await
    }

    async fn tell_unplugged(&mut self) -> Result<(), GadgetError> {
        let mut state = self.state()?;
        if state.state != UsbState::Unplugged {
            state.state = UsbState::Unplugged;
            state.speed.clear();
            // An end of the link is met in the shell.
            let _ = self.tell(state);
            tokio::time::sleep(RELEASE).await;
        }
        Ok(())
    }

    /// Unplugs and plugs.
    pub async fn replug(&mut self) -> Result<(), GadgetError> {
        self.unplug().await?;
        // Whoever watches sees it, hid above all.
        let _ = self.publish();
        tokio::time::sleep(UNPLUGGED_FOR).await;
        self.journal.wish(Wish::Plugged);
        self.plug().await
    }

    /// Another profile. When it cannot be had the one before is bound again, unless Linux is at the first one still.
    pub async fn switch(&mut self, name: &str) -> Result<(), GadgetError> {
        let next = self.fitting(name)?;
        if next != self.profile {
            self.backend.addresses_are_free(&next)?;
            let before = self.profile.clone();
            self.unplug().await?;
            if let Err(source) = self.change(&next).await {
                if source.is_hang() {
                    return Err(source);
                }
                self.change(&before).await?;
                return Err(GadgetError::Kept {
                    name: name.to_owned(),
                    kept: before.name,
                    source: Box::new(source),
                });
            }
        }
        if let Err(error) = self.choice.keep(name) {
            dkvm_sdk::warn!("cannot keep the choice of the USB profile {name}: {error}; it lasts until the node starts again");
        }
        Ok(())
    }

    /// Builds a profile in place of the one that is there, and binds it unless a person unplugged it.
    async fn change(&mut self, next: &Profile) -> Result<(), GadgetError> {
        self.take(next);
        self.backend.prepare().await?;
        self.backend.hand_out_early().await?;
        // Who works the functions learns which are gone before others have their device files, and which are there before the
        // target sees them.
        let _ = self.publish();
        match self.journal.wish {
            Wish::Plugged => {
                tokio::time::sleep(UNPLUGGED_FOR).await;
                self.plug().await
            }
            Wish::Unplugged => Ok(()),
        }
    }
}

fn named(profiles: &Profiles, name: &str) -> Result<Profile, GadgetError> {
    let found = profiles.get(name).cloned();
    found.ok_or_else(|| GadgetError::NoSuchProfile {
        name: name.to_owned(),
        known: profiles.names(),
    })
}
