//! A frame has to fit its slot: one that does not is lost, and the chain with it.

use crate::backend::Quantiser;

/// After a frame that did not fit, or that the encoder failed at, the next is so much coarser: a quarter of the bytes.
const COARSER: u8 = 12;
/// Before that, while frames fill more than half of their slot, each is so much coarser.
const TIGHT: u8 = 3;

/// The finest that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room(Quantiser);

impl Default for Room {
    fn default() -> Self {
        Self(Quantiser(1))
    }
}

impl Room {
    /// What a frame is to be encoded with that was to be encoded like this.
    pub fn limit(self, wanted: Quantiser) -> Quantiser {
        wanted.max(self.0)
    }

    /// A frame took so many bytes of so many.
    pub fn took(&mut self, quantiser: Quantiser, bytes: usize, of: usize) {
        if bytes > of / 2 {
            self.0 = raised(quantiser, TIGHT);
        } else if bytes < of / 4 {
            self.0 = Quantiser(self.0 .0.saturating_sub(1).max(1));
        }
    }

    /// A frame is lost.
    pub fn lost(&mut self, quantiser: Quantiser) {
        self.0 = raised(quantiser, COARSER);
    }
}

fn raised(Quantiser(quantiser): Quantiser, by: u8) -> Quantiser {
    Quantiser(quantiser.saturating_add(by).min(51))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a frame that has so many at quantiser 24.
    fn bytes(fine: f64, Quantiser(quantiser): Quantiser) -> usize {
        (fine / ((f64::from(quantiser) - 24.0) / 6.0).exp2()) as usize
    }

    /// So many frames of a picture, wanted at 24, into slots of 1000: how many are lost, and the last quantiser.
    fn run(room: &mut Room, fine: f64, frames: usize) -> (usize, u8) {
        let (mut lost, mut last) = (0, 0);
        for _ in 0..frames {
            let quantiser = room.limit(Quantiser(24));
            let length = bytes(fine, quantiser);
            if length > 1000 {
                lost += 1;
                room.lost(quantiser);
            } else {
                room.took(quantiser, length, 1000);
            }
            last = quantiser.0;
        }
        (lost, last)
    }

    #[test]
    fn noise_costs_few_frames_and_stays() {
        let mut room = Room::default();
        let (lost, quantiser) = run(&mut room, 5000.0, 1000);
        assert!(lost <= 2, "{lost}");
        assert!((36..=48).contains(&quantiser), "{quantiser}");
    }

    #[test]
    fn after_it_the_picture_is_as_fine_as_wanted_again() {
        let mut room = Room::default();
        run(&mut room, 5000.0, 100);
        assert_eq!(run(&mut room, 100.0, 60), (0, 24));
    }

    #[test]
    fn what_has_room_is_left_as_it_is() {
        assert_eq!(run(&mut Room::default(), 400.0, 100), (0, 24));
    }
}
