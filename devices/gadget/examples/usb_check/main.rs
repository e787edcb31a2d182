//! Runs the gadget and hid devices on a machine that is its own USB host (`dummy_hcd`), and checks at the host's input
//! devices what the target gets. Needs root, configfs, `dummy_hcd` and `usbhid`: the lab's scenario `usb-devices` has them.
//!
//! `usb_check FOLDER`, where FOLDER holds the programs `dkvm-gadget` and `dkvm-hid` and a run directory is made.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod faults;
mod host;
mod rig;

use dkvm_testkit::Failure;
use dkvm_wire::vocab::{gadget::UsbState, input::Link};
use host::{Code, EV_KEY, EV_LED, EV_REL};
use rig::Rig;
use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

const A: u8 = 4;
const CAPS_LOCK: u8 = 0x39;
/// Linux's codes of the keys a to g.
const LETTERS: [u16; 7] = [30, 48, 46, 32, 18, 33, 34];
const LEFT: u16 = 0x110;

/// One thing to get right; gives its figure.
type Check = fn(&mut Rig) -> Result<String, Failure>;

fn main() {
    let checks: [(&str, Check); 10] = [
        ("the wire alone", wire),
        ("taps", taps),
        ("burst", burst),
        ("six keys", six_keys),
        ("leds", leds),
        ("mice", mice),
        ("adopted", adopted),
        ("hid killed in a hold", hid_killed),
        ("bus reset", resets),
        ("replug", replug),
    ];
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .expect("name the folder of the programs"),
    );
    tell("faults", faults::all(&folder));
    let mut rig = Rig::start(folder).expect("the devices start");
    for (name, check) in checks {
        tell(name, check(&mut rig));
    }
}

fn tell(name: &str, result: Result<String, Failure>) {
    match result {
        Ok(figure) => println!("ok   {name}: {figure}"),
        Err(failure) => {
            println!("FAIL {name}: {failure}");
            std::process::exit(1);
        }
    }
}

fn must(condition: bool, sentence: impl Into<String>) -> Result<(), Failure> {
    if condition {
        Ok(())
    } else {
        Err(Failure::new(sentence))
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T) -> Result<(), Failure> {
    must(
        found == wanted,
        format!("found {found:?}, wanted {wanted:?}"),
    )
}

/// Latency from a write on /dev/hidg0 to the host's event: what no software of ours can be faster than.
fn wire(rig: &mut Rig) -> Result<String, Failure> {
    let mut hidg = rig.take_keyboard()?;
    let mut micros = Vec::new();
    for _ in 0..500 {
        for (key, value) in [(A, 1), (0, 0)] {
            let start = Instant::now();
            let written = hidg.write_all(&[0, 0, key, 0, 0, 0, 0, 0]);
            written.map_err(|error| Failure::new(error.to_string()))?;
            equal(&rig.host.keyboard.next(EV_KEY)?.value, &value)?;
            micros.push(start.elapsed().as_micros());
        }
    }
    rig.restart_hid()?;
    Ok(spread(micros))
}

fn spread(mut micros: Vec<u128>) -> String {
    micros.sort_unstable();
    let at = |share: usize| micros[micros.len() * share / 100];
    format!(
        "{} steps, median {} µs, p99 {} µs",
        micros.len(),
        at(50),
        at(99)
    )
}

/// Latency from the event to hid to the event of the host.
fn taps(rig: &mut Rig) -> Result<String, Failure> {
    let mut micros = Vec::new();
    for _ in 0..500 {
        for down in [true, false] {
            let start = Instant::now();
            rig.key(A, down)?;
            let seen = rig.host.keyboard.next(EV_KEY)?;
            micros.push(start.elapsed().as_micros());
            equal(
                &seen,
                &Code {
                    kind: EV_KEY,
                    code: LETTERS[0],
                    value: down.into(),
                },
            )?;
        }
        rig.settle()?;
    }
    Ok(spread(micros))
}

/// Many steps at once: all arrive, in order.
fn burst(rig: &mut Rig) -> Result<String, Failure> {
    let start = Instant::now();
    for _ in 0..8 {
        for round in 0..120u8 {
            rig.step(A + round % 7, true);
            rig.step(A + round % 7, false);
        }
        for round in 0..120 {
            if round % 10 == 0 {
                rig.send()?;
            }
            for value in [1, 0] {
                equal(
                    &rig.host.keyboard.next(EV_KEY)?,
                    &Code {
                        kind: EV_KEY,
                        code: LETTERS[round % 7],
                        value,
                    },
                )?;
            }
        }
        rig.settle()?;
    }
    let rate = 8.0 * 240.0 / start.elapsed().as_secs_f64();
    Ok(format!("1920 steps, {rate:.0} steps/s"))
}

fn six_keys(rig: &mut Rig) -> Result<String, Failure> {
    (0..7).for_each(|i| rig.step(A + i, true));
    rig.send()?;
    let down: Vec<_> = (0..6)
        .map(|_| rig.host.keyboard.next(EV_KEY))
        .collect::<Result<_, _>>()?;
    equal(
        &down.iter().map(|code| code.code).collect::<Vec<_>>(),
        &LETTERS[..6].to_vec(),
    )?;
    rig.step(A, false);
    rig.send()?;
    let mut roll = vec![
        rig.host.keyboard.next(EV_KEY)?,
        rig.host.keyboard.next(EV_KEY)?,
    ];
    roll.sort_by_key(|code| code.value);
    equal(
        &roll,
        &vec![
            Code {
                kind: EV_KEY,
                code: LETTERS[0],
                value: 0,
            },
            Code {
                kind: EV_KEY,
                code: LETTERS[6],
                value: 1,
            },
        ],
    )?;
    (1..7).for_each(|i| rig.step(A + i, false));
    rig.send()?;
    (0..6).try_for_each(|_| rig.host.keyboard.next(EV_KEY).map(|_| ()))?;
    rig.settle()?;
    Ok("the seventh waits and comes when one goes".to_owned())
}

fn leds(rig: &mut Rig) -> Result<String, Failure> {
    for on in [true, false] {
        rig.host.keyboard.write(EV_LED, 1, on.into())?;
        rig.hid_state(|state| state.leds.caps == on)?;
    }
    rig.tap(CAPS_LOCK)?;
    (0..2).try_for_each(|_| rig.host.keyboard.next(EV_KEY).map(|_| ()))?;
    Ok("read back".to_owned())
}

fn mice(rig: &mut Rig) -> Result<String, Failure> {
    rig.page.motion.x += 300;
    rig.send()?;
    let mut x = 0;
    while x < 300 {
        x += rig.host.relative.next(EV_REL)?.value;
    }
    equal(&x, &300)?;
    rig.page.at = Some(dkvm_wire::vocab::input::Position { x: 100, y: 200 });
    rig.button(0, true)?;
    equal(
        &rig.host.absolute.next(EV_KEY)?,
        &Code {
            kind: EV_KEY,
            code: LEFT,
            value: 1,
        },
    )?;
    rig.button(0, false)?;
    equal(
        &rig.host.absolute.next(EV_KEY)?,
        &Code {
            kind: EV_KEY,
            code: LEFT,
            value: 0,
        },
    )?;
    rig.settle()?;
    Ok("relative and absolute".to_owned())
}

fn adopted(rig: &mut Rig) -> Result<String, Failure> {
    let (before, disconnects) = (rig.gadget_state.binding, host::disconnects()?);
    let mut millis = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        rig.restart_gadget()?;
        millis.push(start.elapsed().as_millis());
        equal(
            &(rig.gadget_state.binding, rig.gadget_state.state),
            &(before, UsbState::Configured),
        )?;
        rig.tap(A)?;
        (0..2).try_for_each(|_| rig.host.keyboard.next(EV_KEY).map(|_| ()))?;
    }
    equal(&host::disconnects()?, &disconnects)?;
    millis.sort_unstable();
    Ok(format!(
        "50 deaths, 0 disconnects, ready again in {} ms (median)",
        millis[millis.len() / 2]
    ))
}

