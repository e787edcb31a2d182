//! Whose microphone is open: one at a time, and never that of somebody who is gone.

use dkvm_wire::vocab::audio::{MicrophoneRef, MICROPHONE_LEASE_MS};
use dkvm_wire::Generation;
use std::time::Duration;

/// Longest name that is shown of a microphone, bytes.
const MAX_NAME: usize = 64;

/// Who speaks for a microphone: a device and its life.
pub type From = (String, Generation);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Open {
    who: MicrophoneRef,
    from: From,
    last: Duration,
}

/// The one microphone.
#[derive(Debug, Default)]
pub struct Holder(Option<Open>);

impl Holder {
    /// Whose it is.
    pub fn who(&self) -> Option<&MicrophoneRef> {
        self.0.as_ref().map(|open| &open.who)
    }

    /// Opens it; the error is who has it.
    pub fn open(&mut self, who: MicrophoneRef, from: From, now: Duration) -> Result<(), String> {
        if let Some(open) = self.0.as_ref().filter(|open| open.who.holder != who.holder) {
            return Err(open.who.name.clone());
        }
        let name = who
            .name
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_NAME)
            .collect();
        let who = MicrophoneRef { name, ..who };
        self.0 = Some(Open {
            who,
            from,
            last: now,
        });
        Ok(())
    }

    /// Closes it, if it is that one's.
    pub fn close(&mut self, holder: u64) {
        self.0.take_if(|open| open.who.holder == holder);
    }

    /// Sound came. One that was open when this device died is open again; `false`: another one has it.
    pub fn hears(&mut self, who: &MicrophoneRef, from: From, now: Duration) -> bool {
        self.open(who.clone(), from, now).is_ok()
    }

    /// A device is gone, up to this life of it.
    pub fn gone(&mut self, name: &str, life: Generation) {
        self.0
            .take_if(|open| open.from.0 == name && open.from.1 <= life);
    }

    /// Closes one from which nothing comes.
    pub fn expire(&mut self, now: Duration) {
        let lease = Duration::from_millis(MICROPHONE_LEASE_MS);
        self.0.take_if(|open| now.saturating_sub(open.last) > lease);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(holder: u64) -> MicrophoneRef {
        MicrophoneRef {
            holder,
            name: format!("page {holder}"),
        }
    }

    fn web(life: u32) -> From {
        ("web".to_owned(), Generation(life))
    }

    const NOW: Duration = Duration::from_secs(10);

    #[test]
    fn the_second_is_told_who_has_it() {
        let mut holder = Holder::default();
        assert_eq!(holder.open(who(1), web(1), NOW), Ok(()));
        assert_eq!(holder.open(who(2), web(1), NOW), Err("page 1".to_owned()));
        assert!(!holder.hears(&who(2), web(1), NOW));
        holder.close(2);
        assert_eq!(holder.who(), Some(&who(1)));
        holder.close(1);
        assert!(holder.hears(&who(2), web(1), NOW));
    }

    #[test]
    fn who_is_gone_or_silent_has_none() {
        let mut holder = Holder::default();
        holder.hears(&who(1), web(3), NOW);
        holder.gone("web", Generation(2));
        holder.gone("typist", Generation(3));
        holder.expire(NOW + Duration::from_millis(MICROPHONE_LEASE_MS));
        assert!(holder.who().is_some());
        holder.gone("web", Generation(3));
        assert!(holder.who().is_none());
        holder.hears(&who(1), web(4), NOW);
        holder.expire(NOW + Duration::from_millis(MICROPHONE_LEASE_MS + 1));
        assert!(holder.who().is_none());
    }
}
