//! How tiles lie in a window.

use super::fit::{Rect, Size};

/// Between tiles, and around them.
const GAP: u32 = 12;
/// Beside a picture in its tile, and above it.
const FRAME: u32 = 4;
/// A picture of the overview has about these proportions.
const WIDE: u32 = 16;
const HIGH: u32 = 10;

/// Tiles in rows, all of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    count: usize,
    columns: usize,
    /// With the gap beside it.
    cell: (u32, u32),
    from: (u32, u32),
    /// Lines of pixels below each picture, for words.
    words: u32,
}

/// Where to go from a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the one before.
    Left,
    /// To the one after.
    Right,
    /// A row up.
    Up,
    /// A row down.
    Down,
}

/// One tile, and its picture within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePlace {
    /// All of it.
    pub tile: Rect,
    /// Where the picture is.
    pub picture: Rect,
    /// Where the words begin: below it.
    pub words: (i16, i16),
}

impl Grid {
    /// So many tiles in a window of this size, as large as they can be. Of each, so many lines of pixels are words.
    pub fn new(count: usize, window: Size, words: u16) -> Self {
        let words = u32::from(words);
        let best = (1..=count.max(1))
            .map(|columns| (columns, cell(columns, count, window, words)))
            .max_by_key(|(columns, (width, _))| (*width, usize::MAX - columns));
        let (columns, cell) = best.unwrap_or((1, (1, 1)));
        let rows = count.div_ceil(columns);
        let all = |cells: usize, edge: u32| {
            u32::try_from(cells)
                .unwrap_or(u32::MAX)
                .saturating_mul(edge)
        };
        let (wide, high) = (all(columns, cell.0), all(rows, cell.1));
        let half = |outer: u16, inner: u32| u32::from(outer).saturating_sub(inner) / 2;
        Self {
            count,
            columns,
            cell,
            from: (half(window.width, wide), half(window.height, high)),
            words,
        }
    }

    /// Of the tile with this number.
    pub fn place(&self, number: usize) -> TilePlace {
        let at = |cells: usize, edge: u32, from: u32| {
            from + u32::try_from(cells).unwrap_or(0).saturating_mul(edge) + GAP / 2
        };
        let x = at(number % self.columns, self.cell.0, self.from.0);
        let y = at(number / self.columns, self.cell.1, self.from.1);
        let inner = |edge: u32, less: u32| edge.saturating_sub(less).max(1);
        let (width, height) = (inner(self.cell.0, GAP), inner(self.cell.1, GAP));
        let tile = rect((x, y), (width, height));
        let of_picture = (
            inner(width, FRAME * 2),
            inner(height, FRAME * 2 + self.words),
        );
        TilePlace {
            tile,
            picture: rect((x + FRAME, y + FRAME), of_picture),
            words: (
                short(x + FRAME * 2),
                short(y + FRAME + of_picture.1 + FRAME),
            ),
        }
    }

    /// Which tile is there.
    pub fn at(&self, (x, y): (i16, i16)) -> Option<usize> {
        (0..self.count).find(|number| {
            let Rect {
                x: left,
                y: top,
                size,
            } = self.place(*number).tile;
            let within = |at: i16, from: i16, edge: u16| {
                (0..i32::from(edge)).contains(&(i32::from(at) - i32::from(from)))
            };
            within(x, left, size.width) && within(y, top, size.height)
        })
    }

    /// The tile beside another; where there is none, that one.
    pub fn beside(&self, from: usize, direction: Direction) -> usize {
        let to = match direction {
            Direction::Left => from.checked_sub(1),
            Direction::Right => from.checked_add(1),
            Direction::Up => from.checked_sub(self.columns),
            Direction::Down => from.checked_add(self.columns),
        };
        to.filter(|to| *to < self.count).unwrap_or(from)
    }
}

/// How large a tile with its gap can be in so many columns.
fn cell(columns: usize, count: usize, window: Size, words: u32) -> (u32, u32) {
    let share = |edge: u16, of: usize| u32::from(edge) / u32::try_from(of.max(1)).unwrap_or(1);
    let rows = count.div_ceil(columns);
    let (wide, high) = (share(window.width, columns), share(window.height, rows));
    let beside = GAP + FRAME * 2;
    let below = beside + words;
    let by_height = high.saturating_sub(below) * WIDE / HIGH + beside;
    let width = wide.min(by_height);
    let height = (width.saturating_sub(beside) * HIGH / WIDE + below).min(high);
    (width, height)
}

fn short(pixels: u32) -> i16 {
    i16::try_from(pixels).unwrap_or(i16::MAX)
}

fn rect(at: (u32, u32), size: (u32, u32)) -> Rect {
    Rect {
        x: short(at.0),
        y: short(at.1),
        size: Size::of(size.0 as usize, size.1 as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WORDS: u16 = 50;

    fn window(width: u16, height: u16) -> Size {
        Size { width, height }
    }

    #[test]
    fn a_wide_window_has_them_beside_each_other_and_a_high_one_below() {
        let wide = Grid::new(2, window(1200, 500), WORDS);
        assert_eq!(wide.place(0).tile.y, wide.place(1).tile.y);
        let high = Grid::new(2, window(500, 1000), WORDS);
        assert_eq!(high.place(0).tile.x, high.place(1).tile.x);
        assert_eq!(Grid::new(4, window(1000, 700), WORDS).columns, 2);
    }

    #[test]
    fn keys_go_from_tile_to_tile_and_not_beyond() {
        let grid = Grid::new(5, window(1000, 700), WORDS);
        assert_eq!(grid.columns, 3);
        assert_eq!(grid.beside(0, Direction::Right), 1);
        assert_eq!(grid.beside(1, Direction::Down), 4);
        assert_eq!(grid.beside(2, Direction::Down), 2);
        assert_eq!(grid.beside(4, Direction::Right), 4);
        assert_eq!(grid.beside(4, Direction::Up), 1);
        assert_eq!(grid.beside(0, Direction::Left), 0);
        assert_eq!(grid.beside(3, Direction::Left), 2);
    }

    proptest! {
        #[test]
        fn each_is_where_it_is_found_and_within_the_window(
            count in 1_usize..70,
            (width, height) in (300_u16..4000, 300_u16..4000),
        ) {
            let grid = Grid::new(count, window(width, height), WORDS);
            for number in 0..count {
                let TilePlace { tile, picture, .. } = grid.place(number);
                prop_assert_eq!(grid.at((tile.x, tile.y)), Some(number));
                prop_assert!(i32::from(tile.x) + i32::from(tile.size.width) <= i32::from(width));
                prop_assert!(i32::from(tile.y) + i32::from(tile.size.height) <= i32::from(height));
                prop_assert!(picture.size.width <= tile.size.width);
            }
            prop_assert_eq!(grid.at((-1, 0)), None);
        }

        #[test]
        fn no_window_is_too_small(count in 0_usize..70, width in 0_u16..60, height in 0_u16..60) {
            let grid = Grid::new(count, window(width, height), WORDS);
            for number in 0..count {
                let _ = grid.place(number);
            }
            let _ = grid.at((3, 3));
        }
    }
}
