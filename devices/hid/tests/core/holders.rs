//! Several who speak through different devices, one of them with another's number.

use crate::{page::Page, world::World};

const A: u8 = 4;

fn to(name: &str) -> Vec<Option<String>> {
    vec![Some(name.to_owned())]
}

#[test]
fn answers_go_to_whoever_spoke_and_to_nobody_else() {
    let mut world = World::new();
    let (mut desk, mut web) = (Page::new(1, 1), Page::new(2, 2));
    world.input_from("desk/input", &desk.message());
    assert_eq!(std::mem::take(&mut world.acked), to("desk/input"));
    world.input_from("web", &web.message());
    assert_eq!(std::mem::take(&mut world.acked), to("web"));
    // Who has lost the focus learns it.
    world.input_from("desk/input", &desk.message());
    assert_eq!(std::mem::take(&mut world.acked), to("desk/input"));
    assert_eq!(world.acks.last().map(|ack| ack.focus), Some(2));
}

#[test]
fn nobody_speaks_as_a_holder_of_another_device() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input_from("desk/input", &page.message());
    world.settle();
    world.acked.clear();
    let mut other = Page::new(1, 1);
    other.state.seq = 1000;
    world.input_from("lab/input", &other.message());
    world.settle();
    assert!(!world.nothing_pressed());
    assert_eq!(world.core.state().by, "desk/input");
    assert_eq!(
        (world.acks.last().map(|ack| ack.focus), &*world.acked),
        (Some(2), &*to("lab/input"))
    );
    // It takes the focus as anybody does, and that is seen.
    other.state.focus = 2;
    world.input_from("lab/input", &other.message());
    world.settle();
    assert!(world.nothing_pressed());
    assert_eq!(world.core.state().by, "lab/input");
}

#[test]
fn after_a_death_of_the_device_the_holder_goes_on() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input_from("desk/input", &page.message());
    world.settle();
    world.restart();
    world.settle();
    world.acked.clear();
    page.key(A, false);
    world.input_from("desk/input", &page.message());
    world.settle();
    assert!(world.nothing_pressed());
    assert!(world.acked.iter().all(|one| *one == to("desk/input")[0]));
    assert!(!world.acked.is_empty());
}

#[test]
fn a_step_that_the_target_fetches_is_answered_once() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    world.input(&page.message());
    world.acks.clear();
    page.key(A, true);
    let message = page.message();
    world.input(&message);
    assert_eq!(world.acks, [], "the report is on its way");
    world.settle();
    let told: Vec<_> = world.acks.iter().map(|ack| (ack.seq, ack.steps)).collect();
    assert_eq!(told, [(message.seq, message.first + 1)]);
}

#[test]
fn a_message_is_answered_at_once_where_its_step_may_take_long() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    world.input(&page.message());
    world.acks.clear();
    page.key(A, true);
    world.input(&page.message());
    // Not fetched yet, and said again.
    let again = page.message();
    world.input(&again);
    assert_eq!(world.ack().seq, again.seq);
    world.settle();
    world.unconfigure();
    world.acks.clear();
    page.key(A, false);
    let message = page.message();
    world.input(&message);
    assert_eq!(world.ack().seq, message.seq, "nothing is under way");
}
