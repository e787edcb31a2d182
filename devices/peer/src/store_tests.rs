use super::*;

/// As the keeper does it.
trait Keep {
    fn put(&mut self, peer: Peer) -> Result<(), StoreError>;
    fn save(&self) -> Result<(), StoreError>;
}

impl Keep for Store {
    fn put(&mut self, peer: Peer) -> Result<(), StoreError> {
        let page = self.page_with(peer.clone())?;
        page.write().map_err(StoreError::Write)?;
        self.hold(peer)
    }

    fn save(&self) -> Result<(), StoreError> {
        self.page().write().map_err(StoreError::Unkept)
    }
}
use proptest::prelude::*;

fn peer(name: &str, key: u8) -> Peer {
    Peer {
        node: name.to_owned(),
        fingerprint: Fingerprint::of(key),
        address: "office.lan".to_owned(),
        reached: "192.0.2.7:23586".to_owned(),
        grants: vec![Grant::View],
        version: "0.1.0".to_owned(),
        origin: Origin::Person,
    }
}

fn load(folder: &Path) -> Store {
    let (store, told) = Store::load(Some(folder));
    assert_eq!(told, Vec::<String>::new());
    store
}

#[test]
fn what_is_put_is_there_in_the_next_life() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = load(folder.path());
    store.put(peer("office", 1)).unwrap();
    store.put(peer("attic", 2)).unwrap();
    store
        .put(Peer {
            grants: Vec::new(),
            ..peer("office", 1)
        })
        .unwrap();
    let mut again = load(folder.path());
    assert_eq!(again.list(), store.list());
    assert_eq!(again.list().len(), 2);
    again.forget("office").unwrap();
    again.save().unwrap();
    let left = load(folder.path());
    assert_eq!(left.of(&Fingerprint::of(1)), None);
    assert!(matches!(
        again.forget("office"),
        Err(StoreError::Unknown(_))
    ));
}

#[test]
fn names_are_unique_and_fit_a_file() {
    let mut store = Store::default();
    store.put(peer("office", 1)).unwrap();
    assert!(matches!(
        store.put(peer("office", 2)),
        Err(StoreError::Taken(_))
    ));
    for wrong in ["", "../x", "Office", "a b", "-x"] {
        assert!(
            matches!(store.put(peer(wrong, 3)), Err(StoreError::Name(_))),
            "{wrong}"
        );
    }
    assert_eq!(
        store.free_name("office".into(), &Fingerprint::of(1)),
        "office"
    );
    assert_eq!(
        store.free_name("office".into(), &Fingerprint::of(2)),
        "office-2"
    );
}

#[test]
fn there_are_only_so_many() {
    let mut store = Store::default();
    for n in 0..MOST {
        store
            .put(peer(&format!("n{n}"), u8::try_from(n).unwrap()))
            .unwrap();
    }
    assert!(matches!(
        store.put(peer("more", 200)),
        Err(StoreError::Full)
    ));
}

#[test]
fn a_damaged_entry_costs_itself_alone_and_is_not_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    load(folder.path()).put(peer("office", 1)).unwrap();
    let path = folder.path().join(FILE);
    let good = fs::read_to_string(&path).unwrap();
    let damaged = good.replace(
        "\"peers\":[",
        "\"peers\":[{\"node\":\"attic\",\"fingerprint\":\"12\"},7,",
    );
    fs::write(&path, damaged).unwrap();
    let (mut store, told) = Store::load(Some(folder.path()));
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("attic") && told[0].contains("pair it anew"));
    assert_eq!(store.list(), [peer("office", 1)]);
    store.put(peer("cellar", 3)).unwrap();
    let kept = fs::read_to_string(&path).unwrap();
    assert!(kept.contains("attic"), "{kept}");
}

#[test]
fn a_file_that_is_none_is_told_and_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), "{").unwrap();
    let (mut store, told) = Store::load(Some(folder.path()));
    assert!(told[0].contains("put aside"), "{told:?}");
    store.put(peer("office", 1)).unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join(DAMAGED)).unwrap(),
        "{"
    );
    assert_eq!(load(folder.path()).list().len(), 1);
}

#[test]
fn a_change_that_cannot_be_written_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    let (mut store, _) = Store::load(Some(&gone));
    assert!(matches!(
        store.put(peer("office", 1)),
        Err(StoreError::Write(_))
    ));
    assert_eq!(store.list(), []);
}

#[test]
fn what_takes_rights_holds_whether_or_not_it_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    let mut store = load(&home);
    store.put(peer("attic", 2)).unwrap();
    store.put(peer("office", 1)).unwrap();
    fs::remove_dir_all(&home).unwrap();
    let less = Peer {
        grants: Vec::new(),
        ..peer("attic", 2)
    };
    store.hold(less.clone()).unwrap();
    store.forget("office").unwrap();
    assert!(matches!(store.save(), Err(StoreError::Unkept(_))));
    assert_eq!(store.list(), std::slice::from_ref(&less));
    fs::create_dir(&home).unwrap();
    store.save().unwrap();
    assert_eq!(load(&home).list(), [less]);
}

