//! The shell: requests to the worker, and what the gadget says.

use crate::{
    config::{Config, Folders},
    engine::{Engine, Where},
    error::Error,
    worker::{Job, Worker},
};
use dkvm_sdk::{Body, Fault, Incoming, Link};
use dkvm_wire::{topics, vocab::gadget::GadgetState, ErrorCode, WireError};
use std::time::Duration;
use tokio::time::Instant;

/// At the machine's start the data partition may not be this device's yet.
const TRY_AGAIN: Duration = Duration::from_secs(3);
/// As the gadget device names it.
const FUNCTION: &str = "storage";

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    let folders = Folders::from_env();
    let mut bound = None;
    loop {
        let why = match Engine::start(&config, &folders) {
            Ok(engine) => return serve(link, engine, bound).await,
            Err(error) => error.to_string(),
        };
        link.degraded(why.as_str())?;
        if without(&mut link, &mut bound, &why).await? == Next::End {
            return Ok(());
        }
    }
}

/// What comes after a time without a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    TryAgain,
    End,
}

/// Until it is time to look for the library again.
async fn without(link: &mut Link, bound: &mut Option<Where>, why: &str) -> Result<Next, Fault> {
    let until = Instant::now() + TRY_AGAIN;
    loop {
        let incoming = tokio::select! {
            incoming = link.next() => incoming?,
            () = tokio::time::sleep_until(until) => return Ok(Next::TryAgain),
        };
        match incoming {
            Incoming::Goodbye { .. } => return Ok(Next::End),
            Incoming::Event { topic, body, .. } => *bound = heard(&topic, &body).or(bound.take()),
            Incoming::Request(request) => {
                request.fail(WireError::new(ErrorCode::Unavailable, why))?
            }
            _ => {}
        }
    }
}

async fn serve(mut link: Link, engine: Engine, bound: Option<Where>) -> Result<(), Fault> {
    let worker = Worker::start(engine, link.sender()).map_err(|_| Error::Worker)?;
    link.ready()?;
    let mut known = None;
    if let Some(place) = bound {
        tell(&worker, &mut known, place)?;
    }
    loop {
        match link.next().await? {
            Incoming::Goodbye { .. } => return Ok(()),
            Incoming::Request(request) => {
                worker.give(Job::Ask(request)).map_err(|_| Error::Worker)?;
            }
            Incoming::Event { topic, body, .. } => {
                if let Some(place) = heard(&topic, &body) {
                    tell(&worker, &mut known, place)?;
                }
            }
            _ => {}
        }
    }
}

/// The gadget's state says much that is nothing new about the drives.
fn tell(worker: &Worker, known: &mut Option<Where>, place: Where) -> Result<(), Fault> {
    if known.as_ref() == Some(&place) {
        return Ok(());
    }
    *known = Some(place.clone());
    Ok(worker.give(Job::Bound(place)).map_err(|_| Error::Worker)?)
}

/// A message that makes no sense is told and dropped: its sender may be of another version.
fn heard(topic: &str, body: &Body) -> Option<Where> {
    if topic != topics::GADGET_STATE {
        return None;
    }
    match body.decode::<GadgetState>(topic) {
        Ok(state) => Some(place(&state)),
        Err(error) => {
            dkvm_sdk::warn!("{error}");
            None
        }
    }
}

fn place(state: &GadgetState) -> Where {
    let function = state
        .functions
        .iter()
        .find(|function| function.name == FUNCTION);
    match function.filter(|function| !function.device.is_empty()) {
        Some(function) => Where::at(&function.device, state.binding),
        None => Where::Nowhere(
            "the USB profile that is bound has no mass storage: choose one that has it, as `install` or `desk`"
                .to_owned(),
        ),
    }
}
