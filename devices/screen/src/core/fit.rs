//! How a picture lies in a window.

/// Pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// To the right.
    pub width: u16,
    /// Down.
    pub height: u16,
}

impl Size {
    /// Of a picture; one that is larger than X can name is cut to that.
    pub fn of(width: usize, height: usize) -> Self {
        let short = |edge: usize| u16::try_from(edge).unwrap_or(u16::MAX);
        Self {
            width: short(width),
            height: short(height),
        }
    }
}

/// A place in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    /// From the left.
    pub x: i16,
    /// From the top.
    pub y: i16,
    /// How large.
    pub size: Size,
}

impl Rect {
    /// The same place, counted from the corner of another.
    pub const fn within(self, outer: Self) -> Self {
        Self {
            x: self.x.saturating_add(outer.x),
            y: self.y.saturating_add(outer.y),
            size: self.size,
        }
    }
}

/// The largest place with the picture's own proportions, in the middle.
pub fn fit(picture: Size, window: Size) -> Rect {
    let [pw, ph, ww, wh] =
        [picture.width, picture.height, window.width, window.height].map(|n| u32::from(n.max(1)));
    let (width, height) = if pw * wh > ph * ww {
        (ww, (ph * ww + pw / 2) / pw)
    } else {
        ((pw * wh + ph / 2) / ph, wh)
    };
    let size = Size::of(width.max(1) as usize, height.max(1) as usize);
    let half = |outer: u16, inner: u16| i16::try_from(outer.saturating_sub(inner) / 2);
    Rect {
        x: half(window.width, size.width).unwrap_or(0),
        y: half(window.height, size.height).unwrap_or(0),
        size,
    }
}

/// How large a window begins: as its picture, at most four fifths of the screen.
pub fn first_size(picture: Size, screen: Size) -> Size {
    let part = |edge: u16| u16::try_from(u32::from(edge) * 4 / 5).unwrap_or(edge);
    let room = Size {
        width: part(screen.width),
        height: part(screen.height),
    };
    if picture.width <= room.width && picture.height <= room.height {
        picture
    } else {
        fit(picture, room).size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size(width: u16, height: u16) -> Size {
        Size { width, height }
    }

    #[test]
    fn bars_are_where_the_window_has_too_much() {
        let rect = fit(size(320, 240), size(800, 240));
        assert_eq!((rect.x, rect.y, rect.size), (240, 0, size(320, 240)));
        let rect = fit(size(320, 240), size(640, 1000));
        assert_eq!((rect.x, rect.y, rect.size), (0, 260, size(640, 480)));
    }

    #[test]
    fn a_window_begins_as_its_picture_where_there_is_room() {
        assert_eq!(first_size(size(640, 480), size(1920, 1080)), size(640, 480));
        assert_eq!(
            first_size(size(1920, 1080), size(1920, 1080)),
            size(1536, 864)
        );
    }

    proptest! {
        #[test]
        fn it_never_leaves_the_window(pw in 0_u16..=u16::MAX, ph in 0_u16..=u16::MAX, ww in 1_u16..=u16::MAX, wh in 1_u16..=u16::MAX) {
            let rect = fit(size(pw, ph), size(ww, wh));
            prop_assert!(rect.size.width <= ww && rect.size.height <= wh);
            prop_assert!(rect.size.width > 0 && rect.size.height > 0);
        }
    }
}
