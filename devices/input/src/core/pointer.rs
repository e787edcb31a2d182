//! Where a pointer is that nobody tells: counted in a box as large as the screen, whose walls stop it as they stop the real one.

use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{Position, ABSOLUTE_MAX};
use serde::Deserialize;
use std::time::Duration;

/// A push at a wall that pauses for so long has ended: who works at the border does not drift over it.
const PUSH: Duration = Duration::from_millis(500);
/// A screen whose size nobody says.
pub const USUAL: (u32, u32) = (1920, 1080);
/// Larger screens are taken for an error.
pub const LARGEST: u32 = 32_767;

/// A side of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Where x is 0.
    Left,
    /// Where x is largest.
    Right,
    /// Where y is 0.
    Top,
    /// Where y is largest.
    Bottom,
}

impl Side {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Left, Self::Right, Self::Top, Self::Bottom];

    /// The one across.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
            Self::Top => Self::Bottom,
            Self::Bottom => Self::Top,
        }
    }
}

/// A pointer.
#[derive(Debug, Clone, PartialEq)]
pub struct Pointer {
    size: (f64, f64),
    at: (f64, f64),
    push: Option<Push>,
}

/// A push against a wall.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Push {
    side: Side,
    far: f64,
    last: Time,
}

impl Pointer {
    /// In the middle of a screen.
    pub fn new(size: (u32, u32)) -> Self {
        let size = sane(size);
        Self {
            size,
            at: (size.0 / 2.0, size.1 / 2.0),
            push: None,
        }
    }

    /// The screen has another size: the pointer stays where it is in it.
    pub fn resize(&mut self, size: (u32, u32)) {
        let new = sane(size);
        self.at = (
            self.at.0 / self.size.0 * new.0,
            self.at.1 / self.size.1 * new.1,
        );
        self.size = new;
    }

    /// Moves. Says at which wall it was pushed on by more than `resistance`.
    pub fn shift(&mut self, by: (f64, f64), resistance: f64, now: Time) -> Option<Side> {
        let wanted = (self.at.0 + by.0, self.at.1 + by.1);
        let last = (self.size.0 - 1.0, self.size.1 - 1.0);
        self.at = (wanted.0.clamp(0.0, last.0), wanted.1.clamp(0.0, last.1));
        let beyond = (wanted.0 - self.at.0, wanted.1 - self.at.1);
        let Some((side, far)) = side(beyond) else {
            // Along the wall the push goes on; away from it, it is over.
            self.push = self.push.filter(|push| self.touches(push.side));
            return None;
        };
        let before = self
            .push
            .filter(|push| push.side == side && now.since(push.last) < PUSH);
        let far = before.map_or(0.0, |push| push.far) + far;
        self.push = Some(Push {
            side,
            far,
            last: now,
        });
        (far > resistance).then_some(side)
    }

    fn touches(&self, side: Side) -> bool {
        match side {
            Side::Left => self.at.0 <= 0.0,
            Side::Right => self.at.0 >= self.size.0 - 1.0,
            Side::Top => self.at.1 <= 0.0,
            Side::Bottom => self.at.1 >= self.size.1 - 1.0,
        }
    }

    /// The push is over.
    pub fn rest(&mut self) {
        self.push = None;
    }

    /// How far along a side it is, 0 to 1 from the left or the top.
    pub fn along(&self, of: Side) -> f64 {
        match of {
            Side::Left | Side::Right => self.at.1 / (self.size.1 - 1.0),
            Side::Top | Side::Bottom => self.at.0 / (self.size.0 - 1.0),
        }
    }

    /// Comes in at a side, so far along it.
    pub fn enter(&mut self, by: Side, along: f64) {
        let last = (self.size.0 - 1.0, self.size.1 - 1.0);
        let (x, y) = (along * last.0, along * last.1);
        self.at = match by {
            Side::Left => (0.0, y),
            Side::Right => (last.0, y),
            Side::Top => (x, 0.0),
            Side::Bottom => (x, last.1),
        };
        self.rest();
    }

    /// For an absolute mouse.
    pub fn position(&self) -> Position {
        let scale = |at: f64, size: f64| {
            let full = f64::from(ABSOLUTE_MAX);
            // In range by the box; the cast of a float saturates.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let place = (at / (size - 1.0) * full).round().clamp(0.0, full) as u16;
            place
        };
        Position {
            x: scale(self.at.0, self.size.0),
            y: scale(self.at.1, self.size.1),
        }
    }
}

/// Which wall a motion goes beyond, and how far; the further of two.
fn side((x, y): (f64, f64)) -> Option<(Side, f64)> {
    let (side, far) = if x.abs() >= y.abs() {
        (if x < 0.0 { Side::Left } else { Side::Right }, x.abs())
    } else {
        (if y < 0.0 { Side::Top } else { Side::Bottom }, y.abs())
    };
    (far > 0.0).then_some((side, far))
}

fn sane((width, height): (u32, u32)) -> (f64, f64) {
    let sane = |size: u32, usual: u32| match size {
        2..=LARGEST => f64::from(size),
        _ => f64::from(usual),
    };
    (sane(width, USUAL.0), sane(height, USUAL.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::at(Duration::from_millis(millis))
    }

    #[test]
    fn a_wall_stops_the_pointer_and_gives_way_to_a_push() {
        let mut pointer = Pointer::new((1000, 500));
        assert_eq!(pointer.shift((499.0, 0.0), 50.0, at(0)), None);
        assert_eq!(pointer.shift((40.0, 0.0), 50.0, at(10)), None);
        assert_eq!(pointer.shift((9.0, 0.0), 50.0, at(20)), None);
        assert_eq!(pointer.shift((5.0, 0.0), 50.0, at(30)), Some(Side::Right));
        assert_eq!(pointer.position().x, ABSOLUTE_MAX);
    }

    #[test]
    fn who_works_at_the_border_does_not_drift_over_it() {
        let mut pointer = Pointer::new((1000, 500));
        pointer.shift((2000.0, 0.0), 5000.0, at(0));
        for round in 1..50_u64 {
            assert_eq!(pointer.shift((40.0, 0.0), 50.0, at(round * 600)), None);
        }
        for round in 0..50_u64 {
            let now = at(40_000 + round * 10);
            assert_eq!(pointer.shift((40.0, 0.0), 50.0, now), None);
            assert_eq!(pointer.shift((-1.0, 0.0), 50.0, now), None);
        }
    }

    #[test]
    fn it_enters_at_the_same_height() {
        let mut here = Pointer::new((1920, 1080));
        here.shift((0.0, -400.0), 1.0, at(0));
        let mut there = Pointer::new((1280, 720));
        there.enter(Side::Left, here.along(Side::Right));
        assert!((there.along(Side::Left) - here.along(Side::Right)).abs() < 1e-9);
        assert_eq!(there.position().x, 0);
    }

    #[test]
    fn a_size_of_nothing_is_the_usual_one() {
        let pointer = Pointer::new((0, 0));
        assert_eq!(pointer.size, (1920.0, 1080.0));
    }
}
