//! What the window shows: pictures, each in its place, or one of all targets; and a sentence over it.

use super::{
    paint::Layer,
    upload::Upload,
    x11::{Window, AT_FIRST},
    WindowError,
};
use crate::{
    config::Shape,
    core::{first_size, Division, Rect, Size},
    pixels::Pixels,
};
use std::mem::replace;
use x11rb::{
    connection::Connection, protocol::xproto::ConnectionExt as _, rust_connection::RustConnection,
};

/// A place in the window, with a picture or a sentence.
pub(super) struct Pane {
    pub(super) upload: Upload,
    picture: Layer,
    words: Layer,
    place: Rect,
}

impl Pane {
    pub(super) fn clear(&mut self, connection: &RustConnection) -> Result<(), WindowError> {
        self.picture.clear(connection)?;
        self.words.clear(connection)
    }

    fn free(mut self, connection: &RustConnection) -> Result<(), WindowError> {
        self.clear(connection)?;
        self.upload.free(connection)
    }
}

impl Window {
    /// Who shares the window. What was shown in a place stays until something else is.
    pub fn divide(&mut self, division: Division) -> Result<(), WindowError> {
        if self.division == division {
            return Ok(());
        }
        self.division = division;
        let count = self.division.count();
        while self.panes.len() > count {
            if let Some(pane) = self.panes.pop() {
                pane.free(&self.connection)?;
            }
        }
        self.panes.resize_with(count, || Pane {
            upload: Upload::new(self.sharing),
            picture: Layer::EMPTY,
            words: Layer::EMPTY,
            place: Rect::default(),
        });
        self.arrange();
        self.repaint()
    }

    /// Each to its place in a window of this size.
    pub(super) fn arrange(&mut self) {
        let places = self.division.places(self.size);
        for (pane, place) in self.panes.iter_mut().zip(places) {
            pane.place = place;
        }
    }

    /// How large the place of a pane is.
    pub fn room(&self, pane: usize) -> Size {
        self.panes
            .get(pane)
            .map_or(self.size, |pane| pane.place.size)
    }

    /// Whether the server still reads the picture before of a pane.
    pub fn is_busy(&self, pane: usize) -> bool {
        let pane = self.panes.get(pane);
        pane.is_some_and(|pane| pane.upload.is_busy())
    }

    /// Whether it still reads the one of all targets.
    pub const fn is_board_busy(&self) -> bool {
        self.board_upload.is_busy()
    }

    /// Another picture. The first decides on how large the window is.
    pub fn show(&mut self, pane: usize, pixels: &Pixels) -> Result<(), WindowError> {
        self.begin(pixels)?;
        let Some(pane) = self.panes.get_mut(pane) else {
            return Ok(());
        };
        let is_other = pane.picture.size() != Some(pixels.size()) || pane.words.size().is_some();
        let (connection, ground) = (&self.connection, &self.ground);
        pane.words.clear(connection)?;
        pane.picture
            .put(connection, ground, &mut pane.upload, pixels)?;
        if is_other {
            return self.repaint();
        }
        pane.picture.scaled(connection, ground, pane.place)?;
        self.paint_note()
    }

    fn begin(&mut self, pixels: &Pixels) -> Result<(), WindowError> {
        if self.has_begun {
            return Ok(());
        }
        self.has_begun = true;
        if self.size == AT_FIRST && self.shape == Shape::Window {
            let size = self.division.size().unwrap_or_else(|| pixels.size());
            self.before = first_size(size, self.screen_size());
            self.reshape_to(self.before)?;
        }
        Ok(())
    }

    /// A sentence in place of a picture.
    pub fn say(&mut self, pane: usize, words: &Pixels) -> Result<(), WindowError> {
        let Some(pane) = self.panes.get_mut(pane) else {
            return Ok(());
        };
        pane.picture.clear(&self.connection)?;
        let upload = &mut Upload::Socket;
        pane.words
            .put(&self.connection, &self.ground, upload, words)?;
        self.repaint()
    }

    /// All targets, as a picture of the window's own size, over all else; or not any more.
    pub fn board(&mut self, pixels: Option<&Pixels>) -> Result<(), WindowError> {
        match pixels {
            None if self.board.size().is_none() => return Ok(()),
            None => {
                self.board.clear(&self.connection)?;
                let upload = Upload::new(self.sharing);
                replace(&mut self.board_upload, upload).free(&self.connection)?;
            }
            Some(pixels) => {
                let upload = &mut self.board_upload;
                let is_other = self.board.size() != Some(pixels.size());
                self.board
                    .put(&self.connection, &self.ground, upload, pixels)?;
                if !is_other {
                    return self.paint();
                }
            }
        }
        self.repaint()
    }

    /// A sentence over whatever is shown, or none.
    pub fn note(&mut self, words: Option<&Pixels>) -> Result<(), WindowError> {
        match words {
            None => self.note.clear(&self.connection)?,
            Some(words) => {
                let upload = &mut Upload::Socket;
                self.note
                    .put(&self.connection, &self.ground, upload, words)?;
            }
        }
        self.repaint()
    }

    /// Lets all go that was shown.
    pub fn forget(&mut self) -> Result<(), WindowError> {
        self.divide(Division::Spots(Vec::new()))?;
        self.board.clear(&self.connection)?;
        self.note.clear(&self.connection)
    }

    /// From nothing: what was there and is not any more goes, too.
    pub(super) fn repaint(&self) -> Result<(), WindowError> {
        self.connection
            .clear_area(false, self.ground.window, 0, 0, 0, 0)?;
        self.paint()
    }

    pub(super) fn paint(&self) -> Result<(), WindowError> {
        let (connection, ground) = (&self.connection, &self.ground);
        for pane in &self.panes {
            pane.picture.scaled(connection, ground, pane.place)?;
            pane.words.plain(connection, ground, pane.place, 1)?;
        }
        self.board.plain(connection, ground, self.whole(), 0)?;
        self.paint_note()
    }

    fn paint_note(&self) -> Result<(), WindowError> {
        let (connection, ground) = (&self.connection, &self.ground);
        self.note.plain(connection, ground, self.whole(), 2)?;
        connection.flush()?;
        Ok(())
    }

    fn whole(&self) -> Rect {
        Rect {
            size: self.size,
            ..Rect::default()
        }
    }
}
