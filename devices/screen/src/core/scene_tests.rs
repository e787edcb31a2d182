use super::*;
use dkvm_wire::vocab::{
    desk::DeskTarget,
    peer::{LinkState, PeerInfo},
    video::{H264Settings, Signal},
};

fn video(signal: Signal) -> VideoState {
    VideoState {
        signal,
        mode: VideoMode {
            width: 1280,
            height: 720,
            millihertz: 60_000,
        },
        format: "YUYV".into(),
        source: "test".into(),
        modes: Vec::new(),
        streaming: false,
        rate: 0,
        detail: None,
    }
}

fn h264() -> H264State {
    H264State {
        settings: H264Settings {
            max_rate: 0,
            max_kbit: 0,
        },
        rate: 0,
        kbit: 0,
        quantiser: 1,
        detail: None,
    }
}

fn peers(link: LinkState) -> PeerState {
    let office = PeerInfo {
        node: "office".into(),
        fingerprint: String::new(),
        address: String::new(),
        grants: Vec::new(),
        granted: Vec::new(),
        link,
        detail: None,
        rtt_us: 0,
        version: String::new(),
    };
    PeerState {
        peers: vec![office],
        ..PeerState::default()
    }
}

fn at(node: Option<&str>, moves: u32) -> DeskState {
    DeskState {
        node: node.map(str::to_owned),
        moves,
        ..DeskState::default()
    }
}

fn alone(node: &str) -> Target {
    Target::alone(node, Source::of_node(node))
}

fn shown(scene: &Scene) -> Option<String> {
    let target = scene.target(&Choice::Follow)?;
    let screens = target.screens.iter();
    let names: Vec<&str> = screens.map(|screen| screen.source.name()).collect();
    Some(names.join(" "))
}

#[test]
fn the_picture_follows_the_keyboard_and_stays_when_that_comes_home() {
    let mut scene = Scene::default();
    assert_eq!(shown(&scene), None);
    scene.video("capture", video(Signal::Ok));
    assert_eq!(shown(&scene), None, "this machine's own is no target's");
    scene.video("office/capture", video(Signal::Ok));
    assert_eq!(shown(&scene).as_deref(), Some("office/h264"));
    assert!(scene.take_desk(at(Some("lab"), 1)));
    assert_eq!(shown(&scene).as_deref(), Some("lab/h264"));
    assert!(!scene.take_desk(at(Some("lab"), 1)), "said again");
    assert!(!scene.take_desk(at(None, 2)));
    assert_eq!(shown(&scene).as_deref(), Some("lab/h264"));
    scene.gone("input");
    assert_eq!(shown(&scene).as_deref(), Some("lab/h264"));
}

#[test]
fn the_configuration_chooses_whatever_the_keyboard_does() {
    let mut scene = Scene::default();
    scene.take_desk(at(Some("lab"), 1));
    let fixed = Choice::Fixed(Source::of_node("office"));
    assert_eq!(scene.target(&fixed), Some(alone("office")));
}

#[test]
fn what_is_in_the_way_is_said_the_nearest_first() {
    let mut scene = Scene::default();
    let office = Source::of_node("office");
    assert_eq!(scene.obstacle(&office), None, "nothing is known yet");
    scene.video("office/capture", video(Signal::None));
    scene.peers(peers(LinkState::Connecting));
    assert!(scene
        .obstacle(&office)
        .is_some_and(|why| why.starts_with("office: no link")));
    scene.peers(peers(LinkState::Up));
    assert!(scene
        .obstacle(&office)
        .is_some_and(|why| why.contains("no signal")));
    scene.video("office/capture", video(Signal::Ok));
    assert_eq!(scene.obstacle(&office), None);
    scene.peers(PeerState::default());
    assert!(scene
        .obstacle(&office)
        .is_some_and(|why| why.contains("not paired")));
    scene.gone("peer");
    assert!(scene
        .obstacle(&office)
        .is_some_and(|why| why.contains("the device peer does not run")));
    let here = Source::named("h264").expect("a name");
    assert_eq!(scene.obstacle(&here), None, "that needs no link");
}

