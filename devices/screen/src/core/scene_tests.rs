use super::*;
use dkvm_wire::vocab::peer::PeerInfo;

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

fn shown(scene: &Scene) -> Option<String> {
    scene
        .source(&Choice::Follow)
        .map(|source| source.name().to_owned())
}

#[test]
fn the_picture_follows_the_keyboard_and_stays_when_that_comes_home() {
    let mut scene = Scene::default();
    assert_eq!(shown(&scene), None);
    scene.video("capture", video(Signal::Ok));
    assert_eq!(shown(&scene), None, "this machine's own is no target's");
    scene.video("office/capture", video(Signal::Ok));
    assert_eq!(shown(&scene).as_deref(), Some("office/h264"));
    assert!(scene.desk(at(Some("lab"), 1)));
    assert_eq!(shown(&scene).as_deref(), Some("lab/h264"));
    assert!(!scene.desk(at(Some("lab"), 1)), "said again");
    assert!(!scene.desk(at(None, 2)));
    assert_eq!(shown(&scene).as_deref(), Some("lab/h264"));
    scene.gone("input");
    assert_eq!(shown(&scene).as_deref(), Some("lab/h264"));
}

#[test]
fn the_configuration_chooses_whatever_the_keyboard_does() {
    let mut scene = Scene::default();
    scene.desk(at(Some("lab"), 1));
    let fixed = Choice::Fixed(Source::of_node("office"));
    assert_eq!(scene.source(&fixed), Some(Source::of_node("office")));
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
        settings: dkvm_wire::vocab::video::H264Settings {
            max_rate: 0,
            max_kbit: 0,
        },
        rate: 0,
        kbit: 0,
        quantiser: 1,
        detail: Some("it gives its own JPEGs".into()),
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
fn the_title_says_whose_picture_it_is() {
    let mut scene = Scene::default();
    let office = Source::of_node("office");
    assert_eq!(scene.title(None), "dKVM");
    assert_eq!(scene.title(Some(&office)), "dKVM: office");
    scene.video("office/capture", video(Signal::Ok));
    scene.desk(at(Some("office"), 1));
    assert_eq!(
        scene.title(Some(&office)),
        "dKVM: office, 1280x720, keyboard and mouse go there"
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
    let office = Source::of_node("office");
    scene.desk(at(Some("office"), 1));
    assert_eq!(scene.notice(Some(&office)), None);
    scene.desk(DeskState {
        notice: Some("hello".into()),
        ..at(Some("lab"), 2)
    });
    let title = scene.title(Some(&office));
    assert_eq!(title, "dKVM: office, keyboard and mouse go to lab");
    let told = "keyboard and mouse go to lab. hello";
    assert_eq!(scene.notice(Some(&office)).as_deref(), Some(told));
    scene.desk(at(None, 3));
    assert_eq!(scene.notice(Some(&office)), None);
    assert_eq!(scene.title(Some(&office)), "dKVM: office");
}

#[test]
fn nodes_are_bounded() {
    let mut scene = Scene::default();
    for number in 0..1000 {
        scene.video(&format!("n{number}/capture"), video(Signal::Ok));
    }
    assert_eq!(scene.nodes.len(), MOST_NODES);
}
