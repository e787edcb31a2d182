//! Sentences as pixels.

use crate::pixels::Pixels;
use embedded_graphics::{
    draw_target::DrawTarget,
    geometry::{OriginDimensions, Point, Size},
    mono_font::{iso_8859_1::FONT_10X20, MonoTextStyle},
    pixelcolor::{Rgb888, RgbColor, WebColors},
    text::{Baseline, Text},
    Drawable, Pixel,
};
use std::convert::Infallible;

/// Of the font.
const LETTER: (usize, usize) = (10, 20);
/// Around the text.
const MARGIN: usize = 10;
/// Lines that are shown.
const MOST_LINES: usize = 12;
/// Letters of a line, where the window is that wide.
const MOST_COLUMNS: usize = 80;

impl OriginDimensions for Pixels {
    fn size(&self) -> Size {
        let edge = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        Size::new(edge(self.width()), edge(self.height()))
    }
}

impl DrawTarget for Pixels {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(at, color) in pixels {
            if let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) {
                self.set((x, y), [color.r(), color.g(), color.b()]);
            }
        }
        Ok(())
    }
}

/// A sentence, light on dark, no wider than so many pixels.
pub fn sentence(text: &str, width: usize) -> Pixels {
    let columns = (width.saturating_sub(MARGIN * 2) / LETTER.0).clamp(1, MOST_COLUMNS);
    let lines = wrapped(text, columns);
    let longest = lines.iter().map(|line| line.chars().count()).max();
    let mut pixels = Pixels::black(
        longest.unwrap_or(0) * LETTER.0 + MARGIN * 2,
        lines.len() * LETTER.1 + MARGIN * 2,
    );
    let style = MonoTextStyle::new(&FONT_10X20, Rgb888::CSS_LIGHT_GRAY);
    for (number, line) in lines.iter().enumerate() {
        let at = |pixels: usize| i32::try_from(pixels).unwrap_or(i32::MAX);
        let place = Point::new(at(MARGIN), at(MARGIN + number * LETTER.1));
        let text = Text::with_baseline(line, place, style, Baseline::Top);
        let Ok(_) = text.draw(&mut pixels);
    }
    pixels
}

/// What a line of letters takes of a height.
pub const LINE: u16 = 20;

/// One line, of this colour, in a place: what is wider is cut, which is seen.
pub fn line(pixels: &mut Pixels, text: &str, (x, y): (i16, i16), width: u16, color: Rgb888) {
    let columns = usize::from(width) / LETTER.0;
    let style = MonoTextStyle::new(&FONT_10X20, color);
    let place = Point::new(x.into(), y.into());
    let text = fitted(text, columns);
    let text = Text::with_baseline(&text, place, style, Baseline::Top);
    let Ok(_) = text.draw(pixels);
}

fn fitted(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let dots = ".".repeat(columns.min(3));
    let kept = columns.saturating_sub(3);
    text.chars().take(kept).chain(dots.chars()).collect()
}

/// By words; one that is longer than a line is cut.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for part in letters.chunks(columns) {
            let part: String = part.iter().collect();
            let room =
                |line: &&mut String| line.chars().count() + 1 + part.chars().count() <= columns;
            match lines.last_mut().filter(room) {
                Some(line) => {
                    line.push(' ');
                    line.push_str(&part);
                }
                None => lines.push(part),
            }
        }
    }
    lines.truncate(MOST_LINES);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_stay_whole_where_a_line_holds_them() {
        assert_eq!(
            wrapped("no signal: the target is off", 11),
            ["no signal:", "the target", "is off"]
        );
        assert_eq!(wrapped("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert!(wrapped("  ", 5).is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_that_is_seen() {
        assert_eq!(fitted("office", 6), "office");
        assert_eq!(fitted("offices", 6), "off...");
        assert_eq!(fitted("offices", 2), "..");
        assert_eq!(fitted("offices", 0), "");
    }

    #[test]
    fn letters_are_light_on_black() {
        let pixels = sentence("HI", 400);
        assert_eq!((pixels.width(), pixels.height()), (40, 40));
        let lit = pixels.bytes().iter().filter(|byte| **byte > 100).count();
        assert!(lit > 100, "{lit}");
    }

    proptest! {
        #[test]
        fn it_fits(text in ".{0,200}", width in 0_usize..2000) {
            let pixels = sentence(&text, width);
            prop_assert!(pixels.width() <= width.max(MARGIN * 2 + LETTER.0));
            prop_assert!(pixels.height() <= MARGIN * 2 + MOST_LINES * LETTER.1);
        }
    }
}
