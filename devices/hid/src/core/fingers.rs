//! Fingers on the digitizer.

use super::held::{within, Edge};
use crate::reports::{Finger, Report, Tip, CONTACTS};
use dkvm_wire::vocab::input::{Contact, Position};

/// Where each finger is that touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingers(pub [Option<Position>; CONTACTS]);

impl Fingers {
    /// Puts a finger down, or lifts it. One that does not exist changes nothing.
    pub fn set(&mut self, contact: u8, edge: Edge, at: Position) {
        if let Some(place) = self.0.get_mut(usize::from(contact)) {
            *place = (edge == Edge::Down).then(|| within(at));
        }
    }

    /// Lifts what is not named and moves what is. A finger that nobody put down is a step that has not come yet.
    pub fn follow(&mut self, contacts: &[Contact]) {
        for (number, place) in self.0.iter_mut().enumerate() {
            let named = contacts
                .iter()
                .find(|one| usize::from(one.contact) == number);
            *place = place.and_then(|_| named.map(|one| within(one.at)));
        }
    }

    /// Whether one touches.
    pub fn any(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    fn down(&self) -> Vec<Finger> {
        let finger = |(number, at): (usize, &Option<Position>)| {
            Some(Finger {
                contact: u8::try_from(number).ok()?,
                tip: Tip::Down,
                at: (*at)?,
            })
        };
        self.0.iter().enumerate().filter_map(finger).collect()
    }

    /// The report without those that were just lifted, and without a time.
    pub fn face(&self) -> Report {
        Report::touch(&self.down(), 0)
    }
}

/// The whole report for a face: `before` is what the target was shown; what is unknown of it is told as lifted.
pub fn told(face: &Report, before: Option<&Report>, scan: u16) -> Report {
    let unknown = || {
        (0..CONTACTS).map(|number| Finger {
            contact: number as u8,
            tip: Tip::Up,
            at: Position::default(),
        })
    };
    let before = before.map_or_else(|| unknown().collect(), Report::fingers);
    let mut fingers = face.fingers();
    for finger in before {
        if fingers.iter().all(|one| one.contact != finger.contact) {
            fingers.push(Finger {
                tip: Tip::Up,
                ..finger
            });
        }
    }
    Report::touch(&fingers, scan)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: u16) -> Position {
        Position { x, y: 1 }
    }

    #[test]
    fn a_lifted_finger_is_told_once() {
        let mut fingers = Fingers::default();
        fingers.set(0, Edge::Down, at(1));
        fingers.set(3, Edge::Down, at(2));
        let before = fingers.face();
        fingers.set(0, Edge::Up, at(1));
        let both: Vec<_> = super::told(&fingers.face(), Some(&before), 0).fingers();
        let tips: Vec<_> = both.iter().map(|one| (one.contact, one.tip)).collect();
        assert_eq!(tips, [(3, Tip::Down), (0, Tip::Up)]);
        assert_eq!(
            told(&fingers.face(), Some(&fingers.face()), 0).fingers(),
            fingers.face().fingers()
        );
    }

    #[test]
    fn what_the_target_may_hold_is_lifted() {
        let none = Fingers::default().face();
        assert_eq!(told(&none, None, 0).fingers().len(), CONTACTS);
    }

    #[test]
    fn a_finger_that_nobody_put_down_stays_up() {
        let mut fingers = Fingers::default();
        fingers.set(1, Edge::Down, at(1));
        fingers.set(200, Edge::Down, at(1));
        let named = [1, 2].map(|contact| Contact { contact, at: at(9) });
        fingers.follow(&named);
        assert_eq!(fingers.0, [None, Some(at(9)), None, None, None]);
        fingers.follow(&[]);
        assert!(!fingers.any());
    }
}
