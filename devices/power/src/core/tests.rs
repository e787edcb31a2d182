//! The core in virtual time.

use super::*;
use dkvm_wire::vocab::power::Press;
use proptest::prelude::*;

fn core() -> Core {
    let mut core = Core::new(Duration::from_millis(200), Vec::new());
    core.step(Event::Wired(vec![Button::Power, Button::Reset]), at(0));
    core
}

const fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

fn press(button: Button, hold_ms: Option<u32>) -> Event {
    Event::Press(Ticket(1), Press { button, hold_ms })
}

fn seen(led: Led, light: Light, ms: u64) -> Event {
    let at = at(ms);
    Event::Seen(vec![Sample { led, light, at }])
}

const DOWN: Action = Action::Set(Button::Power, Position::Pressed);
const UP: Action = Action::Set(Button::Power, Position::Released);
const DONE: Action = Action::Answer(Ticket(1), Ok(()));

/// All actions from one deadline to the next, with when.
fn run(core: &mut Core) -> Vec<(Time, Action)> {
    let mut all = Vec::new();
    while let Some(due) = core.deadline() {
        all.extend(core.step(Event::Tick, due).into_iter().map(|a| (due, a)));
    }
    all
}

#[test]
fn a_short_press_is_released_and_then_answered() {
    let mut core = core();
    assert_eq!(core.step(press(Button::Power, None), at(1000)), [DOWN]);
    assert_eq!(core.state(at(1000)).pressed, Some(Button::Power));
    assert_eq!(run(&mut core), [(at(1200), UP), (at(1300), DONE)]);
    assert_eq!(core.state(at(1300)).pressed, None);
}

#[test]
fn a_long_hold_is_answered_before_it_ends() {
    let mut core = core();
    core.step(press(Button::Power, Some(6000)), at(0));
    assert_eq!(run(&mut core), [(at(4000), DONE), (at(6000), UP)]);
}

#[test]
fn one_press_at_a_time() {
    let mut core = core();
    core.step(press(Button::Power, Some(5000)), at(0));
    let second = Press {
        button: Button::Reset,
        hold_ms: None,
    };
    let refused = core.step(Event::Press(Ticket(2), second), at(1000));
    let [Action::Answer(Ticket(2), Err(refusal))] = &refused[..] else {
        panic!("{refused:?}")
    };
    let error = dkvm_wire::WireError::from(refusal.clone());
    assert_eq!(error.code, dkvm_wire::ErrorCode::Conflict);
    assert_eq!(
        error.message,
        "the power button is being pressed, for 4000 ms more: wait until it is released"
    );
    assert_eq!(run(&mut core).last(), Some(&(at(5000), UP)));
}

#[test]
fn a_press_in_the_rest_waits_for_its_end() {
    let mut core = core();
    core.step(press(Button::Power, Some(6000)), at(0));
    core.step(Event::Tick, at(6000));
    let again = Press {
        button: Button::Power,
        hold_ms: None,
    };
    assert!(core
        .step(Event::Press(Ticket(2), again), at(6010))
        .is_empty());
    let [Action::Answer(Ticket(3), Err(Refusal::Busy { .. }))] =
        core.step(Event::Press(Ticket(3), again), at(6020))[..]
    else {
        panic!("a third is refused")
    };
    let done = Action::Answer(Ticket(2), Ok(()));
    assert_eq!(
        run(&mut core),
        [(at(6100), DOWN), (at(6300), UP), (at(6400), done)]
    );
}

#[test]
fn senseless_lengths_and_missing_wires_are_refused() {
    for ms in [0, 19, 15_001, u32::MAX] {
        let refused = core().step(press(Button::Power, Some(ms)), at(0));
        assert_eq!(
            refused,
            [Action::Answer(Ticket(1), Err(Refusal::Length(ms)))]
        );
    }
    let mut bare = Core::new(Duration::from_millis(200), Vec::new());
    let refused = bare.step(press(Button::Reset, None), at(0));
    assert_eq!(
        refused,
        [Action::Answer(
            Ticket(1),
            Err(Refusal::NotWired(Button::Reset))
        )]
    );
}

#[test]
fn a_line_that_refuses_is_released_and_told() {
    let mut core = core();
    core.step(press(Button::Power, None), at(0));
    let actions = core.step(Event::Failed("no".to_owned()), at(0));
    let told = Action::Answer(Ticket(1), Err(Refusal::Hardware("no".to_owned())));
    assert_eq!(actions, [UP, told]);
    assert_eq!(core.deadline(), None);
}

#[test]
fn a_goodbye_lets_go() {
    let mut core = core();
    core.step(press(Button::Power, Some(15_000)), at(0));
    let actions = core.step(Event::Goodbye, at(100));
    assert_eq!(
        actions,
        [UP, Action::Answer(Ticket(1), Err(Refusal::Ending))]
    );
    assert!(core.step(Event::Goodbye, at(200)).is_empty());
}

