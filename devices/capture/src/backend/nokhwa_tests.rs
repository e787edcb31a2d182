use super::*;
use crate::core::{Offer, Size};

const HD: Size = Size {
    width: 1280,
    height: 720,
};

fn source(kind: Kind, offers: &[(FourCc, u32)]) -> Source {
    Source {
        card: "Cam".into(),
        kind,
        formats: offers.iter().map(|offer| offer.0).collect(),
        offers: offers
            .iter()
            .map(|(format, rate)| Offer {
                format: *format,
                size: HD,
                rates: vec![Rate(*rate)],
            })
            .collect(),
    }
}

#[test]
fn linux_numbers_are_found_in_nokhwas_sentences() {
    let busy = "Could not open device stream: Device or resource busy (os error 16)";
    assert_eq!(os_error(busy), Some(16));
    assert_eq!(os_error("Could not get device property"), None);
    assert_eq!(os_error("(os error x)"), None);
}

#[test]
fn only_what_nokhwa_can_start_is_offered() {
    let mut source = source(
        Kind::Camera,
        &[
            (FourCc::MJPG, 30_000),
            (FourCc::UYVY, 30_000),
            (FourCc::YUYV, 7_500),
        ],
    );
    assert_eq!(keep_known(&mut source), Ok(()));
    assert_eq!(source.formats, [FourCc::MJPG, FourCc::YUYV]);
    assert_eq!(source.offers.len(), 1);
}

#[test]
fn what_it_cannot_take_at_all_is_told() {
    let said = |mut source| keep_known(&mut source).expect_err("nothing");
    assert!(said(source(Kind::Receiver, &[])).contains("HDMI receiver"));
    assert!(
        said(source(Kind::Camera, &[(FourCc::UYVY, 30_000)])).contains("nothing that nokhwa takes")
    );
}
