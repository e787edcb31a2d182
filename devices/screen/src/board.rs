//! The overview as one picture, of the window's size. Only what changed is drawn anew.

use crate::{
    core::{fit, Grid, Rect, Size, Tile, TilePlace, Why, Work},
    pixels::Pixels,
    text,
    thumbs::Thumbs,
};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor, WebColors};

/// Below each picture: the target's name, and how it is with it.
const WORDS: u16 = text::LINE * 2 + 8;
/// From the first line of these to the second.
const SECOND: i16 = 20;
/// At the lower edge of the window, for the line that says what can be done.
const FOOT: u16 = text::LINE + 8;
/// Beside that line.
const MARGIN: i16 = 8;
/// Of a frame.
const FRAME: u16 = 3;

const GROUND: [u8; 3] = [0, 0, 0];
const TILE: [u8; 3] = [32, 32, 32];
const MARKED: [u8; 3] = [220, 220, 220];
const WORKED: [u8; 3] = [0, 150, 60];

/// Whether keys go from a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Yes,
    No,
}

/// What a tile looked like when it was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Face {
    tile: Tile,
    mark: Mark,
    /// Which picture of each screen.
    pictures: Vec<Option<u64>>,
}

/// It.
#[derive(Default)]
pub struct Board {
    pixels: Pixels,
    faces: Vec<Face>,
    hint: String,
}

/// How tiles lie in a window.
pub fn grid(count: usize, window: Size) -> Grid {
    let room = Size {
        height: window.height.saturating_sub(FOOT),
        ..window
    };
    Grid::new(count, room, WORDS)
}

impl Board {
    /// As it was drawn last.
    pub const fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The target whose tile was drawn there last: that is what a person clicks on, whatever has come since.
    pub fn at(&self, place: (i16, i16)) -> Option<&str> {
        let grid = grid(self.faces.len(), self.pixels.size());
        let face = self.faces.get(grid.at(place)?)?;
        Some(&face.tile.name)
    }

    /// Draws it. Says whether it is another than before.
    pub fn draw(
        &mut self,
        window: Size,
        tiles: &[Tile],
        marked: Option<usize>,
        thumbs: &Thumbs,
    ) -> bool {
        let is_new = self.pixels.size() != window || self.faces.len() != tiles.len();
        if is_new {
            self.pixels = Pixels::black(window.width.into(), window.height.into());
            (self.faces, self.hint) = (Vec::new(), String::new());
        }
        let grid = grid(tiles.len(), window);
        let mut is_other = is_new;
        for (number, tile) in tiles.iter().enumerate() {
            let mark = if marked == Some(number) {
                Mark::Yes
            } else {
                Mark::No
            };
            let face = Face::of(tile, mark, thumbs);
            if self.faces.get(number) != Some(&face) {
                self.tile(&grid.place(number), &face, thumbs);
                match self.faces.get_mut(number) {
                    Some(old) => *old = face,
                    None => self.faces.push(face),
                }
                is_other = true;
            }
        }
        is_other
    }

    /// The line at the lower edge. Says whether it is another than before.
    pub fn hint(&mut self, hint: &str) -> bool {
        if self.hint == hint {
            return false;
        }
        hint.clone_into(&mut self.hint);
        let Size { width, height } = self.pixels.size();
        let top = i16::try_from(height.saturating_sub(FOOT)).unwrap_or(i16::MAX);
        let foot = Rect {
            x: 0,
            y: top,
            size: Size {
                width,
                height: FOOT,
            },
        };
        self.pixels.paint(foot, GROUND);
        let at = (MARGIN, top);
        let room = width.saturating_sub(MARGIN.unsigned_abs() * 2);
        text::line(&mut self.pixels, hint, at, room, Rgb888::CSS_GRAY);
        true
    }

