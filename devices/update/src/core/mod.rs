//! What is decided, without a card, a clock or a kernel.

pub mod autoboot;
pub mod engine;
pub mod error;
pub mod fat;
pub mod health;
pub mod mbr;
pub mod record;
pub mod rules;
pub mod trial;
pub mod upload;
