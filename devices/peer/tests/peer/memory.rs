//! Pictures of another node for which there is no memory here.

use crate::streams::{bytes, info, publish, watched, SOURCE};
use dkvm_testkit::Failure;
use dkvm_wire::{topics, vocab::peer::PeerState, ErrorCode, WireError};

fn told(state: &PeerState) -> String {
    let told = state.peers.first().and_then(|peer| peer.detail.clone());
    told.unwrap_or_default()
}

#[test]
fn whose_pictures_have_no_room_is_told_to_a_person_while_somebody_wants_to_see_them(
) -> Result<(), Failure> {
    let (mut desk, mut office, _) = watched()?;
    desk.kernel.answer("memory.pool", |_| {
        let why = "a pool of 2 MiB does not fit";
        Err(WireError::new(ErrorCode::Exhausted, why))
    });
    publish(&mut office, &info(0, true), &bytes(0, 5000))?;
    let state = desk.until(|state| told(state).contains("a pool of 2 MiB"))?;
    let detail = told(&state);
    assert!(
        detail.starts_with("the pictures of its target are not shown here"),
        "{detail}"
    );
    desk.kernel.demand_from(topics::VIDEO_H264, SOURCE, 0)?;
    desk.until(|state| told(state).is_empty())?;
    Ok(())
}