    fn tile(&mut self, place: &TilePlace, face: &Face, thumbs: &Thumbs) {
        let frame = match (face.mark, face.tile.work) {
            (Mark::Yes, _) => MARKED,
            (Mark::No, Work::Here) => WORKED,
            (Mark::No, Work::Not) => TILE,
        };
        self.pixels.paint(place.tile, frame);
        self.pixels.paint(inner(place.tile, FRAME), TILE);
        self.pixels.paint(place.picture, GROUND);
        let rects = face.tile.division.places(place.picture.size);
        for (screen, rect) in face.tile.screens.iter().zip(rects) {
            let rect = rect.within(place.picture);
            let picture = thumbs.get(&screen.node);
            match (&screen.why, picture) {
                (Why::Waits(_), Some(small)) => {
                    let place = fit(small.pixels.size(), rect.size).within(rect);
                    self.pixels.scale(&small.pixels, place);
                }
                (Why::Waits(why) | Why::Never(why), _) => self.say(why, rect),
            }
        }
        let words = |line: i16| (place.words.0, place.words.1.saturating_add(line));
        let width = place.picture.size.width.saturating_sub(FRAME * 2);
        let pixels = &mut self.pixels;
        let tile = &face.tile;
        text::line(pixels, &tile.title, words(0), width, Rgb888::WHITE);
        let second = words(SECOND);
        text::line(pixels, &tile.state, second, width, Rgb888::CSS_LIGHT_GRAY);
    }

    /// In the middle of a place; what is larger is cut.
    fn say(&mut self, why: &str, place: Rect) {
        let words = text::sentence(why, place.size.width.into());
        let size = words.size();
        let least = |a: u16, b: u16| a.min(b);
        let size = Size {
            width: least(size.width, place.size.width),
            height: least(size.height, place.size.height),
        };
        let half = |outer: u16, inner: u16| i16::try_from((outer - inner) / 2).unwrap_or(0);
        let rect = Rect {
            x: half(place.size.width, size.width),
            y: half(place.size.height, size.height),
            size,
        };
        self.pixels.copy(&words, rect.within(place));
    }
}

impl Face {
    fn of(tile: &Tile, mark: Mark, thumbs: &Thumbs) -> Self {
        let number = |node: &str| thumbs.get(node).map(|small| small.number);
        Self {
            tile: tile.clone(),
            mark,
            pictures: tile.screens.iter().map(|s| number(&s.node)).collect(),
        }
    }
}

