use super::disk::{Disk, Real, Step};
use super::model::{Model, Trouble};
use super::store::{New, Store, StoreError};
use dkvm_wire::service::{ConfigOutcome, MAX_CONFIG_HISTORY, MAX_CONFIG_HISTORY_BYTES};
use std::path::{Path, PathBuf};

const OLD: &str = "# the old one, which is longer than the new one\n";
const NEW: &str = "# the new one\n";
const IMAGES: &str = "# that of the image\n";

fn file() -> PathBuf {
    "/config/dkvm.toml".into()
}

fn new(text: &str, before: &str) -> New {
    New {
        text: text.into(),
        who: "root".into(),
        comment: String::new(),
        at_unix_ms: 1,
        before: before.into(),
    }
}

/// How a trial ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Kept,
    TakenBack,
    Open,
}

/// A disk with the owner's file, and one change in the history; or with neither.
fn disk(owners: Option<&str>) -> Model {
    let mut model = Model::new();
    if let Some(text) = owners {
        let (mut store, _) = Store::open(model, file());
        let begun = store.begin(new(text, IMAGES)).expect("written");
        store.keep(begun.number).expect("kept");
        model = store.into_disk();
        assert_eq!(model.text(&file()).as_deref(), owners);
    }
    model.steps = 0;
    model
}

/// A change, as far as the disk lets it. `true`: it was said to be kept.
fn change(model: Model, owners: Option<&str>, end: End) -> (Model, bool) {
    let (mut store, _) = Store::open(model, file());
    let Ok(begun) = store.begin(new(NEW, owners.unwrap_or(IMAGES))) else {
        return (store.into_disk(), false);
    };
    let kept = match end {
        End::Kept => store.keep(begun.number).is_ok(),
        End::TakenBack => {
            store.take_back(begun.number, "it did not come up".into());
            false
        }
        End::Open => false,
    };
    (store.into_disk(), kept)
}

/// What the next start makes of it: the text in force, the old or the new one and never another, and nothing on trial.
fn next_start(left: Model, owners: Option<&str>, what: &str) -> Option<String> {
    let (store, _) = Store::open(left, file());
    let open = |entry: &dkvm_wire::service::ConfigEntry| entry.outcome == ConfigOutcome::Trial;
    assert!(!store.history().entries.iter().any(open), "{what}");
    let disk = store.into_disk();
    let text = disk.text(&file());
    assert!(
        text.as_deref() == owners || text.as_deref() == Some(NEW),
        "{what}: neither: {text:?}"
    );
    assert_eq!(
        disk.text(Path::new("/config/dkvm.toml.trial")),
        None,
        "{what}"
    );
    // A second start finds nothing more to do.
    let (store, ended) = Store::open(disk, file());
    assert_eq!(ended, None, "{what}");
    store.into_disk().text(&file())
}

/// All ways in which a change can be cut, and what must be there then.
fn cut_everywhere(owners: Option<&str>, end: End) {
    let whole = change(disk(owners), owners, end).0.steps;
    for step in 0..=whole {
        let mut model = disk(owners);
        model.trouble = Trouble::Cut(step);
        let (left, kept) = change(model, owners, end);
        let mut found = Vec::from([next_start(left.after_kill(), owners, "killed")]);
        for lost in 0..=left.unsynced() {
            let what = format!("cut before step {step}, {lost} changes survive");
            found.push(next_start(left.after_cut(lost), owners, &what));
        }
        for text in found {
            if kept {
                assert_eq!(text.as_deref(), Some(NEW), "it was said to be kept: {step}");
            } else if end != End::Kept {
                assert_eq!(text.as_deref(), owners, "it was never kept: {step}");
            }
        }
    }
}

#[test]
fn a_cut_anywhere_leaves_the_old_one_or_the_new_one() {
    for owners in [Some(OLD), None] {
        for end in [End::Kept, End::TakenBack, End::Open] {
            cut_everywhere(owners, end);
        }
    }
}

