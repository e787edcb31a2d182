//! Every state × event keeps the invariants, and the stories that a device can live.

use super::*;
use dkvm_wire::service::{Desired, Phase};

const TERMS: Terms = Terms {
    heartbeat_ms: 2000,
    ready_ms: 15_000,
    rearm: false,
};
const KILLED: Event = Event::Exited(Exit::Signal(9));

fn code(code: i32) -> Event {
    Event::Exited(Exit::Code(code))
}

/// A device in virtual time: events in, actions out.
struct Story {
    state: State,
    now: Millis,
    terms: Terms,
}

impl Story {
    fn new() -> Self {
        Self {
            state: State::new(Desired::Up, 7),
            now: Millis(1000),
            terms: TERMS,
        }
    }

    fn on(&mut self, event: Event) -> Vec<Action> {
        let (state, actions) = step(self.state.clone(), event, self.now, self.terms);
        self.state = state;
        actions
    }

    fn later(&mut self, ms: u64) -> Vec<Action> {
        self.now = self.now + ms;
        self.on(Event::Tick)
    }

    fn running() -> Self {
        let mut story = Self::new();
        story.start();
        story
    }

    fn start(&mut self) {
        assert!(self.on(Event::Unblocked).contains(&Action::Spawn));
        self.on(Event::Spawned);
        self.on(Event::Welcomed);
        self.on(Event::Ready(None));
        assert_eq!(self.state.phase(), Phase::Running);
    }

    /// Time until the next start, by ticking through what is due; `None`: never.
    fn wait_for_start(&mut self) -> Option<u64> {
        let from = self.now;
        while self.state.stage != Stage::Waiting {
            let due = self.state.due()?;
            assert!(
                !matches!(self.state.stage, Stage::Failed { .. }) || self.terms.rearm,
                "a failed device stays"
            );
            self.now = due;
            self.on(Event::Tick);
        }
        Some(self.now.since(from))
    }
}

fn buried(actions: &[Action]) -> Option<String> {
    actions.iter().find_map(|action| match action {
        Action::Buried { cause } => cause.clone(),
        _ => None,
    })
}

fn all_stages() -> Vec<Stage> {
    let (now, late) = (Millis(1000), Millis(9_000_000));
    let mut stages = vec![Stage::Stopped, Stage::Waiting];
    for due in [now, late] {
        stages.push(Stage::Starting { due });
        stages.push(Stage::Preparing { due });
        for beat in [Beat::Next(due), Beat::Due(due)] {
            stages.push(Stage::Running {
                since: Millis(500),
                degraded: None,
                beat,
            });
            stages.push(Stage::Running {
                since: Millis(500),
                degraded: Some("half".into()),
                beat,
            });
        }
        for means in [Means::Goodbye, Means::Eof, Means::Term, Means::Kill] {
            stages.push(Stage::Stopping { means, due });
        }
        stages.push(Stage::Dying {
            cause: "c".into(),
            ready: None,
            due,
        });
        stages.push(Stage::Dying {
            cause: "c".into(),
            ready: Some(Millis(1)),
            due,
        });
        stages.push(Stage::Backoff {
            until: due,
            hardware: true,
        });
        stages.push(Stage::Backoff {
            until: due,
            hardware: false,
        });
        stages.push(Stage::Failed { until: Some(due) });
    }
    stages.push(Stage::Failed { until: None });
    stages
}

fn all_events() -> Vec<Event> {
    let mut events = vec![
        Event::Desire(Desired::Up),
        Event::Desire(Desired::Down),
        Event::Desire(Desired::Held),
        Event::Restart,
        Event::Unblocked,
        Event::Spawned,
        Event::SpawnFailed(Fault::Lasting("no".into())),
        Event::SpawnFailed(Fault::Passing("no".into())),
        Event::Welcomed,
        Event::Ready(None),
        Event::Ready(Some("half".into())),
        Event::Pong,
        Event::Violation("it broke a rule".into()),
        Event::Hotplug,
        Event::Tick,
        Event::Lag(5000),
        KILLED,
        Event::Exited(Exit::Signal(11)),
    ];
    events.extend([0, 1, 69, 70, 75, 76, 78].map(code));
    events
}

