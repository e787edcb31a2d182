use super::OtherSlot;
use dkvm_wire::service::ImageInfo;

/// What is known when a kernel starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Kernels of this boot that ended without being told to, within ten minutes.
    pub(crate) unclean_ends: usize,
    /// Boots since the last healthy minute, this one included.
    pub(crate) boots: u32,
    /// How many of either are too many.
    pub(crate) limit: u32,
    /// What we run from.
    pub(crate) running: Running,
    /// What else there is.
    pub(crate) other: OtherSlot,
}

/// What a machine runs from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Running {
    /// No card of ours.
    NoCard,
    /// The slot that the next power-on starts too.
    Committed,
    /// The other one, once.
    Trial,
}

impl Running {
    pub(crate) fn of(image: Option<&ImageInfo>) -> Self {
        match image {
            None => Self::NoCard,
            Some(image) if image.slot == image.committed => Self::Committed,
            Some(_) => Self::Trial,
        }
    }
}

/// What a kernel does, then. Each with the reason, as part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It starts all devices.
    Normal,
    /// A trial has failed: the machine restarts into the committed slot.
    Back(String),
    /// The machine tries the other slot.
    Other(String),
    /// It starts the devices with `safe = true`.
    Safe(String),
}

/// The same evidence gives the same verdict.
pub(crate) fn judge(evidence: &Evidence) -> Verdict {
    let limit = evidence.limit as usize;
    let crashed = evidence.unclean_ends >= limit;
    // A trial is one boot: that there were bad ones before is why it is made.
    let stuck = evidence.boots > evidence.limit && evidence.running != Running::Trial;
    let why = match (crashed, stuck) {
        (false, false) => return Verdict::Normal,
        (true, _) => format!(
            "the kernel ended {} times within ten minutes without being told to",
            evidence.unclean_ends
        ),
        (false, true) => format!(
            "the last {} starts of the machine did not last a healthy minute",
            evidence.boots - 1
        ),
    };
    match (evidence.running, evidence.other) {
        (Running::Trial, _) => Verdict::Back(why),
        (Running::Committed, OtherSlot::Healthy) => Verdict::Other(why),
        (Running::Committed | Running::NoCard, _) => Verdict::Safe(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Evidence = Evidence {
        unclean_ends: 0,
        boots: 1,
        limit: 3,
        running: Running::Committed,
        other: OtherSlot::Healthy,
    };

    fn kind(evidence: Evidence) -> char {
        match judge(&evidence) {
            Verdict::Normal => 'n',
            Verdict::Back(_) => 'b',
            Verdict::Other(_) => 'o',
            Verdict::Safe(_) => 's',
        }
    }

    /// For no card, the committed slot with and without a good other one, and a trial.
    fn everywhere(evidence: Evidence) -> String {
        let places = [
            (Running::NoCard, OtherSlot::Useless),
            (Running::Committed, OtherSlot::Healthy),
            (Running::Committed, OtherSlot::Useless),
            (Running::Trial, OtherSlot::Healthy),
            (Running::Trial, OtherSlot::Useless),
        ];
        let kinds = places.map(|(running, other)| {
            kind(Evidence {
                running,
                other,
                ..evidence
            })
        });
        kinds.iter().collect()
    }

    #[test]
    fn below_the_limits_all_is_normal() {
        let two = Evidence {
            unclean_ends: 2,
            boots: 3,
            ..CALM
        };
        assert_eq!(everywhere(CALM), "nnnnn");
        assert_eq!(everywhere(two), "nnnnn");
    }

    #[test]
    fn crashes_lead_to_the_other_slot_or_safe_mode_and_end_a_trial() {
        let crashed = Evidence {
            unclean_ends: 3,
            ..CALM
        };
        assert_eq!(everywhere(crashed), "sosbb");
    }

    #[test]
    fn bad_boots_do_the_same_but_end_no_trial() {
        let stuck = Evidence { boots: 4, ..CALM };
        assert_eq!(everywhere(stuck), "sosnn");
    }

    #[test]
    fn the_reason_is_told() {
        let crashed = judge(&Evidence {
            unclean_ends: 5,
            boots: 9,
            ..CALM
        });
        assert!(matches!(crashed, Verdict::Other(why) if why.contains("5 times")));
        let stuck = judge(&Evidence {
            boots: 4,
            other: OtherSlot::Useless,
            ..CALM
        });
        assert!(matches!(stuck, Verdict::Safe(why) if why.contains("last 3 starts")));
    }

    #[test]
    fn the_limit_is_the_configurations() {
        let many = Evidence {
            unclean_ends: 99,
            boots: 100,
            limit: 100,
            ..CALM
        };
        assert_eq!(kind(many), 'n');
    }
}
