//! What a person does at the window, and what becomes of it.

use super::{Device, Seen};
use crate::{
    board::{grid, Board},
    core::{Take, CONFLICT_TOLD},
    error::Error,
    pane::Pane,
    window::{Happened, Key},
};
use dkvm_sdk::{Call, CallError};
use dkvm_wire::{
    service::Nothing,
    vocab::desk::{methods, FocusTo},
    ErrorCode,
};
use std::time::Duration;

/// The device that keyboard and mouse belong to.
const INPUT: &str = "input";
/// So long a refusal is told, where a second try changes nothing.
const TOLD: Duration = Duration::from_secs(10);

/// On the way to a target.
pub(super) struct Going {
    name: String,
    call: Call<Nothing>,
}

/// What input says to that.
pub(super) type Answer = Result<Nothing, CallError>;

/// Completes when input has answered; never where nothing was asked.
pub(super) async fn answered(going: Option<&mut Going>) -> Answer {
    match going {
        Some(going) => (&mut going.call).await,
        None => std::future::pending().await,
    }
}

/// The same where it has done so by now.
pub(super) async fn answered_already(going: Option<&mut Going>) -> Option<Answer> {
    tokio::select! {
        biased;
        answer = answered(going) => Some(answer),
        () = std::future::ready(()) => None,
    }
}

impl Device {
    /// Says whether there were any.
    pub(super) fn window_events(&mut self) -> Result<bool, Error> {
        let mut were_any = false;
        while let Some(window) = &mut self.window {
            let Some(happened) = window.happened()? else {
                break;
            };
            were_any = true;
            match happened {
                Happened::Closed => {
                    self.seen = Seen::Closed;
                    window.close()?;
                    self.forget();
                }
                Happened::Hidden => self.seen = Seen::Hidden,
                Happened::Seen if self.seen == Seen::Hidden => self.seen = Seen::Yes,
                Happened::Resized => self.wrap_anew(),
                Happened::Refused(why) => self.refused(&why),
                Happened::Pressed(key) => self.pressed(key),
                Happened::Clicked(at) => self.clicked(at),
                Happened::Seen | Happened::Arrived => {}
            }
        }
        Ok(were_any)
    }

    /// What the window had it has no more.
    fn forget(&mut self) {
        (self.words, self.note) = (None, None);
        self.is_board_shown = false;
    }

    /// Sentences are as wide as what they stand in.
    fn wrap_anew(&mut self) {
        (self.words, self.note) = (None, None);
        self.panes.iter_mut().for_each(Pane::wrap_anew);
    }

    /// The window has lost its pictures.
    fn refused(&mut self, why: &str) {
        self.complain(why);
        let now = self.now();
        self.panes.iter_mut().for_each(|pane| pane.refused(now));
        self.board = Board::default();
        self.is_board_shown = false;
    }

    fn pressed(&mut self, key: Key) {
        let tiles = self.scene.tiles();
        let names: Vec<&str> = tiles.iter().map(|tile| tile.name.as_str()).collect();
        match key {
            Key::Overview => self.overview.turn(names.len()),
            Key::Arrow(direction) if self.is_overview() => {
                if let Some(window) = &self.window {
                    let grid = grid(names.len(), window.size());
                    self.overview.step(&names, &grid, direction);
                }
            }
            Key::Enter if self.is_overview() => {
                if let Some(marked) = self.overview.marked(&names) {
                    self.go(names[marked]);
                }
            }
            Key::Arrow(_) | Key::Enter | Key::FullScreen => {}
        }
    }

    /// By the tiles that are on the screen. Where the target of one has gone since, nobody goes.
    fn clicked(&mut self, at: (i16, i16)) {
        if !self.is_overview() || !self.is_board_shown {
            return;
        }
        let Some(name) = self.board.at(at).map(str::to_owned) else {
            return;
        };
        if self.scene.tiles().iter().any(|tile| tile.name == name) {
            self.overview.mark(Some(&name));
            self.go(&name);
        }
    }

    /// Keyboard and mouse are to go there. One wish at a time: the second half of a double click is none.
    fn go(&mut self, name: &str) {
        if self.going.is_some() {
            return;
        }
        let now = self.now();
        let Some(take) = self.overview.take(name, now) else {
            if let Some((_, until)) = &mut self.refusal {
                *until = now + CONFLICT_TOLD;
            }
            return;
        };
        let to = FocusTo {
            node: Some(name.to_owned()),
            steal: take == Take::Steal,
        };
        let method = format!("{INPUT}/{}", methods::FOCUS);
        self.refusal = None;
        self.going = Some(Going {
            name: name.to_owned(),
            call: self.sender.call(&method, &to),
        });
    }

    /// input has answered.
    pub(super) fn went(&mut self, answer: Answer) {
        let Some(Going { name, .. }) = self.going.take() else {
            return;
        };
        let error = match answer {
            Ok(Nothing {}) => return self.overview.leave(),
            Err(error) => error.into_wire(),
        };
        let now = self.now();
        self.refusal = Some(if error.code == ErrorCode::Conflict {
            self.overview.refused(&name, now);
            let why = format!("{}; here, a second click takes it", error.message);
            (why, now + CONFLICT_TOLD)
        } else {
            (error.message, now + TOLD)
        });
    }
}
