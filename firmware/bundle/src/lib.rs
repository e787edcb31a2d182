//! # dkvm-bundle
//!
//! A bundle is one file that brings a node a new image, `dkvm-BOARD-VERSION.dkvm`:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic `dKVMbndl` |
//! | 8 | 2 | version of this format, little-endian: 1 |
//! | 10 | 2 | zero |
//! | 12 | 4 | length of the head, little-endian: all that comes before the first part |
//! | 16 | 64 | ed25519 signature over the 16 bytes before it and the manifest |
//! | 80 | | the [`Manifest`], JSON |
//! | head | | the bytes of the parts, in the manifest's order, with nothing between or after |
//!
//! The size of the whole follows from the head, so a truncated file is known before a byte of it is written.
//!
//! The signature is ed25519 because its keys are 32 bytes that anybody can make at a build; it is over the manifest, which
//! carries the hash of each part. The feature `verify` brings signatures and hashes; without it there is the head alone, which is
//! what a command needs that only passes a bundle on.

mod error;
mod head;
mod manifest;

#[cfg(feature = "verify")]
mod digest;
#[cfg(feature = "verify")]
mod key;
#[cfg(feature = "tool")]
mod make;

pub use error::BundleError;
pub use head::{Head, FORMAT, MAGIC, MAX_HEAD, PREFIX_LEN};
pub use manifest::{Manifest, Part, PartName, Sha256, MAX_PART};

#[cfg(feature = "verify")]
pub use digest::{hash_reader, Hasher};
#[cfg(feature = "tool")]
pub use key::SecretKey;
#[cfg(feature = "verify")]
pub use key::{verify, PublicKeys, MAX_KEYS};
#[cfg(feature = "tool")]
pub use make::{check_file, create, inspect, Images, Release};
