//! What is decided without touching anything: names, uploads, what fits a drive, what is in which drive.

pub mod error;
pub mod hash;
pub mod kind;
pub mod name;
pub mod record;
pub mod space;
pub mod table;
pub mod upload;
