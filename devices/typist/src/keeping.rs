//! Changes of the macros, one after the other. Each is written beside the device's loop: a loaded card takes seconds for it,
//! and the text under way goes on meanwhile.

use crate::macros::{Change, MacroError, Macros};
use dkvm_sdk::{Request, SendError};
use dkvm_wire::{service::Nothing, vocab::typist::MacroState, ErrorCode, WireError};
use std::{collections::VecDeque, io};
use tokio::task::JoinHandle;

/// Changes that wait for the one before: a person's import sends one after the other's answer, so these are of several people.
const MAX_WAITING: usize = 8;

/// What was written, or why not.
type Written = Result<MacroState, MacroError>;

/// The macros and their changes.
#[derive(Debug)]
pub struct Keeping {
    macros: Macros,
    writing: Option<(Request, JoinHandle<Written>)>,
    waiting: VecDeque<(Change, Request)>,
}

impl Keeping {
    /// Nothing is to be changed yet.
    pub const fn new(macros: Macros) -> Self {
        Self {
            macros,
            writing: None,
            waiting: VecDeque::new(),
        }
    }

    /// Those that are kept.
    pub const fn macros(&self) -> &Macros {
        &self.macros
    }

    /// Somebody wants a change: the answer comes when it is kept.
    pub fn ask(&mut self, change: Change, request: Request) -> Result<(), SendError> {
        if self.waiting.len() >= MAX_WAITING {
            return request.fail(WireError::new(ErrorCode::Exhausted, BUSY));
        }
        self.waiting.push_back((change, request));
        self.begin()
    }

    /// Waits for the change that is being written. Cancel-safe.
    pub async fn written(&mut self) -> Written {
        match &mut self.writing {
            None => std::future::pending().await,
            Some((_, work)) => work.await.unwrap_or_else(|error| {
                let error = io::Error::other(error);
                Err(self.macros.not_written(error))
            }),
        }
    }

    /// It was written, or not: whoever asked is told, and the next one begins.
    pub fn settle(&mut self, written: Written) -> Result<(), SendError> {
        let answer = written.map(|state| self.macros.take(state));
        if let Some((request, _)) = self.writing.take() {
            tell(request, answer)?;
        }
        self.begin()
    }

    fn begin(&mut self) -> Result<(), SendError> {
        while self.writing.is_none() {
            let Some((change, request)) = self.waiting.pop_front() else {
                break;
            };
            match self.macros.changed(change) {
                Err(error) => tell(request, Err(error))?,
                Ok(state) => {
                    let store = self.macros.store();
                    let work = tokio::task::spawn_blocking(move || store.keep(state));
                    self.writing = Some((request, work));
                }
            }
        }
        Ok(())
    }
}

const BUSY: &str = "this node's card is slow, and many macros wait for it already; nothing was changed: try again in a while";

fn tell(request: Request, answer: Result<(), MacroError>) -> Result<(), SendError> {
    request.answer_with(answer.map(|()| Nothing {}).map_err(told))
}

/// As whoever asked hears it.
pub fn told(error: MacroError) -> WireError {
    let code = match error {
        MacroError::Unknown { .. } => ErrorCode::NotFound,
        MacroError::Many | MacroError::Full => ErrorCode::Exhausted,
        MacroError::Write { .. } => ErrorCode::Hardware,
        MacroError::Name | MacroError::Long(_) => ErrorCode::BadRequest,
    };
    WireError::new(code, error.to_string())
}
