use super::*;

const NOW: Moment = Duration::from_secs(5);

fn from() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5))
}

fn known() -> Known {
    Known {
        name: "office".into(),
        address: "192.0.2.1:23586".into(),
        key: Fingerprint::of(9),
    }
}

fn same() -> Verdict {
    Verdict::Same {
        grants: Some(vec![Grant::View]),
    }
}

fn met(pairings: &mut Pairings) -> u32 {
    let id = pairings.call("office", Vec::new(), NOW).unwrap();
    pairings.met(id, known(), "123456".into());
    id
}

fn step(pairings: &Pairings, id: u32) -> PairingStep {
    let found = pairings.told().into_iter().find(|one| one.id == id);
    found.unwrap().step
}

fn keeps(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Keep { node, grants, called, .. } if called == "office" && *node == known() && *grants == [Grant::View]))
}

#[test]
fn both_have_to_say_yes_in_whatever_order() {
    let mut pairings = Pairings::default();
    let id = met(&mut pairings);
    let mine = pairings.answer(id, same(), NOW).unwrap();
    assert_eq!(mine, [Action::Tell(id, Said::Same)]);
    assert_eq!(step(&pairings, id), PairingStep::Waiting);
    assert!(keeps(&pairings.said(id, Said::Same, NOW)));
    assert_eq!(step(&pairings, id), PairingStep::Done);

    let id = met(&mut pairings);
    assert_eq!(pairings.said(id, Said::Same, NOW), []);
    assert_eq!(step(&pairings, id), PairingStep::Compare);
    assert!(keeps(&pairings.answer(id, same(), NOW).unwrap()));
}

#[test]
fn what_is_answered_holds_over_what_the_call_named() {
    for (answered, held) in [
        (None, Grant::ALL.to_vec()),
        (Some(Vec::new()), Vec::new()),
        (Some(vec![Grant::View]), vec![Grant::View]),
    ] {
        let mut pairings = Pairings::default();
        let id = pairings.call("office", Grant::ALL.to_vec(), NOW).unwrap();
        assert_eq!(pairings.told()[0].grants, Grant::ALL);
        pairings.met(id, known(), "123456".into());
        pairings.said(id, Said::Same, NOW);
        let verdict = Verdict::Same { grants: answered };
        let actions = pairings.answer(id, verdict, NOW).unwrap();
        assert!(
            matches!(&actions[1], Action::Keep { grants, .. } if *grants == held),
            "{actions:?}"
        );
    }
}

#[test]
fn a_yes_before_there_is_a_code_is_none() {
    let mut pairings = Pairings::default();
    let id = pairings.call("office", Vec::new(), NOW).unwrap();
    assert_eq!(pairings.answer(id, same(), NOW), Err(PairingError::NotNow));
    assert!(!keeps(&pairings.said(id, Said::Same, NOW)));
    assert_eq!(step(&pairings, id), PairingStep::Failed);
}

#[test]
fn one_no_ends_it_for_good() {
    let mut pairings = Pairings::default();
    let id = met(&mut pairings);
    let told = pairings.answer(id, Verdict::Refuse, NOW).unwrap();
    assert_eq!(told[0], Action::Tell(id, Said::Refuse));
    assert_eq!(pairings.said(id, Said::Same, NOW), []);
    assert_eq!(pairings.answer(id, same(), NOW), Err(PairingError::Unknown));

    let id = met(&mut pairings);
    pairings.answer(id, same(), NOW).unwrap();
    assert!(!keeps(&pairings.said(id, Said::Refuse, NOW)));
    assert!(!keeps(&pairings.said(id, Said::Same, NOW)));
    assert_eq!(step(&pairings, id), PairingStep::Failed);
}

#[test]
fn nobody_has_longer_than_two_minutes_and_then_it_is_forgotten() {
    let mut pairings = Pairings::default();
    let id = met(&mut pairings);
    assert_eq!(pairings.deadline(), Some(NOW + PATIENCE));
    assert_eq!(pairings.tick(NOW + PATIENCE - Duration::from_millis(1)), []);
    let ended = pairings.tick(NOW + PATIENCE);
    assert!(matches!(ended[..], [Action::End(of, _)] if of == id));
    assert_eq!(pairings.answer(id, same(), NOW), Err(PairingError::Unknown));
    assert_eq!(pairings.tick(NOW + PATIENCE + TOLD), []);
    assert_eq!((pairings.told().len(), pairings.deadline()), (0, None));
}

#[test]
fn one_is_called_at_a_time_and_not_too_often() {
    let mut pairings = Pairings::default();
    let mut admitted = 0;
    for _ in 0..50 {
        let Ok(id) = pairings.called(from(), NOW) else {
            continue;
        };
        admitted += 1;
        let second = pairings.called(from(), NOW);
        assert_eq!(second, Err(PairingError::Busy));
        pairings.fail(id, "gone", NOW);
    }
    assert_eq!(admitted, super::super::limit::OF_ONE);
    let refused = pairings.called(from(), NOW);
    assert_eq!(refused, Err(PairingError::TooOften));
    pairings.tick(NOW);
    assert!(pairings.told().len() <= ENDED_MOST);
}

#[test]
fn own_calls_are_few_at_a_time() {
    let mut pairings = Pairings::default();
    for _ in 0..OUTGOING_MOST {
        pairings.call("office", Vec::new(), NOW).unwrap();
    }
    assert_eq!(
        pairings.call("office", Vec::new(), NOW),
        Err(PairingError::TooMany)
    );
}