#[test]
fn a_source_that_gives_jpegs_says_so() {
    let mut scene = Scene::default();
    let state = H264State {
        detail: Some("it gives its own JPEGs".into()),
        ..h264()
    };
    scene.h264("office/h264", state);
    let office = Source::of_node("office");
    assert_eq!(
        scene.obstacle(&office).as_deref(),
        Some("office: it gives its own JPEGs")
    );
    scene.gone("office/h264");
    assert_eq!(scene.obstacle(&office), None);
}

#[test]
fn jpegs_are_taken_where_there_is_no_h264_and_they_can_be_had() {
    let mut scene = Scene::default();
    scene.take_desk(at(Some("office"), 1));
    let refusing = |detail: Option<&str>| H264State {
        detail: detail.map(str::to_owned),
        ..h264()
    };
    scene.encode("office/encode");
    assert_eq!(shown(&scene).as_deref(), Some("office/h264"));
    scene.h264("office/h264", refusing(Some("it gives its own JPEGs")));
    assert_eq!(shown(&scene).as_deref(), Some("office/encode"));
    let fixed = Choice::Fixed(Source::of_node("office"));
    let jpeg = Source::jpeg_of_node("office");
    assert_eq!(
        scene.target(&fixed),
        Some(Target::alone("office", jpeg.clone()))
    );
    assert_eq!(scene.obstacle(&jpeg), None);
    scene.video("office/capture", video(Signal::None));
    assert!(scene
        .obstacle(&jpeg)
        .is_some_and(|why| why.contains("no signal")));
    scene.gone("office/encode");
    assert_eq!(shown(&scene).as_deref(), Some("office/h264"), "it says why");
    scene.encode("office/encode");
    scene.h264("office/h264", refusing(None));
    assert_eq!(shown(&scene).as_deref(), Some("office/h264"));
    let other = Choice::Fixed(Source::named("office/h264-low").expect("a name"));
    scene.h264("office/h264", refusing(Some("none")));
    assert_eq!(
        scene.target(&other).map(|t| t.screens[0].source.kind()),
        Some(crate::core::Kind::H264)
    );
}

fn head(node: &str, x: i32) -> Head {
    Head {
        node: node.into(),
        at: (x, 0),
    }
}

fn pair(node: Option<&str>, moves: u32) -> DeskState {
    let pair = DeskTarget {
        node: "pair".into(),
        heads: vec![head("left", 0), head("right", 1280)],
        ..DeskTarget::default()
    };
    DeskState {
        targets: vec![pair],
        ..at(node, moves)
    }
}

#[test]
fn a_target_of_several_heads_is_shown_with_all_of_them() {
    let mut scene = Scene::default();
    assert!(scene.take_desk(pair(Some("pair"), 1)));
    assert_eq!(shown(&scene).as_deref(), Some("left/h264 right/h264"));
    scene.take_desk(pair(None, 2));
    assert_eq!(
        shown(&scene).as_deref(),
        Some("left/h264 right/h264"),
        "it stays"
    );
    scene.gone("input");
    assert_eq!(shown(&scene).as_deref(), Some("left/h264 right/h264"));
    assert_eq!(
        scene.title(scene.target(&Choice::Follow).as_ref()),
        "dKVM: pair, 2 screens"
    );
    scene.take_desk(at(Some("office"), 3));
    assert_eq!(shown(&scene).as_deref(), Some("office/h264"));
    scene.take_desk(pair(Some("office"), 4));
    assert_eq!(shown(&scene).as_deref(), Some("office/h264"));
}