/// What must hold whatever happens in whatever state.
fn check(before: &State, event: &Event, after: &State, actions: &[Action]) {
    let what = format!("{before:?}\n  on {event:?}\n  → {after:?}\n  {actions:?}");
    let spawned = actions.contains(&Action::Spawn);
    let exited = matches!(event, Event::Exited(_) | Event::SpawnFailed(_));
    let gone = actions
        .iter()
        .any(|action| matches!(action, Action::Buried { .. }));
    assert!(
        !spawned || !before.has_process(),
        "a second process: {what}"
    );
    assert!(
        !before.has_process() || after.has_process() || exited,
        "a process was forgotten: {what}"
    );
    assert!(
        before.has_process() || !after.has_process() || spawned,
        "a process from nowhere: {what}"
    );
    assert_eq!(
        gone,
        before.has_process() && matches!(event, Event::Exited(_)),
        "buried once, at its end: {what}"
    );
    assert!(
        !spawned || after.desired == Desired::Up,
        "started although not wanted: {what}"
    );
    let waits = after.due().is_some() || !after.has_process();
    assert!(waits, "a process without a deadline: {what}");
    let told = before.phase() == after.phase() || actions.contains(&Action::Changed);
    assert!(told, "a change that nobody is told: {what}");
    let signals = actions.iter().any(|action| {
        matches!(
            action,
            Action::Signal(_) | Action::Ping | Action::Goodbye { .. }
        )
    });
    assert!(
        !signals || before.has_process(),
        "a signal to nobody: {what}"
    );
}

#[test]
fn every_state_and_event_keeps_the_invariants() {
    let mut cases = 0;
    for desired in [Desired::Up, Desired::Down, Desired::Held] {
        for stage in all_stages() {
            for event in all_events() {
                let mut before = State::new(desired, 3);
                before.stage = stage.clone();
                // Only a wanted device waits to be started.
                if desired != Desired::Up
                    && matches!(
                        stage,
                        Stage::Waiting | Stage::Backoff { .. } | Stage::Failed { .. }
                    )
                {
                    continue;
                }
                let (after, actions) = step(before.clone(), event.clone(), Millis(1000), TERMS);
                check(&before, &event, &after, &actions);
                cases += 1;
            }
        }
    }
    assert!(cases > 1500, "{cases}");
}

#[test]
fn random_lives_keep_the_invariants() {
    let events = all_events();
    let mut random: u32 = 0x9e37_79b9;
    let mut story = Story::new();
    for _ in 0..50_000 {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let event = events[random as usize % events.len()].clone();
        story.now = story.now + u64::from(random >> 20);
        let before = story.state.clone();
        let actions = story.on(event.clone());
        check(&before, &event, &story.state, &actions);
    }
}

#[test]
fn a_killed_device_in_service_is_back_at_once() {
    let mut story = Story::running();
    story.later(100);
    for _ in 0..50 {
        let cause = buried(&story.on(KILLED));
        assert_eq!(cause.as_deref(), Some("killed by SIGKILL"));
        assert_eq!(story.wait_for_start(), Some(0));
        story.start();
        story.now = story.now + 1000;
    }
}

#[test]
fn a_loop_of_kills_has_a_floor() {
    let mut story = Story::running();
    story.on(KILLED);
    story.start();
    story.now = story.now + 10;
    story.on(KILLED);
    assert_eq!(story.wait_for_start(), Some(100));
}

#[test]
fn a_crash_after_a_long_run_is_back_at_once_and_one_before_is_not() {
    let mut story = Story::running();
    story.now = story.now + 5_000;
    story.on(code(70));
    assert_eq!(story.wait_for_start(), Some(0));
    story.start();
    story.now = story.now + 500;
    story.on(code(70));
    let wait = story.wait_for_start().expect("again");
    assert!((200..=300).contains(&wait), "{wait}");
}