#[test]
fn the_power_led_is_steady_while_it_blinks() {
    let mut core = core();
    assert_eq!(core.state(at(0)).power_led, None);
    core.step(seen(Led::Power, Light::Dark, 0), at(0));
    assert_eq!(core.state(at(0)).power_led, Some(false));
    core.step(seen(Led::Power, Light::Lit, 100), at(100));
    assert_eq!(core.state(at(100)).power_led, Some(false));
    core.step(Event::Tick, at(120));
    assert_eq!(core.state(at(120)).power_led, Some(true));
    for second in 1..10 {
        let light = if second % 2 == 0 {
            Light::Lit
        } else {
            Light::Dark
        };
        core.step(seen(Led::Power, light, second * 1000), at(second * 1000));
        assert_eq!(core.state(at(second * 1000)).power_led, Some(true));
    }
    assert_eq!(core.deadline(), Some(at(12_000)));
    core.step(Event::Tick, at(12_000));
    assert_eq!(core.state(at(12_000)).power_led, Some(false));
}

fn together(samples: &[(Light, u64)]) -> Event {
    let sample = |(light, ms): &(Light, u64)| Sample {
        led: Led::Power,
        light: *light,
        at: at(*ms),
    };
    Event::Seen(samples.iter().map(sample).collect())
}

#[test]
fn a_spike_lights_nothing() {
    let mut core = core();
    core.step(seen(Led::Power, Light::Dark, 0), at(0));
    core.step(together(&[(Light::Lit, 50), (Light::Dark, 51)]), at(90));
    assert_eq!(
        (core.state(at(90)).power_led, core.deadline()),
        (Some(false), None)
    );
}

#[test]
fn what_was_read_late_counts_from_when_it_was() {
    let mut core = core();
    core.step(seen(Led::Power, Light::Dark, 0), at(0));
    core.step(together(&[(Light::Lit, 10), (Light::Dark, 40)]), at(60));
    assert_eq!(core.state(at(60)).power_led, Some(true));
    assert_eq!(core.deadline(), Some(at(3040)));
}

#[test]
fn the_disk_led_glows_after() {
    let mut core = core();
    core.step(seen(Led::Disk, Light::Dark, 0), at(0));
    assert_eq!(core.state(at(0)).disk_led, Some(false));
    core.step(seen(Led::Disk, Light::Lit, 10), at(10));
    core.step(seen(Led::Disk, Light::Dark, 11), at(11));
    assert_eq!(core.deadline(), Some(at(511)));
    assert_eq!(core.state(at(510)).disk_led, Some(true));
    core.step(Event::Tick, at(511));
    assert_eq!(
        (core.state(at(511)).disk_led, core.deadline()),
        (Some(false), None)
    );
    core.step(seen(Led::Disk, Light::Lit, 600), at(600));
    // Lit without end needs no clock.
    assert_eq!(
        (core.state(at(9000)).disk_led, core.deadline()),
        (Some(true), None)
    );
    core.step(Event::Blind(Led::Disk), at(9000));
    assert_eq!(core.state(at(9000)).disk_led, None);
}

fn any_event() -> impl Strategy<Value = Event> {
    let button = prop_oneof![Just(Button::Power), Just(Button::Reset)];
    let hold = proptest::option::of(0..20_000_u32);
    prop_oneof![
        (button, hold, any::<u64>())
            .prop_map(|(button, hold_ms, t)| Event::Press(Ticket(t), Press { button, hold_ms })),
        Just(Event::Tick),
        Just(Event::Goodbye),
        Just(Event::Failed(String::new())),
    ]
}

proptest! {
    /// Whatever is asked and whenever: one button at most is down, for 15 s at most, and every request is answered once.
    #[test]
    fn released_for_certain(events in proptest::collection::vec((0..3000_u64, any_event()), 1..60)) {
        let (mut core, mut now) = (core(), 0);
        let (mut down, mut asked, mut answered) = (None::<(Button, u64)>, 0, 0);
        let mut follow = |actions: Vec<Action>, now: u64| -> Result<(), TestCaseError> {
            for action in actions {
                match action {
                    Action::Set(button, Position::Pressed) => {
                        prop_assert!(down.is_none());
                        down = Some((button, now));
                    }
                    Action::Set(button, Position::Released) => {
                        let (was, since) = down.take().expect("something was pressed");
                        prop_assert_eq!(was, button);
                        prop_assert!(now - since <= 15_000 + 3000);
                    }
                    Action::Answer(..) => answered += 1,
                }
            }
            Ok(())
        };
        for (gap, event) in events {
            now += gap;
            asked += u32::from(matches!(event, Event::Press(..)));
            follow(core.step(event, at(now)), now)?;
        }
        while core.deadline().is_some() {
            now += 1000;
            follow(core.step(Event::Tick, at(now)), now)?;
        }
        prop_assert!(down.is_none());
        prop_assert_eq!(asked, answered);
    }
}
