//! What the microphone hears, on its way to one node.

use dkvm_audio::{
    core::{from_bytes, to_bytes},
    ear::Out,
};
use dkvm_sdk::{SendError, Sender};
use dkvm_wire::{
    topics,
    vocab::audio::{Microphone, MicrophoneRef, Speaker},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What was said before is not for who hears it from now on: a piece takes 20 ms until it is whole, and as much may wait in the card.
const OF_BEFORE: Duration = Duration::from_millis(40);

/// Who hears it now.
#[derive(Debug, Clone, Default)]
pub struct Hearer(Arc<Mutex<Option<(String, Instant)>>>);

impl Hearer {
    /// From now on this one.
    pub fn set(&self, who: Option<String>, now: Instant) {
        let mut before = self.lock();
        if before.as_ref().map(|(who, _)| who) != who.as_ref() {
            *before = who.map(|who| (who, now));
        }
    }

    /// Who is given a piece that is whole now.
    fn of(&self, now: Instant) -> Option<String> {
        let hears = self.lock();
        let (who, since) = hears.as_ref()?;
        (now.duration_since(*since) >= OF_BEFORE).then(|| who.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Option<(String, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends it.
pub struct ToHearer {
    /// To the kernel.
    pub sender: Sender,
    /// To whom.
    pub hearer: Hearer,
    /// Whose it is.
    pub who: MicrophoneRef,
}

impl Out for ToHearer {
    fn piece(&mut self, piece: &Speaker) -> Result<(), SendError> {
        let Some(to) = self.hearer.of(Instant::now()) else {
            return Ok(());
        };
        let sound = Microphone {
            who: self.who.clone(),
            position: Some(piece.position),
            data: to_bytes(&mono(&piece.data)),
        };
        self.sender
            .emit_to(topics::AUDIO_MICROPHONE, &sound, &[&to])
    }
}

/// A target has one channel of it.
fn mono(stereo: &[u8]) -> Vec<i16> {
    let samples: Vec<i16> = from_bytes(stereo).collect();
    let (pairs, _) = samples.as_chunks::<2>();
    pairs
        .iter()
        .map(|[left, right]| left.midpoint(*right))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_to_one_is_not_heard_by_the_next() {
        let hearer = Hearer::default();
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        hearer.set(Some("office/audio".to_owned()), at(0));
        // Said again it is no beginning.
        hearer.set(Some("office/audio".to_owned()), at(90));
        assert_eq!(hearer.of(at(100)).as_deref(), Some("office/audio"));
        hearer.set(Some("lab/audio".to_owned()), at(100));
        assert_eq!(hearer.of(at(110)), None);
        assert_eq!(hearer.of(at(140)).as_deref(), Some("lab/audio"));
        hearer.set(None, at(150));
        assert_eq!(hearer.of(at(300)), None);
    }

    #[test]
    fn both_sides_are_one() {
        let stereo = to_bytes(&[100, 200, i16::MAX, i16::MAX, i16::MIN, i16::MAX, 5]);
        assert_eq!(mono(&stereo), [150, i16::MAX, 0]);
    }
}