#[test]
fn back_off_doubles_and_then_gives_up() {
    let mut story = Story::new();
    let mut waits = Vec::new();
    for _ in 0..8 {
        story.on(Event::Unblocked);
        story.on(code(70));
        if matches!(story.state.stage, Stage::Failed { .. }) {
            break;
        }
        waits.push(story.wait_for_start().expect("again"));
    }
    assert_eq!(waits.len(), 7, "{waits:?}");
    assert!(waits.windows(2).all(|pair| pair[1] > pair[0]), "{waits:?}");
    assert_eq!(
        (story.state.phase(), story.state.due()),
        (Phase::Failed, None)
    );
    assert!(story
        .state
        .explain()
        .is_some_and(|text| text.contains("8 failures") && text.contains("exit code 70")));
}

#[test]
fn a_kvm_rearms() {
    let mut story = Story::new();
    story.terms.rearm = true;
    story.on(Event::Unblocked);
    story.on(code(78));
    assert_eq!(story.state.phase(), Phase::Failed);
    assert_eq!(story.wait_for_start(), Some(300_000));
}

#[test]
fn a_wrong_configuration_fails_at_once_until_a_person_acts() {
    let mut story = Story::new();
    story.on(Event::Unblocked);
    story.on(code(78));
    assert_eq!(
        (story.state.phase(), story.state.due()),
        (Phase::Failed, None)
    );
    story.on(Event::Restart);
    assert_eq!(story.state.stage, Stage::Waiting);
}

#[test]
fn absent_hardware_is_no_failure_and_a_plug_wakes() {
    let mut story = Story::new();
    for _ in 0..100 {
        story.on(Event::Unblocked);
        story.on(code(69));
        assert_eq!(story.state.phase(), Phase::Backoff);
        assert_eq!(story.wait_for_start(), Some(3000));
    }
    story.on(Event::Unblocked);
    story.on(code(69));
    story.on(Event::Hotplug);
    assert_eq!(story.state.stage, Stage::Waiting);
    story.on(Event::Unblocked);
    story.on(code(70));
    story.on(Event::Hotplug);
    assert_eq!(
        story.state.phase(),
        Phase::Backoff,
        "a plug heals no other fault"
    );
}

#[test]
fn a_clean_end_that_nobody_asked_for_is_no_failure() {
    let mut story = Story::new();
    for _ in 0..20 {
        story.start();
        story.on(code(0));
        assert_eq!(story.wait_for_start(), Some(1000));
    }
}

#[test]
fn hello_and_ready_have_deadlines() {
    let mut story = Story::new();
    story.on(Event::Unblocked);
    assert!(story.later(2999).is_empty());
    assert!(story.later(1).contains(&Action::Signal(Signal::Kill)));
    assert!(
        buried(&story.on(KILLED)).is_some_and(|cause| cause.contains("no hello within 3000 ms"))
    );

    // Each further start has more time, until one says hello.
    for patience in [6000, 12_000, 12_000] {
        story.wait_for_start();
        story.on(Event::Unblocked);
        assert!(story.later(patience - 1).is_empty());
        assert!(story.later(1).contains(&Action::Signal(Signal::Kill)));
        story.on(KILLED);
    }
    story.wait_for_start();
    story.on(Event::Unblocked);
    story.on(Event::Welcomed);
    story.on(KILLED);
    story.wait_for_start();
    story.on(Event::Unblocked);
    assert!(story.later(3000).contains(&Action::Signal(Signal::Kill)));

    let mut story = Story::new();
    story.on(Event::Unblocked);
    story.on(Event::Welcomed);
    assert!(story.later(15_000).contains(&Action::Signal(Signal::Kill)));
    assert!(
        buried(&story.on(KILLED)).is_some_and(|cause| cause.contains("not ready within 15000 ms"))
    );
}

#[test]
fn a_hung_device_is_killed_and_an_answering_one_is_not() {
    let mut story = Story::running();
    for _ in 0..10 {
        assert_eq!(story.later(500), [Action::Ping]);
        assert!(story.later(1999).is_empty());
        assert!(story.on(Event::Pong).is_empty());
    }
    assert_eq!(story.later(500), [Action::Ping]);
    assert!(story.later(2000).contains(&Action::Signal(Signal::Kill)));
    assert!(
        buried(&story.on(KILLED)).is_some_and(|cause| cause.contains("did not answer for 2000 ms"))
    );
}

