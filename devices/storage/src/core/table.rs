//! What is to be in which drive, against what is in it: after the death of this device, of the kernel, or of the Pi, and when the
//! target itself has ejected something.

use super::name::ImageName;
use dkvm_wire::vocab::storage::{Access, Medium};
use serde::{Deserialize, Serialize};

/// What is to be in a drive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Which image.
    pub image: ImageName,
    /// As what.
    pub medium: Medium,
    /// A CD-ROM is read-only.
    pub access: Access,
}

/// What a drive holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Empty,
    /// An image of the library.
    Image(ImageName),
    /// Something that is none of the library's, or not any more.
    Foreign,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is as it should be.
    Nothing,
    /// The slot's image is to be put in.
    Insert,
    /// What is in it is to be taken out.
    Eject,
    /// The target has ejected it: the slot is empty now.
    Forget,
}

/// Whether the slot's image was put into this drive since the gadget was bound: one that is not in it any more was
/// ejected by the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Inserted {
    Yes,
    NotYet,
}

/// What one drive needs.
pub fn step(slot: Option<&Slot>, held: &Held, inserted: Inserted) -> Step {
    match (slot, held) {
        (None, Held::Empty) => Step::Nothing,
        (None, _) => Step::Eject,
        (Some(slot), Held::Image(name)) if slot.image == *name => Step::Nothing,
        (Some(_), Held::Empty) if inserted == Inserted::Yes => Step::Forget,
        (Some(_), _) => Step::Insert,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> ImageName {
        ImageName::try_from(name).unwrap()
    }

    fn slot() -> Slot {
        Slot {
            image: name("a"),
            medium: Medium::Disk,
            access: Access::Writable,
        }
    }

    #[test]
    fn what_is_in_it_stays_over_the_death_of_the_device() {
        let held = Held::Image(name("a"));
        for inserted in [Inserted::Yes, Inserted::NotYet] {
            assert_eq!(step(Some(&slot()), &held, inserted), Step::Nothing);
        }
    }

    #[test]
    fn a_new_binding_gets_its_images_back() {
        assert_eq!(
            step(Some(&slot()), &Held::Empty, Inserted::NotYet),
            Step::Insert
        );
        let other = Held::Image(name("b"));
        assert_eq!(step(Some(&slot()), &other, Inserted::Yes), Step::Insert);
    }

    #[test]
    fn what_the_target_ejected_stays_out() {
        assert_eq!(
            step(Some(&slot()), &Held::Empty, Inserted::Yes),
            Step::Forget
        );
    }

    #[test]
    fn an_empty_slot_is_an_empty_drive() {
        assert_eq!(step(None, &Held::Empty, Inserted::NotYet), Step::Nothing);
        assert_eq!(step(None, &Held::Foreign, Inserted::NotYet), Step::Eject);
    }
}
