//! What the window is given to show.

use super::{Device, Seen};
use crate::{
    board::Board,
    core::{title_of, Division, Tile},
    error::Error,
    pane::{Pane, Shown},
    text,
};
use std::mem::replace;

impl Device {
    pub(super) fn paint(&mut self) -> Result<(), Error> {
        let Some(window) = self.window.as_mut().filter(|_| self.seen == Seen::Yes) else {
            return Ok(());
        };
        window.open()?;
        let tiles = if self.is_overview() {
            self.scene.tiles()
        } else {
            Vec::new()
        };
        if tiles.is_empty() {
            self.paint_target()?;
        } else {
            self.paint_all(&tiles)?;
        }
        self.paint_note()
    }

    /// The overview.
    fn paint_all(&mut self, tiles: &[Tile]) -> Result<(), Error> {
        let Some(window) = &mut self.window else {
            return Ok(());
        };
        window.title(&self.scene.title_of_all())?;
        self.words = None;
        window.divide(Division::Spots(Vec::new()))?;
        if window.is_board_busy() {
            return Ok(());
        }
        let names: Vec<&str> = tiles.iter().map(|tile| tile.name.as_str()).collect();
        let marked = self.overview.marked(&names);
        let is_other = self.board.draw(window.size(), tiles, marked, &self.thumbs);
        let is_other = self.board.hint(&self.scene.hint()) || is_other;
        if is_other || !self.is_board_shown {
            window.board(Some(self.board.pixels()))?;
            self.is_board_shown = true;
        }
        Ok(())
    }

    /// One target.
    fn paint_target(&mut self) -> Result<(), Error> {
        let target = self.scene.target(&self.config.choice);
        let target = target.filter(|_| !self.is_overview());
        let Some(window) = &mut self.window else {
            return Ok(());
        };
        window.title(&self.scene.title(target.as_ref()))?;
        window.board(None)?;
        if replace(&mut self.is_board_shown, false) {
            self.board = Board::default();
        }
        let Some(target) = target else {
            let words = "no target: pair this machine with a node, 'dkvm pair NODE'";
            window.divide(Division::Whole)?;
            if self.words.as_deref() != Some(words) {
                let room = usize::from(window.room(0).width);
                window.say(0, &text::sentence(words, room))?;
                self.words = Some(words.to_owned());
            }
            return Ok(());
        };
        self.words = None;
        window.divide(target.division())?;
        for number in 0..self.panes.len() {
            self.paint_pane(number)?;
        }
        Ok(())
    }

    fn paint_pane(&mut self, number: usize) -> Result<(), Error> {
        let words = self.words_of(&self.panes[number]);
        let (Some(window), Some(pane)) = (&mut self.window, self.panes.get_mut(number)) else {
            return Ok(());
        };
        match words {
            Some(words) if pane.shown != Shown::Words(words.clone()) => {
                let room = usize::from(window.room(number).width);
                window.say(number, &text::sentence(&words, room))?;
                pane.shown = Shown::Words(words);
            }
            None if !window.is_busy(number) => {
                if let Some(pixels) = pane.news() {
                    window.show(number, pixels)?;
                    pane.told();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn paint_note(&mut self) -> Result<(), Error> {
        let target = self.scene.target(&self.config.choice);
        let shown = target.filter(|_| !self.is_overview());
        let shown = shown.as_ref().map(|target| target.name.as_str());
        let refusal = self.refusal.as_ref().map(|(why, _)| why.as_str());
        let note = self.scene.notice(shown, refusal);
        let Some(window) = self.window.as_mut().filter(|_| note != self.note) else {
            return Ok(());
        };
        let width = usize::from(window.size().width);
        let pixels = note.as_ref().map(|note| text::sentence(note, width));
        window.note(pixels.as_ref())?;
        self.note = note;
        Ok(())
    }

    /// What is said in place of a picture; `None` where there is one.
    fn words_of(&self, pane: &Pane) -> Option<String> {
        let obstacle = self.scene.obstacle(&pane.source);
        let waits = || format!("{}: waiting for the picture", title_of(&pane.source));
        obstacle.or_else(|| (!pane.is_there()).then(waits))
    }
}