#[test]
fn a_full_disk_changes_nothing_or_only_the_history() {
    for owners in [Some(OLD), None] {
        for end in [End::Kept, End::TakenBack] {
            let whole = change(disk(owners), owners, end).0.steps;
            for step in 0..=whole {
                let mut model = disk(owners);
                model.trouble = Trouble::Full(step);
                let (left, kept) = change(model, owners, end);
                let wanted = if kept { Some(NEW) } else { owners };
                assert_eq!(left.text(&file()).as_deref(), wanted, "full at {step}");
                assert_eq!(
                    next_start(left.after_cut(0), owners, "full").as_deref(),
                    wanted
                );
            }
        }
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_left_over() {
    let mut model = disk(Some(OLD));
    model.trouble = Trouble::Full(0);
    let (mut store, _) = Store::open(model, file());
    let before = store.history();
    let error = store.begin(new(NEW, OLD)).expect_err("full");
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(error.to_string().contains("nothing was changed"));
    assert_eq!(store.history(), before);
    let left = store.into_disk().list(Path::new("/config"));
    assert_eq!(left, ["dkvm.toml"]);
}

#[test]
fn a_disk_that_breaks_never_loses_what_holds() {
    let whole = change(disk(Some(OLD)), Some(OLD), End::Kept).0.steps;
    for step in 0..=whole {
        let mut model = disk(Some(OLD));
        model.trouble = Trouble::Broken(step);
        let (left, kept) = change(model, Some(OLD), End::Kept);
        let text = left.text(&file());
        assert!(text.as_deref() == Some(if kept { NEW } else { OLD }) || !kept);
        next_start(left.after_kill(), Some(OLD), "broken");
    }
}

#[test]
fn where_nothing_can_be_written_it_is_in_memory_and_told() {
    let mut model = disk(Some(OLD));
    model.trouble = Trouble::ReadOnly;
    let (mut store, _) = Store::open(model, file());
    let begun = store.begin(new(NEW, OLD)).expect("in memory");
    assert!(begun.unkept.is_some_and(|why| why.contains("read-only")));
    store.keep(begun.number).expect("in memory");
    assert_eq!(store.text(begun.number), Some(NEW));
    assert_eq!(store.into_disk().text(&file()).as_deref(), Some(OLD));
}

#[test]
fn what_a_person_wrote_by_hand_is_in_the_history_before_it_is_replaced() {
    let mut model = disk(Some(OLD));
    let step = Step::Write(file(), b"# by hand\n".to_vec());
    model.act(&step).expect("written");
    let (mut store, _) = Store::open(model, file());
    let begun = store.begin(new(NEW, OLD)).expect("written");
    store.keep(begun.number).expect("kept");
    let entries = store.history().entries;
    let told: Vec<_> = entries.iter().map(|e| (e.number, e.outcome)).collect();
    use ConfigOutcome::{Found, Kept};
    assert_eq!(told, [(1, Found), (2, Kept), (3, Found), (4, Kept)]);
    assert_eq!(store.text(1), Some(IMAGES));
    assert_eq!(store.text(3), Some("# by hand\n"));
    assert_eq!(store.before(&entries[3].digest), Some(3));
}

#[test]
fn where_the_owners_is_not_in_force_what_held_before_it_is_the_one_before() {
    let (mut store, _) = Store::open(disk(Some(OLD)), file());
    let begun = store.begin(new(NEW, OLD)).expect("written");
    store.keep(begun.number).expect("kept");
    let images = super::digest(IMAGES);
    assert_eq!(store.before(&images), Some(begun.number));
    let before = store.before_owners(&images).expect("there is one");
    assert_eq!(store.text(before), Some(OLD));
}

#[test]
fn an_entry_that_this_version_cannot_read_is_not_written_over() {
    let mut model = disk(Some(OLD));
    let newer = PathBuf::from("/config/dkvm.toml.history/00000007");
    let step = Step::Write(newer.clone(), b"of a newer version".to_vec());
    model.act(&step).expect("written");
    let (mut store, _) = Store::open(model, file());
    let begun = store.begin(new(NEW, OLD)).expect("written");
    assert_eq!(begun.number, 8);
    store.keep(begun.number).expect("kept");
    let left = store.into_disk().text(&newer);
    assert_eq!(left.as_deref(), Some("of a newer version"));
}

#[test]
fn one_whose_end_did_not_get_here_ends_with_the_next_and_is_no_news_at_the_start() {
    let (mut store, _) = Store::open(disk(Some(OLD)), file());
    let first = store.begin(new(NEW, OLD)).expect("written");
    let second = store.begin(new("# another\n", NEW)).expect("written");
    store.keep(second.number).expect("kept");
    let entries = store.history().entries;
    let open = entries.iter().find(|entry| entry.number == first.number);
    let (outcome, why) = open.map(|e| (e.outcome, e.why.clone())).expect("there");
    assert_eq!(outcome, ConfigOutcome::TakenBack);
    assert_eq!(why.as_deref(), Some("another one was applied"));
    let (_, ended) = Store::open(store.into_disk(), file());
    assert_eq!(ended, None);
}

#[test]
fn the_history_is_bounded_in_number_and_bytes_and_survives() {
    let (mut store, _) = Store::open(Model::new(), file());
    let mut before = IMAGES.to_owned();
    for n in 0..MAX_CONFIG_HISTORY + 5 {
        let text = format!("# {n}\n");
        let begun = store.begin(new(&text, &before)).expect("written");
        store.keep(begun.number).expect("kept");
        before = text;
    }
    assert_eq!(store.history().entries.len(), MAX_CONFIG_HISTORY);
    let long = "#".repeat(MAX_CONFIG_HISTORY_BYTES / 3);
    for n in 0..5 {
        let text = format!("# {n}{long}");
        let begun = store.begin(new(&text, &before)).expect("written");
        store.take_back(begun.number, "no".into());
    }
    let history = store.history();
    let bytes: usize = history.entries.iter().map(|e| e.bytes as usize).sum();
    assert!(bytes <= MAX_CONFIG_HISTORY_BYTES && history.entries.len() >= 2);
    let (again, ended) = Store::open(store.into_disk().after_kill(), file());
    assert_eq!((again.history(), ended), (history, None));
}

#[test]
fn linuxs_disk_does_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("config/dkvm.toml");
    let (mut store, _) = Store::open(Real, file.clone());
    let first = store.begin(new(OLD, IMAGES)).expect("written");
    assert!(!file.exists());
    store.keep(first.number).expect("kept");
    let second = store.begin(new(NEW, OLD)).expect("written");
    drop(store);
    let (store, ended) = Store::open(Real, file.clone());
    let ended = ended.expect("it was on trial");
    assert_eq!(
        (ended.number, ended.outcome),
        (Some(second.number), ConfigOutcome::TakenBack)
    );
    assert_eq!(std::fs::read_to_string(&file).expect("there"), OLD);
    assert_eq!(store.text(second.number), Some(NEW));
    let mut names = Real.list(&dir.path().join("config"));
    names.sort();
    assert_eq!(names, ["dkvm.toml", "dkvm.toml.history"]);
}
