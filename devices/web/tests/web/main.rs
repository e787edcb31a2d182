//! The web device as its visitors meet it: the real process, under a fake kernel, over real TLS.

mod common;
mod control;
mod hostile;
mod login;
mod storage;
mod update;
mod video;
