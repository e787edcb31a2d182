use crate::{
    find,
    keys::{Keys, Modifiers, Stroke},
    layout::{read, Layout, LayoutError, Typed},
    tables::TABLES,
};

/// What no table may lack, whatever its script: a person must get out of a text's line.
const EVERYWHERE: &str = " \n\t0123456789.,;:!?()-+=/\"%";

fn all() -> Vec<Layout> {
    let ids = TABLES.map(|(id, _)| id);
    ids.map(|id| find(id).expect("a table")).to_vec()
}

#[test]
fn every_table_is_whole() {
    assert!(TABLES.len() >= 20);
    for layout in all() {
        assert!(!layout.title.is_empty(), "{}", layout.id);
        for character in EVERYWHERE.chars() {
            assert!(
                layout.keys(character).is_some(),
                "{} {character:?}",
                layout.id
            );
        }
    }
}

#[test]
fn latin_layouts_type_all_of_ascii() {
    let others = ["ru", "ua", "bg", "gr"];
    for layout in all().iter().filter(|layout| !others.contains(&layout.id)) {
        for character in ' '..='~' {
            assert!(
                layout.keys(character).is_some(),
                "{} {character:?}",
                layout.id
            );
        }
    }
}

#[test]
fn known_keys_of_known_keyboards() {
    let keys = |id: &str, character| find(id).expect("a table").keys(character);
    let one = |usage, modifiers| Some(Keys::One(Stroke { usage, modifiers }));
    let (none, shift, altgr) = (Modifiers::NONE, Modifiers::SHIFT, Modifiers::ALTGR);
    assert_eq!(keys("us", '\\'), one(0x31, none));
    assert_eq!(keys("us", '<'), one(0x36, shift));
    assert_eq!(keys("de", '#'), one(0x32, none));
    assert_eq!(keys("de", '<'), one(0x64, none));
    assert_eq!(keys("de", 'z'), one(0x1c, none));
    assert_eq!(keys("de", '@'), one(0x14, altgr));
    assert_eq!(keys("fr", '1'), one(0x1e, shift));
    assert_eq!(keys("br", '/'), one(0x87, none));
    assert_eq!(keys("jp", '_'), one(0x87, shift));
    assert_eq!(keys("jp", '|'), one(0x89, shift));
    assert_eq!(keys("jp", '@'), one(0x2f, none));
    assert_eq!(keys("gr", 'α'), one(0x04, none));
    let stroke = |usage, modifiers| Stroke { usage, modifiers };
    let two = |first, then| Some(Keys::Two(first, then));
    assert_eq!(keys("de", '^'), two(stroke(0x35, none), stroke(0x2c, none)));
    assert_eq!(
        keys("de", 'É'),
        two(stroke(0x2e, none), stroke(0x08, shift))
    );
    assert_eq!(keys("fr", 'ê'), two(stroke(0x2f, none), stroke(0x08, none)));
    assert_eq!(keys("de", '´'), two(stroke(0x2e, none), stroke(0x2e, none)));
}

/// Each way to a character leads back to it: no key types two.
#[test]
fn keys_and_characters_lead_to_each_other() {
    for layout in all() {
        for character in layout.characters() {
            let back = match layout.keys(character).expect("its keys") {
                Keys::One(stroke) => layout.typed(stroke),
                Keys::Two(dead, then) => {
                    assert_eq!(layout.typed(dead), Some(Typed::Dead), "{}", layout.id);
                    layout.composed(dead, then).map(Typed::Character)
                }
            };
            assert_eq!(back, Some(Typed::Character(character)), "{}", layout.id);
        }
    }
}

#[test]
fn what_keys_type() {
    let layout = |id| find(id).expect("a table");
    let typed = |id, usage, modifiers| layout(id).typed(Stroke { usage, modifiers });
    let is = |character| Some(Typed::Character(character));
    let one = |usage, modifiers| Some(Keys::One(Stroke { usage, modifiers }));
    let (none, shift, altgr) = (Modifiers::NONE, Modifiers::SHIFT, Modifiers::ALTGR);
    assert_eq!(typed("de", 0x1c, none), is('z'));
    assert_eq!(typed("de", 0x14, altgr), is('@'));
    assert_eq!(typed("us", 0x1f, shift), is('@'));
    assert_eq!(typed("de", 0x2e, none), Some(Typed::Dead));
    assert_eq!(typed("us", 0x04, altgr), None);
    // Where Spaniards type it, and where the table has it.
    assert_eq!(typed("es", 0x1f, altgr), is('@'));
    assert_eq!(typed("es", 0x14, altgr), is('@'));
    assert_eq!(typed("us", 0x2c, shift), is(' '));
    // Linux has one code for two usages.
    assert_eq!(typed("de", 0x31, none), is('#'));
    assert_eq!(typed("de", 0x32, none), is('#'));
    assert_eq!(typed("us", 0x32, shift), is('|'));
    let e = Stroke::plain(0x08);
    assert_eq!(layout("de").composed(Stroke::plain(0x2e), e), Some('é'));
    assert_eq!(layout("de").composed(e, e), None);
    // Though é and the apostrophe have keys of their own there.
    let acute = Stroke::plain(0x34);
    assert_eq!(layout("us-intl").composed(acute, e), Some('é'));
    let space = Stroke::plain(0x2c);
    assert_eq!(layout("us-intl").composed(acute, space), Some('\''));
    assert_eq!(layout("us-intl").keys('é'), one(0x08, altgr));
    assert!(layout("de").has_altgr() && !layout("us").has_altgr());
}

#[test]
fn a_layout_that_is_not_there_is_told_with_those_that_are() {
    let error = find("klingon").expect_err("there is none").to_string();
    assert!(
        error.contains("klingon") && error.contains("de-nodeadkeys"),
        "{error}"
    );
}

#[test]
fn a_damaged_table_is_an_error() {
    for (table, line) in [
        ("name x\nkey 04", 2),
        ("key 0 61 a", 1),
        ("key 04x 61", 1),
        ("key 04 110000", 1),
        ("key 04 61\nkey 05 61", 2),
        ("with 61 e1", 1),
        ("twice b4", 1),
        ("also 61 e1", 1),
        ("dead 2e acute\nalso 61 e1", 2),
        ("dead 2e acute\nwith 61 e1", 2),
        ("same 04", 1),
        ("same 04 05\nsame 04 06", 2),
        ("rubbish", 1),
    ] {
        let damaged = LayoutError::Table { id: "x", line };
        assert_eq!(read("x", table), Err(damaged), "{table:?}");
    }
}
