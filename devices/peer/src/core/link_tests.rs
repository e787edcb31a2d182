use super::*;

const A: LinkId = LinkId(1);
const B: LinkId = LinkId(2);

fn ms(n: u64) -> Moment {
    Duration::from_millis(n)
}

fn link(here: u8, there: u8) -> Link {
    Link::new(&Fingerprint::of(here), &Fingerprint::of(there), 7)
}

fn fault(weight: Weight) -> Fault {
    Fault {
        weight,
        told: "told".to_owned(),
    }
}

fn up(link: &mut Link, id: LinkId, opener: Opener, now: Moment) {
    let actions = link.step(Event::Linked(id, opener), now);
    assert!(actions.contains(&Action::Adopt(id)), "{actions:?}");
    link.step(Event::Heard(id), now);
}

/// Lets time pass until something is done.
fn pass(link: &mut Link, now: &mut Moment) -> Vec<Action> {
    for _ in 0..100 {
        *now = link.deadline(*now).expect("something is to come");
        let actions = link.step(Event::Tick, *now);
        if !actions.is_empty() {
            return actions;
        }
    }
    panic!("nothing is ever done");
}

#[test]
fn without_an_address_it_waits_to_be_called() {
    let mut link = link(1, 2);
    assert_eq!(link.deadline(ms(0)), None);
    assert!(link.detail(ms(0)).unwrap().contains("no address"));
    up(&mut link, A, Opener::There, ms(5));
    assert_eq!(link.state(ms(5)), LinkState::Up);
    link.step(Event::Closed(A, None), ms(9));
    assert_eq!(link.deadline(ms(9)), None);
}

#[test]
fn an_address_is_called_until_it_answers_ever_more_seldom() {
    let mut link = link(1, 2);
    let mut now = ms(0);
    let actions = link.step(Event::Addresses(Addresses::Fresh), now);
    assert_eq!(actions, [Action::Dial]);
    let mut waits = Vec::new();
    for _ in 0..12 {
        link.step(Event::DialFailed(fault(Weight::Passing)), now);
        assert_eq!(link.state(now), LinkState::Connecting);
        assert_eq!(link.detail(now).as_deref(), Some("told"));
        let before = now;
        assert_eq!(pass(&mut link, &mut now), [Action::Dial]);
        waits.push(now - before);
    }
    assert!(waits[0] < ms(301) && waits[11] > ms(23_999), "{waits:?}");
    up(&mut link, A, Opener::Here, now);
    assert_eq!(link.detail(now), None);
}

#[test]
fn a_fresh_address_ends_the_waiting_and_a_known_one_does_not() {
    let mut link = link(1, 2);
    link.step(Event::Addresses(Addresses::Fresh), ms(0));
    link.step(Event::DialFailed(fault(Weight::Standing)), ms(0));
    assert_eq!(link.state(ms(0)), LinkState::Refused);
    assert_eq!(link.step(Event::Addresses(Addresses::Same), ms(1)), []);
    let soon = HURRY + ms(2);
    let actions = link.step(Event::Addresses(Addresses::Fresh), soon);
    assert_eq!(actions, [Action::Dial]);
    assert_eq!(
        link.state(soon),
        LinkState::Refused,
        "until it is known better"
    );
}

#[test]
fn whoever_announces_ever_new_addresses_hurries_nobody() {
    let mut link = link(1, 2);
    let mut calls = 0;
    let span = HURRY * 20;
    let mut now = ms(0);
    while now < span {
        let mut actions = link.step(Event::Addresses(Addresses::Fresh), now);
        actions.extend(link.step(Event::Tick, now));
        if actions == [Action::Dial] {
            calls += 1;
            link.step(Event::DialFailed(fault(Weight::Passing)), now);
        }
        now += ms(10);
    }
    // Between two that are brought forward it goes on as after any failure: 250 ms, 500 ms, 1 s, 2 s.
    assert!(calls <= 6 * 20, "{calls}");
}

#[test]
fn of_two_calls_at_once_the_same_stays_on_both_sides() {
    // A was opened by 1, the smaller key; B by 2. Each side sees them in either order.
    let sides = [
        (1, 2, Opener::Here, Opener::There),
        (2, 1, Opener::There, Opener::Here),
    ];
    for (here, there, of_a, of_b) in sides {
        for first in [A, B] {
            let mut link = link(here, there);
            let (other, of_first, of_other) = match first {
                A => (B, of_a, of_b),
                _ => (A, of_b, of_a),
            };
            up(&mut link, first, of_first, ms(0));
            let actions = link.step(Event::Linked(other, of_other), ms(1));
            assert!(actions.contains(&Action::CloseDuplicate(B)), "{actions:?}");
            assert_eq!(link.carries(), Some(A));
            link.step(Event::Closed(B, None), ms(2));
            assert_eq!(link.carries(), Some(A));
        }
    }
}