#[test]
fn the_kernels_own_pause_is_not_held_against_a_device() {
    let mut story = Story::running();
    story.later(500);
    story.now = story.now + 60_000;
    story.on(Event::Lag(60_000));
    assert!(story.on(Event::Tick).is_empty());
    assert!(story.later(2000).contains(&Action::Signal(Signal::Kill)));
}

#[test]
fn an_end_is_asked_for_ever_harder() {
    let mut story = Story::running();
    assert!(matches!(
        story.on(Event::Desire(Desired::Down))[..],
        [Action::Changed, Action::Goodbye { .. }, Action::Changed]
    ));
    assert_eq!(story.later(1000), [Action::CloseInput]);
    assert_eq!(story.later(500), [Action::Signal(Signal::Term)]);
    assert_eq!(story.later(500), [Action::Signal(Signal::Kill)]);
    assert!(story
        .later(5000)
        .iter()
        .any(|action| matches!(action, Action::Warn(text) if text.contains("SIGKILL"))));
    story.on(KILLED);
    assert_eq!(
        (story.state.phase(), story.state.record.deaths),
        (Phase::Stopped, 0)
    );
}

#[test]
fn a_restart_ends_and_starts() {
    let mut story = Story::running();
    story.on(Event::Restart);
    assert_eq!(story.state.phase(), Phase::Stopping);
    assert_eq!(buried(&story.on(code(0))), None);
    assert_eq!(
        (&story.state.stage, story.state.record.deaths),
        (&Stage::Waiting, 0)
    );
}

#[test]
fn wanted_again_while_it_ends() {
    let mut story = Story::running();
    story.on(Event::Desire(Desired::Down));
    story.on(Event::Desire(Desired::Up));
    story.on(code(0));
    assert_eq!(story.state.stage, Stage::Waiting);
}

#[test]
fn degraded_and_back_are_told() {
    let mut story = Story::running();
    assert_eq!(
        story.on(Event::Ready(Some("no signal".into()))),
        [Action::Changed]
    );
    assert_eq!(
        (story.state.phase(), story.state.explain().as_deref()),
        (Phase::Degraded, Some("no signal"))
    );
    assert!(story.on(Event::Ready(Some("no signal".into()))).is_empty());
    story.on(Event::Ready(None));
    assert_eq!(story.state.phase(), Phase::Running);
}

#[test]
fn a_program_that_is_not_there_fails_at_once_and_a_refusing_linux_is_asked_again() {
    let mut story = Story::new();
    story.on(Event::Unblocked);
    story.on(Event::SpawnFailed(Fault::Lasting("no program".into())));
    assert_eq!(story.state.phase(), Phase::Failed);
    let mut story = Story::new();
    story.on(Event::Unblocked);
    story.on(Event::SpawnFailed(Fault::Passing("no memory".into())));
    assert_eq!(story.state.phase(), Phase::Backoff);
}

#[test]
fn a_device_that_is_stopped_now_and_then_is_never_given_up() {
    let mut story = Story::new();
    for _ in 0..100 {
        story.start();
        for _ in 0..5 {
            assert_eq!(story.later(500), [Action::Ping]);
            story.on(Event::Pong);
        }
        story.later(500);
        assert!(story.later(2000).contains(&Action::Signal(Signal::Kill)));
        story.on(KILLED);
        assert_eq!(story.wait_for_start(), Some(0));
    }
}

#[test]
fn a_device_that_always_hangs_at_once_is_given_up() {
    let mut story = Story::new();
    for n in 1..=8 {
        story.start();
        story.later(500);
        story.later(2000);
        story.on(KILLED);
        assert_eq!(story.state.phase() == Phase::Failed, n == 8);
        if n < 8 {
            assert!(story.wait_for_start().is_some_and(|wait| wait > 0));
        }
    }
}