fn hid_killed(rig: &mut Rig) -> Result<String, Failure> {
    rig.key(A, true)?;
    equal(&rig.host.keyboard.next(EV_KEY)?.value, &1)?;
    rig.settle()?;
    for _ in 0..50 {
        rig.send()?;
        rig.restart_hid()?;
        rig.send()?;
    }
    rig.key(A, false)?;
    equal(
        &rig.host.keyboard.next_but_repeats(EV_KEY)?,
        &Code {
            kind: EV_KEY,
            code: LETTERS[0],
            value: 0,
        },
    )?;
    rig.settle()?;
    Ok("50 deaths, the key stayed down and came up once".to_owned())
}

/// The host resets the device: it is configured anew, and hid is usable.
fn resets(rig: &mut Rig) -> Result<String, Failure> {
    let mut millis = Vec::new();
    for _ in 0..20 {
        host::deauthorize()?;
        rig.hid_state(|state| state.keyboard == Link::NotConfigured)?;
        host::authorize()?;
        let start = Instant::now();
        rig.hid_state(|state| state.keyboard == Link::Ok)?;
        millis.push(start.elapsed().as_millis());
        rig.reopen_host()?;
        rig.tap(A)?;
        (0..2).try_for_each(|_| rig.host.keyboard.next(EV_KEY).map(|_| ()))?;
    }
    millis.sort_unstable();
    Ok(format!(
        "20 times, usable {} ms after it was configured (median)",
        millis[10]
    ))
}

fn replug(rig: &mut Rig) -> Result<String, Failure> {
    let before = rig.gadget_state.binding;
    rig.replug()?;
    equal(&rig.gadget_state.binding, &(before + 1))?;
    std::thread::sleep(Duration::from_millis(200));
    rig.hid_state(|state| state.keyboard == Link::Ok)?;
    rig.reopen_host()?;
    rig.tap(A)?;
    (0..2).try_for_each(|_| rig.host.keyboard.next(EV_KEY).map(|_| ()))?;
    Ok("a new binding, and typed".to_owned())
}