#[test]
fn whoever_calls_again_has_lost_the_old_one() {
    let mut link = link(1, 2);
    up(&mut link, A, Opener::There, ms(0));
    let actions = link.step(Event::Linked(B, Opener::There), ms(5000));
    assert!(actions.contains(&Action::CloseDuplicate(A)));
    assert_eq!(link.carries(), Some(B));
}

#[test]
fn a_call_that_is_turned_down_makes_sure_that_the_old_one_lives() {
    let mut link = link(1, 2);
    up(&mut link, A, Opener::Here, ms(0));
    let actions = link.step(Event::Linked(B, Opener::There), ms(100));
    assert_eq!(actions, [Action::CloseDuplicate(B), Action::Ping(A)]);
    let again = link.step(Event::Linked(B, Opener::There), ms(100) + STALLED);
    assert!(again.contains(&Action::CloseDuplicate(A)), "{again:?}");
    assert_eq!(link.carries(), Some(B));
}

#[test]
fn a_link_that_is_made_anew_for_a_change_waits_no_longer_each_time() {
    let mut link = link(1, 2);
    let mut now = ms(0);
    link.step(Event::Addresses(Addresses::Fresh), now);
    for _ in 0..10 {
        up(&mut link, A, Opener::Here, now);
        assert_eq!(link.step(Event::Changed, now), []);
        assert_eq!(link.carries(), Some(A), "until it is closed");
        link.step(Event::Closed(A, None), now);
        let before = now;
        assert_eq!(pass(&mut link, &mut now), [Action::Dial]);
        assert!(now - before < ms(301), "{:?}", now - before);
    }
}

#[test]
fn silence_is_stalled_and_then_dead_and_then_called_again() {
    let mut link = link(1, 2);
    link.step(Event::Addresses(Addresses::Fresh), ms(0));
    up(&mut link, A, Opener::Here, ms(0));
    let mut now = ms(0);
    assert_eq!(pass(&mut link, &mut now), [Action::Ping(A)]);
    assert_eq!(now, PING);
    assert_eq!(link.deadline(now), Some(PING + STALLED));
    assert_eq!(link.state(PING + STALLED - ms(1)), LinkState::Up);
    assert_eq!(link.state(PING + STALLED), LinkState::Stalled);
    let mut pings = 0;
    loop {
        match pass(&mut link, &mut now)[..] {
            [Action::Ping(A)] => pings += 1,
            [Action::CloseSilent(A)] => break,
            ref other => panic!("{other:?}"),
        }
    }
    assert_eq!(now, PING + DEAD);
    assert!(pings > 10, "it is asked more often while it is stalled");
    assert_eq!(link.state(now), LinkState::Connecting);
    assert_eq!(pass(&mut link, &mut now), [Action::Dial]);
}

#[test]
fn an_answer_ends_the_stall() {
    let mut link = link(1, 2);
    up(&mut link, A, Opener::Here, ms(0));
    link.step(Event::Tick, PING);
    assert_eq!(link.state(PING + ms(3000)), LinkState::Stalled);
    link.step(Event::Heard(B), PING + ms(3000));
    assert_eq!(
        link.state(PING + ms(3000)),
        LinkState::Stalled,
        "another's answer"
    );
    link.step(Event::Heard(A), PING + ms(3000));
    assert_eq!(link.state(PING + ms(3000)), LinkState::Up);
}

#[test]
fn time_in_which_this_process_stood_still_is_nobodys_silence() {
    let mut link = link(1, 2);
    up(&mut link, A, Opener::Here, ms(0));
    link.step(Event::Tick, PING);
    let late = PING + ms(60_000);
    assert_eq!(link.step(Event::Tick, late), [Action::Ping(A)]);
    assert_eq!(link.carries(), Some(A));
}

#[test]
fn what_happens_to_an_old_connection_is_no_news() {
    let mut link = link(1, 2);
    up(&mut link, A, Opener::There, ms(0));
    up(&mut link, B, Opener::There, ms(1));
    link.step(Event::Closed(A, Some(fault(Weight::Standing))), ms(2));
    link.step(Event::DialFailed(fault(Weight::Standing)), ms(2));
    assert_eq!(link.state(ms(2)), LinkState::Up);
}