fn inner(rect: Rect, less: u16) -> Rect {
    let step = i16::try_from(less).unwrap_or(0);
    Rect {
        x: rect.x.saturating_add(step),
        y: rect.y.saturating_add(step),
        size: Size {
            width: rect.size.width.saturating_sub(less * 2),
            height: rect.size.height.saturating_sub(less * 2),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Division, Spot, TileScreen};
    use dkvm_wire::vocab::video::Thumb;

    const WINDOW: Size = Size {
        width: 800,
        height: 400,
    };

    fn tile(name: &str, nodes: &[&str], division: Division) -> Tile {
        let screen = |node: &&str| TileScreen {
            node: (*node).to_owned(),
            why: Why::Waits("waits".into()),
        };
        Tile {
            name: name.into(),
            title: name.into(),
            state: "free".into(),
            work: Work::Not,
            screens: nodes.iter().map(screen).collect(),
            division,
        }
    }

    fn tiles() -> Vec<Tile> {
        let at = |x| Spot {
            at: (x, 0),
            size: Size {
                width: 160,
                height: 200,
            },
        };
        let two = Division::Spots(vec![at(0), at(160)]);
        vec![
            tile("office", &["office"], Division::Whole),
            tile("pair", &["left", "right"], two),
        ]
    }

    fn thumb(grey: u8) -> Thumb {
        let (width, height) = (160, 100);
        let image = turbojpeg::Image {
            pixels: &vec![grey; width * height][..],
            width,
            pitch: width,
            height,
            format: turbojpeg::PixelFormat::GRAY,
        };
        let jpeg = turbojpeg::compress(image, 90, turbojpeg::Subsamp::Gray).expect("compresses");
        Thumb {
            sequence: 0,
            width: 160,
            height: 100,
            jpeg: jpeg.to_vec(),
        }
    }

    fn grey_at(board: &Board, x: usize, y: usize) -> u8 {
        let pixels = board.pixels();
        pixels.bytes()[(y * pixels.width() + x) * crate::pixels::PIXEL]
    }

    /// The middle of the picture of a tile, or of a part of it: in quarters of its width.
    fn middle(number: usize, quarters: u16) -> (usize, usize) {
        let place = grid(2, WINDOW).place(number).picture;
        let x = usize::try_from(place.x).expect("inside");
        let y = usize::try_from(place.y).expect("inside");
        let right = usize::from(place.size.width / 4 * quarters);
        (x + right, y + usize::from(place.size.height) / 2)
    }

    #[test]
    fn each_picture_is_in_its_place() {
        let (mut board, mut thumbs) = (Board::default(), Thumbs::default());
        for (node, grey) in [("office", 200), ("left", 100), ("right", 150)] {
            thumbs.take(node, &thumb(grey)).expect("decodes");
        }
        assert!(board.draw(WINDOW, &tiles(), Some(0), &thumbs));
        for (number, quarters, grey) in [(0, 2, 200), (1, 1, 100), (1, 3, 150)] {
            let (x, y) = middle(number, quarters);
            let is = grey_at(&board, x, y);
            assert!(is.abs_diff(grey) < 4, "{number} {quarters}: {is}");
        }
    }

    #[test]
    fn only_what_changed_is_drawn_and_told() {
        let (mut board, mut thumbs) = (Board::default(), Thumbs::default());
        let mut tiles = tiles();
        assert!(board.draw(WINDOW, &tiles, Some(0), &thumbs));
        assert!(!board.draw(WINDOW, &tiles, Some(0), &thumbs));
        assert!(
            board.draw(WINDOW, &tiles, Some(1), &thumbs),
            "another is marked"
        );
        assert!(board.draw(WINDOW, &tiles, None, &thumbs), "none is");
        assert!(board.draw(WINDOW, &tiles, Some(1), &thumbs));
        thumbs.take("left", &thumb(100)).expect("decodes");
        assert!(
            board.draw(WINDOW, &tiles, Some(1), &thumbs),
            "a picture came"
        );
        thumbs.forget("left");
        assert!(board.draw(WINDOW, &tiles, Some(1), &thumbs), "and went");
        tiles[0].state = "web is at work".into();
        assert!(board.draw(WINDOW, &tiles, Some(1), &thumbs));
        assert!(board.hint("a click") && !board.hint("a click"));
        tiles.pop();
        assert!(board.draw(WINDOW, &tiles, Some(0), &thumbs), "fewer");
        assert!(board.hint("a click"), "drawn anew with all else");
    }

    #[test]
    fn a_place_is_the_targets_whose_tile_was_drawn_there() {
        let mut board = Board::default();
        let at = |(x, y): (usize, usize)| {
            let short = |edge: usize| i16::try_from(edge).expect("inside");
            (short(x), short(y))
        };
        let (first, second) = (at(middle(0, 2)), at(middle(1, 2)));
        assert_eq!(board.at(first), None, "nothing is drawn");
        let mut tiles = tiles();
        board.draw(WINDOW, &tiles, None, &Thumbs::default());
        assert_eq!(board.at(first), Some("office"));
        assert_eq!(board.at(second), Some("pair"));
        assert_eq!(board.at((0, 0)), None, "between tiles");
        tiles.reverse();
        board.draw(WINDOW, &tiles, None, &Thumbs::default());
        assert_eq!(board.at(first), Some("pair"));
    }

    #[test]
    fn what_cannot_be_now_is_a_sentence_and_no_picture() {
        let (mut board, mut thumbs) = (Board::default(), Thumbs::default());
        thumbs.take("office", &thumb(255)).expect("decodes");
        let mut tiles = tiles();
        tiles[0].screens[0].why = Why::Never("no signal".into());
        board.draw(WINDOW, &tiles, Some(1), &thumbs);
        let place = grid(2, WINDOW).place(0).picture;
        let (x, y) = (
            usize::from(place.x.unsigned_abs()),
            usize::from(place.y.unsigned_abs()),
        );
        assert_eq!(grey_at(&board, x + 2, y + 2), 0);
    }

    #[test]
    fn no_window_is_too_small() {
        let mut board = Board::default();
        for (width, height) in [(0, 0), (1, 1), (20, 400), (400, 20), (90, 90)] {
            board.draw(
                Size { width, height },
                &tiles(),
                Some(9),
                &Thumbs::default(),
            );
            board.hint("what can be done");
        }
    }
}