#[test]
fn each_head_has_the_place_of_its_picture_also_when_that_went() {
    let mut scene = Scene::default();
    scene.take_desk(pair(Some("pair"), 1));
    let sizes = |scene: &Scene| -> Vec<(u16, u16)> {
        let target = scene.target(&Choice::Follow).expect("one");
        let spots = target.screens.iter().filter_map(|screen| screen.spot);
        spots
            .map(|spot| (spot.size.width, spot.size.height))
            .collect()
    };
    assert_eq!(sizes(&scene), [(1920, 1080), (1920, 1080)]);
    scene.video("left/capture", video(Signal::Ok));
    assert_eq!(sizes(&scene), [(1280, 720), (1920, 1080)]);
    let mut none = video(Signal::None);
    none.mode.width = 0;
    scene.video("left/capture", none);
    scene.gone("left/capture");
    let mut lie = video(Signal::Ok);
    (lie.mode.width, lie.mode.height) = (u32::MAX, 4);
    scene.video("right/capture", lie);
    assert_eq!(sizes(&scene), [(1280, 720), (1920, 1080)]);
    let target = scene.target(&Choice::Follow).expect("one");
    let whole = target
        .division()
        .size()
        .map(|size| (size.width, size.height));
    assert_eq!(whole, Some((3200, 1080)));
}

#[test]
fn heads_are_bounded_and_each_node_is_streamed_once() {
    let mut scene = Scene::default();
    let mut state = pair(Some("pair"), 1);
    state.targets[0].heads = (0..40).map(|n| head(&format!("n{}", n / 2), n)).collect();
    scene.take_desk(state);
    let screens = scene
        .target(&Choice::Follow)
        .map(|target| target.screens.len());
    assert_eq!(screens, Some(MOST_SCREENS.div_ceil(2)));
}

#[test]
fn the_title_says_whose_picture_it_is() {
    let mut scene = Scene::default();
    let office = alone("office");
    assert_eq!(scene.title(None), "dKVM");
    assert_eq!(scene.title(Some(&office)), "dKVM: office");
    scene.video("office/capture", video(Signal::Ok));
    scene.take_desk(at(Some("office"), 1));
    assert_eq!(
        scene.title(Some(&office)),
        "dKVM: office, 1280x720, keyboard and mouse go there"
    );
    assert_eq!(
        scene.title_of_all(),
        "dKVM: overview, keyboard and mouse go to office"
    );
    scene.video("office/capture", video(Signal::None));
    assert_eq!(
        scene.title(Some(&office)),
        "dKVM: office, no signal, keyboard and mouse go there"
    );
}

#[test]
fn keys_that_go_elsewhere_than_to_what_is_shown_are_told() {
    let mut scene = Scene::default();
    let office = Some("office");
    scene.take_desk(at(Some("office"), 1));
    assert_eq!(scene.notice(office, None), None);
    scene.take_desk(DeskState {
        notice: Some("hello".into()),
        ..at(Some("lab"), 2)
    });
    let title = scene.title(Some(&alone("office")));
    assert_eq!(title, "dKVM: office, keyboard and mouse go to lab");
    let told = "keyboard and mouse go to lab. hello";
    assert_eq!(scene.notice(office, None).as_deref(), Some(told));
    assert_eq!(
        scene.notice(None, None).as_deref(),
        Some("hello"),
        "the overview says it"
    );
    let twice = scene.notice(None, Some("hello; a second click takes it"));
    assert_eq!(twice.as_deref(), Some("hello; a second click takes it"));
    let both = scene.notice(None, Some("no"));
    assert_eq!(both.as_deref(), Some("no. hello"));
    scene.take_desk(at(None, 3));
    assert_eq!(scene.notice(office, None), None);
    assert_eq!(scene.title(Some(&alone("office"))), "dKVM: office");
}

#[test]
fn nodes_are_bounded() {
    let mut scene = Scene::default();
    for number in 0..1000 {
        scene.video(&format!("n{number}/capture"), video(Signal::Ok));
    }
    assert_eq!(scene.nodes.len(), MOST_NODES);
}
