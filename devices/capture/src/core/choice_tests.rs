use super::*;

const HD: Size = Size {
    width: 1280,
    height: 720,
};
const FULL: Size = Size {
    width: 1920,
    height: 1080,
};
const UHD: Size = Size {
    width: 3840,
    height: 2160,
};
const NOTHING: VideoMode = VideoMode {
    width: 0,
    height: 0,
    millihertz: 0,
};

fn offer(format: FourCc, size: Size, hertz: &[u32]) -> Offer {
    Offer {
        format,
        size,
        rates: hertz.iter().map(|hz| Rate(hz * 1000)).collect(),
    }
}

fn dongle() -> Source {
    Source {
        card: "USB Video".into(),
        kind: Kind::Camera,
        formats: vec![FourCc::YUYV, FourCc::MJPG],
        offers: vec![
            offer(FourCc::YUYV, FULL, &[5]),
            offer(FourCc::YUYV, HD, &[10]),
            offer(FourCc::MJPG, FULL, &[60, 30]),
            offer(FourCc::MJPG, HD, &[60, 30]),
            offer(FourCc::MJPG, UHD, &[30]),
        ],
    }
}

fn receiver() -> Source {
    Source {
        card: "tc358743".into(),
        kind: Kind::Receiver,
        formats: vec![FourCc::RGB24, FourCc::UYVY],
        offers: vec![],
    }
}

fn plan(source: &Source, signal: Option<VideoMode>, wish: VideoMode) -> Plan {
    choose(source, signal, wish, None).expect("a plan")
}

#[test]
fn a_dongle_gives_its_own_jpeg_at_full_hd() {
    let expected = Plan {
        format: FourCc::MJPG,
        size: FULL,
        rate: Rate(60_000),
        pace: None,
    };
    assert_eq!(plan(&dongle(), None, NOTHING), expected);
}

#[test]
fn a_lower_rate_is_the_drivers_where_it_has_it_and_ours_where_not() {
    let at = |hertz: u32| plan(&dongle(), None, HD.at(Rate(hertz * 1000)));
    assert_eq!((at(30).rate, at(30).pace), (Rate(30_000), None));
    assert_eq!(
        (at(10).rate, at(10).pace),
        (Rate(30_000), Some(Rate(10_000)))
    );
    assert_eq!((at(75).rate, at(75).pace), (Rate(60_000), None));
}

#[test]
fn a_wished_format_wins_or_is_refused() {
    let raw = choose(&dongle(), None, NOTHING, Some(FourCc::YUYV)).expect("offered");
    assert_eq!((raw.format, raw.size), (FourCc::YUYV, FULL));
    let refused = choose(&dongle(), None, NOTHING, Some(FourCc::NV12)).expect_err("not offered");
    assert!(refused.to_string().contains("only YUYV, MJPG"), "{refused}");
}

#[test]
fn a_receiver_follows_its_signal_whatever_was_wished() {
    let signal = HD.at(Rate(60_000));
    let followed = plan(&receiver(), Some(signal), FULL.at(Rate(30_000)));
    assert_eq!(
        followed,
        Plan {
            format: FourCc::UYVY,
            size: HD,
            rate: Rate(60_000),
            pace: Some(Rate(30_000))
        }
    );
    assert_eq!(
        choose(&receiver(), None, NOTHING, None),
        Err(NoPlan::NoSignal)
    );
}

#[test]
fn a_receiver_offers_its_signal_and_rates_below() {
    let offered = modes(&receiver(), Some(HD.at(Rate(60_000))));
    let rates: Vec<u32> = offered.iter().map(|mode| mode.millihertz).collect();
    assert_eq!(rates, [60_000, 30_000, 20_000, 15_000, 10_000, 5_000]);
    assert!(modes(&receiver(), None).is_empty());
}

#[test]
fn a_wavering_measurement_is_the_same_stream() {
    let a = plan(&receiver(), Some(HD.at(Rate(59_940))), NOTHING);
    let b = plan(&receiver(), Some(HD.at(Rate(60_010))), NOTHING);
    assert!(a.is_same_stream(&b));
    let c = plan(&receiver(), Some(HD.at(Rate(50_000))), NOTHING);
    assert!(!a.is_same_stream(&c));
}

#[test]
fn wishes_are_checked_against_what_is_there() {
    assert!(check_wish(&dongle(), None, NOTHING).is_ok());
    assert!(check_wish(&dongle(), None, HD.at(Rate(7_000))).is_ok());
    let odd = Size {
        width: 1234,
        height: 5,
    }
    .at(Rate::ANY);
    let refused = check_wish(&dongle(), None, odd).expect_err("not offered");
    assert!(
        refused
            .to_string()
            .contains("1234x5 is not offered by USB Video; it offers 1280x720"),
        "{refused}"
    );
    assert!(check_wish(&receiver(), None, HD.at(Rate::ANY)).is_err());
}

#[test]
fn a_camera_that_lists_no_rates_still_works() {
    let mut source = dongle();
    source.offers = vec![offer(FourCc::YUYV, HD, &[])];
    assert_eq!(plan(&source, None, NOTHING).rate, Rate::ANY);
    assert_eq!(modes(&source, None), [HD.at(Rate::ANY)]);
    source.offers.clear();
    assert!(choose(&source, None, NOTHING, None).is_err());
}
