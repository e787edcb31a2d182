//! Whatever comes, the parser answers with an error or with what was signed.
#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use dkvm_bundle::{Head, Manifest, Part, PartName, Sha256, MAGIC, MAX_HEAD};
use proptest::prelude::*;

fn part(name: PartName, size: u64) -> Part {
    Part {
        name,
        size,
        extent: size,
        sha256: Sha256([3; 32]),
    }
}

fn head(board: &str, sizes: [u64; 2]) -> Vec<u8> {
    let manifest = Manifest {
        board: board.to_owned(),
        version: semver::Version::new(1, 2, 3),
        build: String::new(),
        min_version: None,
        parts: [
            part(PartName::Boot, sizes[0]),
            part(PartName::Root, sizes[1]),
        ],
    };
    Head::build(&manifest, |_| [9; 64]).unwrap()
}

proptest! {
    #[test]
    fn rubbish_is_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(Head::parse(&bytes).is_err());
    }

    #[test]
    fn rubbish_behind_a_good_prefix_is_no_panic(
        length in 0u32..20_000,
        rest in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let prefix = [&MAGIC[..], &[1, 0, 0, 0], &length.to_le_bytes()].concat();
        let read = Head::parse(&[prefix, rest].concat());
        prop_assert!(read.is_err());
    }

    #[test]
    fn a_changed_byte_is_an_error_or_changes_what_was_signed(at in 0usize..400, to in any::<u8>()) {
        let good = head("rpi4", [4096, 8192]);
        let mut bytes = good.clone();
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(read) = Head::parse(&bytes) {
            let before = Head::parse(&good).unwrap();
            prop_assert!(bytes == good || read.signed() != before.signed() || read.signature != before.signature);
            prop_assert!(read.length <= MAX_HEAD && read.bundle_size() <= (2 << 30) + MAX_HEAD as u64);
        }
    }

    #[test]
    fn what_is_built_is_read(board in "[a-z0-9]{1,20}", boot in 1u64..1 << 30, root in 1u64..1 << 30) {
        let bytes = head(&board, [boot, root]);
        let read = Head::of_bundle(&bytes, bytes.len() as u64 + boot + root).unwrap();
        prop_assert_eq!(read.manifest.board, board);
    }
}
