//! The shell: brings the gadget up, watches it, answers requests.

use crate::{config::Config, error::GadgetError, gadget::Gadget, journal::Wish};
use dkvm_sdk::{Fault, Incoming, Link, Request, WireError};
use dkvm_wire::{
    service::Nothing,
    vocab::gadget::{methods, Choose, Plug},
};
use std::time::Duration;

/// How often the state is read even if Linux says nothing: `suspended` gives no notice.
const LOOK: Duration = Duration::from_secs(1);

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
                Incoming::Request(request) => answer(&mut gadget, &link, request).await?,
                _ => {}
            },
            () = gadget.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        gadget.publish()?;
    }
}

async fn answer(gadget: &mut Gadget, link: &Link, request: Request) -> Result<(), Fault> {
    let result = match request.method() {
        methods::REPLUG => gadget.replug().await,
        methods::PLUG => match request.decode::<Plug>() {
            Ok(plug) => gadget.wish(plug.into()).await,
            Err(error) => return Ok(request.fail(error)?),
        },
        methods::PROFILE => match request.decode::<Choose>() {
            Ok(Choose { name }) => return profile(gadget, link, request, &name).await,
            Err(error) => return Ok(request.fail(error)?),
        },
        methods::GET => return Ok(request.reply(&gadget.state()?)?),
        _ => return Ok(request.unknown()?),
    };
    Ok(request.answer_with(outcome(&result))?)
}

fn outcome(result: &Result<(), GadgetError>) -> Result<Nothing, WireError> {
    match result {
        Ok(()) => Ok(Nothing {}),
        Err(error) => Err(WireError::new(error.code(), error.to_string())),
    }
}

/// A profile that is bound leaves nothing to complain of. When there is none left, neither the new nor the old one, the
/// device ends: its next life takes what it can get.
async fn profile(
    gadget: &mut Gadget,
    link: &Link,
    request: Request,
    name: &str,
) -> Result<(), Fault> {
    let result = gadget.switch(name).await;
    request.answer_with(outcome(&result))?;
    match result {
        Ok(()) => Ok(link.ready()?),
        Err(error) if error.is_refusal() => Ok(()),
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
