//! The web device as its visitors meet it: the real process, under a fake kernel, over real TLS.

mod common;
mod config;
mod control;
mod far_input;
mod far_streams;
mod h264;
mod hostile;
mod login;
mod overtaken;
mod sound;
mod storage;
mod thumbs;
mod update;
mod video;
