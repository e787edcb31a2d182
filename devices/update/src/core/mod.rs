//! What is decided, without a card, a clock or a kernel.

pub mod engine;
pub mod error;
pub mod health;
pub mod record;
pub mod rules;
pub mod trial;
pub mod upload;
