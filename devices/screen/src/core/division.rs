//! How the screens of one PC lie beside each other in a window.

use super::fit::{Rect, Size};

/// A place on a PC's desktop, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Of its upper left corner.
    pub at: (i32, i32),
    /// To the right, and down.
    pub size: Size,
}

/// Who shares the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Division {
    /// One picture has all of it.
    Whole,
    /// Each has its place, all by one scale.
    Spots(Vec<Spot>),
}

/// The least that holds all of them: from, to.
#[derive(Clone, Copy)]
struct Union {
    from: (i64, i64),
    to: (i64, i64),
}

impl Union {
    fn of(spots: &[Spot]) -> Option<Self> {
        spots.iter().map(Self::one).reduce(|a, b| Self {
            from: (a.from.0.min(b.from.0), a.from.1.min(b.from.1)),
            to: (a.to.0.max(b.to.0), a.to.1.max(b.to.1)),
        })
    }

    fn one(spot: &Spot) -> Self {
        let from = (i64::from(spot.at.0), i64::from(spot.at.1));
        let edge = |edge: u16| i64::from(edge.max(1));
        Self {
            from,
            to: (
                from.0 + edge(spot.size.width),
                from.1 + edge(spot.size.height),
            ),
        }
    }

    const fn size(&self) -> (i64, i64) {
        (self.to.0 - self.from.0, self.to.1 - self.from.1)
    }
}

impl Division {
    /// How many places there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Whole => 1,
            Self::Spots(spots) => spots.len(),
        }
    }

    /// How large all of them together are; nothing is known of one that has all of the window.
    pub fn size(&self) -> Option<Size> {
        let Self::Spots(spots) = self else {
            return None;
        };
        let (width, height) = Union::of(spots)?.size();
        let edge = |edge: i64| usize::try_from(edge).unwrap_or(usize::MAX);
        Some(Size::of(edge(width), edge(height)))
    }

    /// Where each is in a window of this size. What meets on the desktop meets there.
    pub fn places(&self, window: Size) -> Vec<Rect> {
        match self {
            Self::Whole => vec![Rect {
                size: window,
                ..Rect::default()
            }],
            Self::Spots(spots) => Union::of(spots).map_or_else(Vec::new, |union| {
                let place = |spot| scaled(&Union::one(spot), &union, window);
                spots.iter().map(place).collect()
            }),
        }
    }
}

fn scaled(spot: &Union, union: &Union, window: Size) -> Rect {
    let (width, height) = union.size();
    let (ww, wh) = (i64::from(window.width), i64::from(window.height));
    let (part, of) = if width * wh > height * ww {
        (ww, width)
    } else {
        (wh, height)
    };
    let scale = |pixels: i64| pixels * part / of;
    let bar = ((ww - scale(width)) / 2, (wh - scale(height)) / 2);
    let x = (
        scale(spot.from.0 - union.from.0),
        scale(spot.to.0 - union.from.0),
    );
    let y = (
        scale(spot.from.1 - union.from.1),
        scale(spot.to.1 - union.from.1),
    );
    let at = |place: i64| i16::try_from(place).unwrap_or(i16::MAX);
    let edge = |edge: i64| usize::try_from(edge.max(1)).unwrap_or(1);
    Rect {
        x: at(bar.0 + x.0),
        y: at(bar.1 + y.0),
        size: Size::of(edge(x.1 - x.0), edge(y.1 - y.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spot(x: i32, y: i32, width: u16, height: u16) -> Spot {
        Spot {
            at: (x, y),
            size: Size { width, height },
        }
    }

    fn window(width: u16, height: u16) -> Size {
        Size { width, height }
    }

    fn told(rect: Rect) -> (i16, i16, u16, u16) {
        (rect.x, rect.y, rect.size.width, rect.size.height)
    }

    #[test]
    fn two_beside_each_other_have_one_scale_and_bars_above_and_below() {
        let both = Division::Spots(vec![spot(0, 0, 1920, 1080), spot(1920, 0, 960, 540)]);
        assert_eq!(both.size(), Some(window(2880, 1080)));
        let places: Vec<_> = both
            .places(window(960, 540))
            .into_iter()
            .map(told)
            .collect();
        assert_eq!(places, [(0, 90, 640, 360), (640, 90, 320, 180)]);
    }

    #[test]
    fn a_screen_may_stand_above_and_to_the_left_of_the_first() {
        let both = Division::Spots(vec![spot(0, 0, 100, 100), spot(-100, -100, 100, 100)]);
        let places: Vec<_> = both
            .places(window(400, 200))
            .into_iter()
            .map(told)
            .collect();
        assert_eq!(places, [(200, 100, 100, 100), (100, 0, 100, 100)]);
    }

    #[test]
    fn one_alone_has_all_of_it_and_none_has_nothing() {
        let size = window(300, 200);
        assert_eq!(Division::Whole.places(size).len(), 1);
        assert_eq!(Division::Whole.places(size)[0].size, size);
        assert!(Division::Spots(Vec::new()).places(size).is_empty());
        assert_eq!(Division::Spots(Vec::new()).size(), None);
    }

    fn any_spot() -> impl Strategy<Value = Spot> {
        let edge = || 0_u16..9000;
        (any::<i32>(), any::<i32>(), edge(), edge()).prop_map(|(x, y, w, h)| spot(x, y, w, h))
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_window(
            spots in prop::collection::vec(any_spot(), 0..9),
            (width, height) in (1_u16..4000, 1_u16..4000),
        ) {
            let division = Division::Spots(spots);
            let places = division.places(window(width, height));
            prop_assert_eq!(places.len(), division.count());
            for Rect { x, y, size } in places {
                prop_assert!(x >= 0 && y >= 0);
                // One that is less than a pixel is a pixel, also at the very edge.
                prop_assert!(i32::from(x) + i32::from(size.width) <= i32::from(width) + 1);
                prop_assert!(i32::from(y) + i32::from(size.height) <= i32::from(height) + 1);
            }
        }

        #[test]
        fn what_meets_meets(at in 1_u16..4000, rest in 1_u16..4000, width in 50_u16..3000) {
            let both = Division::Spots(vec![spot(0, 0, at, 600), spot(i32::from(at), 0, rest, 600)]);
            let places = both.places(window(width, 600));
            let end = i32::from(places[0].x) + i32::from(places[0].size.width);
            prop_assert!((0..=1).contains(&(end - i32::from(places[1].x))));
        }
    }
}