#[test]
fn the_card_names_nodes_that_may_everything_until_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = load(folder.path());
    store.put(peer("office", 1)).unwrap();
    let (one, two) = (Fingerprint::of(1), Fingerprint::of(2));
    store.follow_card(&[one, two]).unwrap();
    assert_eq!(
        store.of(&one).unwrap().grants,
        [Grant::View],
        "a person has said otherwise"
    );
    let named = store.of(&two).unwrap().clone();
    assert_eq!(named.grants, Grant::ALL);
    let mut store = load(folder.path());
    store.forget(&named.node).unwrap();
    store.save().unwrap();
    store.follow_card(&[one, two]).unwrap();
    assert_eq!(store.of(&two), None, "it was forgotten here");
    store.put(peer("back", 2)).unwrap();
    store.follow_card(&[]).unwrap();
    assert_eq!(store.list().len(), 2, "persons' own stay");
    let mut store = Store::default();
    store.follow_card(&[two]).unwrap();
    store.follow_card(&[]).unwrap();
    assert_eq!(store.list(), []);
}

#[test]
fn who_was_allowed_less_and_then_forgotten_does_not_come_back_by_the_card() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = load(folder.path());
    let two = Fingerprint::of(2);
    store.follow_card(&[two]).unwrap();
    let named = store.of(&two).unwrap().clone();
    let less = Peer {
        grants: vec![Grant::View],
        origin: Origin::Person,
        ..named.clone()
    };
    store.put(less).unwrap();
    store.forget(&named.node).unwrap();
    store.save().unwrap();
    let mut store = load(folder.path());
    store.follow_card(&[two]).unwrap();
    assert_eq!(store.of(&two), None);
}

/// As a start does it: what is told, and who is there.
fn start(folder: &Path, card: &[Fingerprint]) -> (Vec<String>, Store) {
    let (mut store, mut told) = Store::load(Some(folder));
    told.extend(store.hold_back(card));
    store.follow_card(card).unwrap();
    (told, store)
}

#[test]
fn a_damaged_file_gives_the_cards_nodes_nothing_in_this_life_or_the_next() {
    let (two, three) = (Fingerprint::of(2), Fingerprint::of(3));
    for damaged in ["", "{", "[]", "{}", "{\"peers\":[],\"forgotten\":[7]}"] {
        let folder = tempfile::tempdir().unwrap();
        let (told, store) = start(folder.path(), &[two]);
        assert_eq!((told.len(), store.list().len()), (0, 1), "a first start");
        fs::write(folder.path().join(FILE), damaged).unwrap();
        let (told, store) = start(folder.path(), &[two]);
        assert!(
            told.iter().any(|one| one.contains(&two.short())),
            "{told:?}"
        );
        assert_eq!(store.list(), [], "{damaged}");
        let (_, store) = start(folder.path(), &[two, three]);
        assert_eq!(store.of(&two), None, "{damaged}");
        assert!(store.of(&three).is_some(), "it was never named before");
    }
}

#[test]
fn one_that_was_put_aside_is_not_a_first_start() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), "{").unwrap();
    // The power goes before anything is written.
    drop(Store::load(Some(folder.path())));
    let (_, mut store) = start(folder.path(), &[Fingerprint::of(2)]);
    assert_eq!(store.list(), []);
    store.put(peer("office", 2)).unwrap();
    let (told, store) = start(folder.path(), &[Fingerprint::of(2)]);
    assert_eq!((told.len(), store.list()), (0, &[peer("office", 2)][..]));
}

#[test]
fn a_damaged_entry_holds_back_its_own_node_or_where_it_names_none_each() {
    let (two, three) = (Fingerprint::of(2), Fingerprint::of(3));
    let named = format!("{{\"node\":7,\"fingerprint\":\"{two}\"}}");
    for (entry, others) in [(named.as_str(), 1), ("{\"fingerprint\":\"12\"}", 0)] {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("{{\"peers\":[{entry}],\"forgotten\":[]}}");
        fs::write(folder.path().join(FILE), file).unwrap();
        for _ in 0..2 {
            let (_, store) = start(folder.path(), &[two, three]);
            assert_eq!(store.of(&two), None);
            assert_eq!(store.list().len(), others, "{entry}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_harms_it(text in ".{0,300}", name in ".{0,80}", grants in ".{0,20}") {
        let entry = format!("{{\"peers\":[{{\"node\":{name:?},\"grants\":[{grants:?}]}}],\"forgotten\":[{name:?}]}}");
        for text in [text, entry] {
            let mut store = Store::default();
            store.take(&text, &mut Vec::new());
            prop_assert_eq!(store.list(), []);
            let _ = store.hold_back(&[Fingerprint::of(2)]);
            store.follow_card(&[Fingerprint::of(2)]).unwrap();
            prop_assert_eq!(store.list(), []);
        }
    }
}
