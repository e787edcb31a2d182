//! # dkvm-web
mod auth;
mod clock;
mod config;
mod error;
mod store;
mod tls;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; a panic elsewhere ends the process anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
