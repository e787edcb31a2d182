//! The shell: brings the gadget up, watches it, answers requests.

use crate::{config::Config, error::GadgetError, gadget::Gadget, journal::Wish};
use dkvm_sdk::{ErrorCode, Fault, Incoming, Link, Request, WireError};
use dkvm_wire::{
    service::Nothing,
    vocab::gadget::{methods, Choose, Plug},
};
use std::{collections::VecDeque, time::Duration};

/// How often the state is read even if Linux says nothing: `suspended` gives no notice.
const LOOK: Duration = Duration::from_secs(1);

/// Requests that wait while one is done: a page, the command line, and some.
const WAITING: usize = 8;

/// Runs until the kernel says goodbye; the gadget stays bound.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    if let Some((key, reason)) = config.fault() {
        return Err(link.refuse(&key, reason).into());
    }
    let mut gadget = Gadget::new(&config, link.sender())?;
    let missed = gadget.bring_up().await?;
    gadget.publish()?;
    match missed {
        Some(sentence) => link.degraded(sentence)?,
        None => link.ready()?,
    }
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(()),
                Incoming::Request(request) => match serve(&mut gadget, &mut link, request).await? {
                    Then::GoOn => {}
                    Then::End => return Ok(()),
                },
                _ => {}
            },
            () = gadget.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        gadget.publish()?;
    }
}

/// What comes after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The next one.
    GoOn,
    /// The end: the kernel has said goodbye.
    End,
}

/// What a request has left.
enum Left {
    /// What was there to complain of, if anything.
    AsItWas,
    /// A chosen profile is bound: nothing.
    Whole,
}

/// Does what is asked, one after the other, and answers the kernel's `ping` meanwhile.
async fn serve(gadget: &mut Gadget, link: &mut Link, request: Request) -> Result<Then, Fault> {
    let mut waiting = VecDeque::from([request]);
    let mut then = Then::GoOn;
    while let Some(request) = waiting.pop_front() {
        if then == Then::End {
            request.fail(ending())?;
            continue;
        }
        let work = answer(gadget, request);
        tokio::pin!(work);
        let left = loop {
            tokio::select! {
                biased;
                left = &mut work => break left?,
                incoming = link.next(), if then == Then::GoOn => match incoming? {
                    Incoming::Goodbye { .. } => then = Then::End,
                    Incoming::Request(next) if waiting.len() < WAITING => waiting.push_back(next),
                    Incoming::Request(next) => next.fail(busy())?,
                    _ => {}
                },
            }
        };
        if let Left::Whole = left {
            link.ready()?;
        }
    }
    Ok(then)
}

fn busy() -> WireError {
    let text = "the gadget device is at work, and others wait already: try again in a second";
    WireError::new(ErrorCode::Exhausted, text)
}

fn ending() -> WireError {
    let text = "the gadget device is being stopped, and nothing was done: try again when it runs";
    WireError::new(ErrorCode::Unavailable, text)
}

async fn answer(gadget: &mut Gadget, request: Request) -> Result<Left, Fault> {
    let result = match request.method() {
        methods::REPLUG => gadget.replug().await,
        methods::PLUG => match request.decode::<Plug>() {
            Ok(plug) => gadget.wish(plug.into()).await,
            Err(error) => return refuse(request, error),
        },
        methods::PROFILE => match request.decode::<Choose>() {
            Ok(Choose { name }) => return profile(gadget, request, &name).await,
            Err(error) => return refuse(request, error),
        },
        methods::GET => {
            request.reply(&gadget.state()?)?;
            return Ok(Left::AsItWas);
        }
        _ => {
            request.unknown()?;
            return Ok(Left::AsItWas);
        }
    };
    request.answer_with(outcome(&result))?;
    match result {
        Err(error) if error.is_hang() || gadget.is_lost() => Err(error.into()),
        _ => Ok(Left::AsItWas),
    }
}

fn refuse(request: Request, error: WireError) -> Result<Left, Fault> {
    request.fail(error)?;
    Ok(Left::AsItWas)
}

fn outcome(result: &Result<(), GadgetError>) -> Result<Nothing, WireError> {
    match result {
        Ok(()) => Ok(Nothing {}),
        Err(error) => Err(WireError::new(error.code(), error.to_string())),
    }
}

/// When there is none left, neither the new profile nor the old one, the device ends: its next life takes what it can get.
async fn profile(gadget: &mut Gadget, request: Request, name: &str) -> Result<Left, Fault> {
    let result = gadget.switch(name).await;
    request.answer_with(outcome(&result))?;
    match result {
        Ok(()) => Ok(Left::Whole),
        Err(error) if error.is_refusal() => Ok(Left::AsItWas),
        Err(error) => Err(error.into()),
    }
}

impl From<Plug> for Wish {
    fn from(plug: Plug) -> Self {
        if plug.plugged {
            Self::Plugged
        } else {
            Self::Unplugged
        }
    }
}
