//! Who watches another node's pictures here by a slow link of its own: the encoder there is told.

use crate::{
    node::TestNode,
    streams::{bytes, expect, info, publish, told_of_links, watched, Told, SOURCE},
};
use dkvm_testkit::Failure;
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        peer::{methods, Authorise, Pace},
        video::LinkLoad,
    },
    ErrorCode,
};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(90);
/// Slower than the desk may tell.
const ROUND: Duration = Duration::from_millis(200);
/// What a page takes.
const PAGE: LinkLoad = LinkLoad {
    slowest: Some(60_000),
    fastest: Some(70_000),
};

/// The office's pictures are watched at the desk, over a link that carries all.
struct Film {
    desk: TestNode,
    office: TestNode,
    told: Told,
    number: u64,
}

impl Film {
    fn begin() -> Result<Self, Failure> {
        let (desk, mut office, _) = watched()?;
        let told = told_of_links(&mut office);
        Ok(Self {
            desk,
            office,
            told,
            number: 0,
        })
    }

    /// Shows pictures, and tells these paces of who watches at the desk, until the encoder has been told that.
    fn until_told(&mut self, paces: &[LinkLoad], wanted: LinkLoad) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        while !self.told.borrow().contains(&wanted) {
            if Instant::now() > until {
                let told = format!("{wanted:?} is not told, but {:?}", self.told.borrow());
                return Err(Failure::new(told).with_log(self.office.kernel.log()));
            }
            for load in paces {
                let pace = pace(SOURCE, *load);
                self.desk.kernel.call::<_, Nothing>(methods::PACE, &pace)?;
            }
            let key = self.number == 0;
            publish(
                &mut self.office,
                &info(self.number, key),
                &bytes(self.number, 5000),
            )?;
            expect(&mut self.desk, self.number, 5000)?;
            self.number += 1;
            self.office.kernel.within(ROUND, "nothing")?;
        }
        Ok(())
    }
}

fn pace(from: &str, load: LinkLoad) -> Pace {
    let from = from.to_owned();
    Pace { from, load }
}

#[test]
fn of_a_slow_page_behind_a_free_link_the_encoder_there_is_told_and_that_it_is_gone(
) -> Result<(), Failure> {
    let mut film = Film::begin()?;
    film.until_told(&[PAGE], PAGE)?;
    // Somebody else reads at the desk too, of whom nothing is told: no frame is held up.
    film.desk
        .kernel
        .demand_from(topics::VIDEO_H264, SOURCE, 2)?;
    let fastest = None;
    film.until_told(&[PAGE], LinkLoad { fastest, ..PAGE })?;
    let gone = LinkLoad::default();
    film.until_told(&[PAGE, gone], gone)
}

#[test]
fn a_pace_that_can_be_told_to_nobody_is_refused_in_a_sentence() -> Result<(), Failure> {
    let mut desk = TestNode::start("desk")?;
    let cellar = Authorise {
        node: "cellar".to_owned(),
        fingerprint: "ab".repeat(32),
        address: String::new(),
        grants: vec![],
    };
    desk.kernel
        .call::<_, Nothing>(methods::AUTHORISE, &cellar)?;
    let refusals = [
        ("h264", ErrorCode::BadRequest, "h264.link"),
        ("../h264", ErrorCode::BadRequest, "../h264"),
        ("attic/h264", ErrorCode::NotFound, "attic"),
        ("cellar/h264", ErrorCode::Unavailable, "cellar"),
    ];
    for (from, code, told) in refusals {
        let refused = desk.kernel.refused(methods::PACE, &pace(from, PAGE))?;
        assert_eq!(refused.code, code, "{refused}");
        assert!(refused.message.contains(told), "{refused}");
    }
    Ok(())
}
