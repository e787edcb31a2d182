//! Which bundles are for this node.

use super::{error::UpdateError, record::Machine};
use dkvm_bundle::Manifest;
use dkvm_wire::vocab::update::Downgrade;
use semver::Version;

/// Refuses what is not for this board, or not for this version.
pub fn check(
    manifest: &Manifest,
    machine: &Machine,
    downgrade: Downgrade,
) -> Result<(), UpdateError> {
    if manifest.board != machine.board {
        return Err(UpdateError::Board {
            theirs: manifest.board.clone(),
            ours: machine.board.clone(),
        });
    }
    // A version that is none, of a person's own build, is older than any.
    let ours = Version::parse(&machine.version).unwrap_or(Version::new(0, 0, 0));
    if let Some(from) = manifest
        .min_version
        .as_ref()
        .filter(|from| from.cmp_precedence(&ours).is_gt())
    {
        return Err(UpdateError::TooFar {
            from: from.to_string(),
            ours: machine.version.clone(),
        });
    }
    let older = manifest.version.cmp_precedence(&ours).is_lt();
    if older && downgrade == Downgrade::Refused {
        return Err(UpdateError::Older {
            theirs: manifest.version.to_string(),
            ours: machine.version.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_bundle::{Part, PartName, Sha256};
    use dkvm_wire::service::Slot;

    fn verdict(
        board: &str,
        theirs: &str,
        min: Option<&str>,
        ours: &str,
        downgrade: Downgrade,
    ) -> String {
        let part = |name| Part {
            name,
            size: 1,
            extent: 1,
            sha256: Sha256([0; 32]),
        };
        let manifest = Manifest {
            board: board.into(),
            version: theirs.parse().unwrap(),
            build: String::new(),
            min_version: min.map(|text| text.parse().unwrap()),
            parts: [part(PartName::Boot), part(PartName::Root)],
        };
        let machine = Machine {
            board: "rpi4".into(),
            version: ours.into(),
            running: Slot::A,
            committed: Slot::A,
            boot: String::new(),
        };
        check(&manifest, &machine, downgrade)
            .map_or_else(|error| error.to_string(), |()| "taken".into())
    }

    #[test]
    fn every_rule() {
        use Downgrade::{Allowed, Refused};
        let cases = [
            ("rpi4", "1.2.0", None, "1.1.0", Refused, "taken"),
            ("rpi4", "1.1.0", None, "1.1.0", Refused, "taken"),
            ("rpi4", "1.1.0+a", None, "1.1.0+b", Refused, "taken"),
            (
                "rpi4",
                "1.1.0-rc.1",
                None,
                "1.1.0",
                Refused,
                "older than the running",
            ),
            ("rpi4", "1.0.9", None, "1.1.0", Refused, "--downgrade"),
            ("rpi4", "1.0.9", None, "1.1.0", Allowed, "taken"),
            (
                "zero2w",
                "1.2.0",
                None,
                "1.1.0",
                Allowed,
                "for the board zero2w",
            ),
            (
                "rpi4",
                "3.0.0",
                Some("2.0.0"),
                "1.1.0",
                Allowed,
                "update to 2.0.0 first",
            ),
            ("rpi4", "3.0.0", Some("2.0.0"), "2.0.0", Refused, "taken"),
            ("rpi4", "0.1.0", None, "my build", Refused, "taken"),
        ];
        for (board, theirs, min, ours, downgrade, expected) in cases {
            let told = verdict(board, theirs, min, ours, downgrade);
            assert!(
                told.contains(expected),
                "{board} {theirs} on {ours}: {told}"
            );
        }
    }
}
