//! Who works the target, and whether he does just now.

use crate::{page::Page, world::World};
use dkvm_hid::core::{focus::Source, Event};
use dkvm_wire::vocab::input::{Position, BUSY_MS};

const A: u8 = 4;

fn busy(world: &World) -> bool {
    world.core.state().busy
}

/// Time goes by without a word; each deadline on its way is kept.
fn silence(world: &mut World, millis: u64) {
    for _ in 0..millis {
        world.advance(1);
        world.settle();
    }
}

#[test]
fn to_take_the_focus_is_no_work() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    assert_eq!(world.core.state().by, "");
    let mut claim = page.message();
    claim.at = Some(Position { x: 1, y: 1 });
    world.input(&claim);
    world.settle();
    assert_eq!(world.core.state().by, "web");
    assert!(!busy(&world));
}

#[test]
fn a_key_makes_busy_for_three_seconds() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true).key(A, false);
    world.input(&page.message());
    world.settle();
    assert!(busy(&world));
    silence(&mut world, BUSY_MS - 1);
    assert!(busy(&world));
    silence(&mut world, 1);
    assert!(!busy(&world));
    // The same said again is no news.
    world.input(&page.message());
    world.settle();
    assert!(!busy(&world));
}

#[test]
fn who_holds_a_key_stays_busy() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    for _ in 0..100 {
        world.input(&page.message());
        world.settle();
        silence(&mut world, 100);
        assert!(busy(&world));
    }
}

#[test]
fn a_pointer_that_moves_makes_busy() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    world.input(&page.message());
    let mut moved = page.message();
    moved.seq += 1;
    moved.motion.x += 1;
    world.input(&moved);
    assert!(busy(&world));
    silence(&mut world, BUSY_MS);
    assert!(!busy(&world));
    moved.seq += 1;
    moved.at = Some(Position { x: 9, y: 9 });
    world.input(&moved);
    assert!(busy(&world));
}

#[test]
fn who_is_gone_or_lost_it_is_not() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    world.feed(Event::SourceGone(Source {
        name: "web".into(),
        generation: 1,
    }));
    assert!(!busy(&world));
    world.input(&page.message());
    world.settle();
    assert!(busy(&world), "it came back and holds it still");
    world.input(&Page::new(2, 2).message());
    assert!(!busy(&world), "another has it, who did nothing");
}

#[test]
fn a_word_costs_no_state_for_each_key() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    let mut states = vec![world.core.state()];
    for _ in 0..50 {
        page.key(A, true).key(A, false);
        world.input(&page.message());
        world.settle();
        silence(&mut world, 20);
        let state = world.core.state();
        if states.last() != Some(&state) {
            states.push(state);
        }
    }
    assert_eq!(states.len(), 2);
}
