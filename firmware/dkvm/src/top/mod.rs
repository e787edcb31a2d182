//! `dkvm top`: the node, live.

mod rates;
mod screen;
mod view;

use crate::args::Top;
use crate::commands::Session;
use crate::connect::Place;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::{methods, KernelInfo, MemoryStats};
use rates::{Picture, Sample};
use screen::{Key, Screen};
use std::time::Duration;

/// Measures and shows until it is ended, or once.
pub fn run(session: Session, options: &Top, form: Form) -> Result<(), CliError> {
    let interval = Duration::from_millis(u64::from(options.interval));
    if options.once {
        return once(session, interval, form);
    }
    match form {
        Form::Json => stream(session, interval),
        Form::Text => watch(session, interval),
    }
}

fn once(mut session: Session, interval: Duration, form: Form) -> Result<(), CliError> {
    let first = sample(&mut session)?;
    std::thread::sleep(interval);
    let picture = Picture::between(Some(&first), &sample(&mut session)?);
    match form {
        Form::Json => output::json(&picture),
        Form::Text => output::lines(&view::lines(&picture)),
    }
}

fn stream(mut session: Session, interval: Duration) -> Result<(), CliError> {
    let mut last = sample(&mut session)?;
    loop {
        std::thread::sleep(interval);
        let now = sample(&mut session)?;
        output::json(&Picture::between(Some(&last), &now))?;
        last = now;
    }
}

/// The kernel may restart while it is watched: then the screen says so until it is back.
fn watch(session: Session, interval: Duration) -> Result<(), CliError> {
    let place = session.place.clone();
    let mut screen = Screen::enter()?;
    let mut session = Some(session);
    let mut last: Option<Sample> = None;
    loop {
        match measure(&mut session, &place) {
            Ok(now) => {
                screen.show(&view::lines(&Picture::between(last.as_ref(), &now)))?;
                last = Some(now);
            }
            Err(error) => {
                session = None;
                screen.show(&[error.to_string()])?;
            }
        }
        if screen.wait_key(interval)? == Some(Key::Quit) {
            return Ok(());
        }
    }
}

fn measure(session: &mut Option<Session>, place: &Place) -> Result<Sample, CliError> {
    let open = match session.take() {
        Some(open) => open,
        None => Session::open(place.clone())?,
    };
    sample(session.insert(open))
}

fn sample(session: &mut Session) -> Result<Sample, CliError> {
    let kernel: KernelInfo = session.ask(methods::KERNEL_INFO)?;
    let memory: MemoryStats = session.ask(methods::MEMORY_STATS)?;
    Ok(Sample {
        kernel,
        memory,
        devices: session.devices()?.devices,
    })
}
