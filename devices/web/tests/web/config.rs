//! The configuration, as a page is told it and changes it.

use crate::common::{Node, Socket};
use dkvm_testkit::Failure;
use dkvm_wire::{
    encode_body,
    service::{
        methods, Applied, ConfigApplied, ConfigApply, ConfigConfirm, ConfigOrigin, ConfigState,
        Nothing,
    },
    topics,
    vocab::page::{Action, ConfigAnswer, ToPage, ToWeb},
    ErrorCode, WireError,
};

type Outcome = Result<(), Failure>;

fn state(number: u32) -> ConfigState {
    ConfigState {
        digest: "ab".into(),
        origin: ConfigOrigin::Owner,
        number: Some(number),
        trial: None,
        last: None,
    }
}

fn apply() -> ConfigApply {
    ConfigApply {
        text: "# a text\n".into(),
        base: Some("ab".into()),
        confirm_s: 60,
        comment: "more video".into(),
    }
}

fn applied() -> ConfigApplied {
    ConfigApplied {
        number: 5,
        change: Applied::default(),
        notices: vec!["it waits".into()],
    }
}

fn page(node: &Node) -> Result<Socket, Failure> {
    let mut page = node.owner()?.socket("/api/ws")?;
    page.expect(|message| matches!(message, ToPage::Hello { .. }))?;
    Ok(page)
}

fn asked(node: &Node) -> usize {
    let calls = node.kernel.calls().iter();
    calls.filter(|call| call.starts_with("config.")).count()
}

/// Asks, and lets the kernel answer.
fn answer(node: &mut Node, page: &mut Socket, id: u32, action: Action) -> Result<ToPage, Failure> {
    let before = asked(node);
    page.send(&ToWeb::Do { id, action })?;
    page.sync(id)?;
    while asked(node) == before {
        node.kernel.ping()?;
    }
    page.expect(|message| matches!(message, ToPage::Done { id: back, .. } if *back == id))
}

#[test]
fn a_page_is_told_which_one_is_in_force() -> Outcome {
    let mut node = Node::start()?;
    node.kernel.tell(topics::CONFIG_STATE, &state(4))?;
    let mut page = page(&node)?;
    page.expect(|message| *message == ToPage::Config(state(4)))?;
    node.kernel.tell(topics::CONFIG_STATE, &state(5))?;
    page.expect(|message| *message == ToPage::Config(state(5)))
        .map(drop)
}

#[test]
fn what_a_page_asks_for_is_the_kernels_to_answer() -> Outcome {
    let mut node = Node::start()?;
    let applied = applied();
    let told = encode_body(&applied);
    node.kernel.answer(methods::CONFIG_APPLY, move |body| {
        assert_eq!(body, encode_body(&apply()));
        Ok(told.clone())
    });
    node.kernel.answer(methods::CONFIG_CONFIRM, |body| {
        assert_eq!(body, encode_body(&ConfigConfirm { number: 5 }));
        Ok(encode_body(&state(5)))
    });
    node.kernel.answer(methods::CONFIG_HISTORY, |body| {
        assert_eq!(body, encode_body(&Nothing {}));
        Err(WireError::new(ErrorCode::Forbidden, "add \"control\""))
    });
    let mut page = page(&node)?;
    let done = answer(&mut node, &mut page, 1, Action::ConfigApply(apply()))?;
    let ToPage::Done { error, config, .. } = done else {
        return Err(Failure::new(format!("{done:?}")));
    };
    assert_eq!(error, None);
    assert_eq!(
        config.map(|answer| *answer),
        Some(ConfigAnswer::Applied(applied))
    );
    let done = answer(&mut node, &mut page, 2, Action::ConfigConfirm { number: 5 })?;
    assert!(
        matches!(
            done,
            ToPage::Done {
                error: None,
                config: None,
                ..
            }
        ),
        "{done:?}"
    );
    let done = answer(&mut node, &mut page, 3, Action::ConfigHistory)?;
    let ToPage::Done { error, .. } = done else {
        return Err(Failure::new(format!("{done:?}")));
    };
    assert_eq!(error.map(|error| error.code), Some(ErrorCode::Forbidden));
    Ok(())
}
