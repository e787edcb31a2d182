//! What a profile needs of the controller, and whether the controller has it: said before it is bound, since Linux would only
//! say `ENODEV`, or nothing until the target turns an interface on.

use crate::{functions::Function, plan::OutEndpoint};
use std::fmt;

/// Which way, as USB names it: seen from the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the target.
    In,
    /// From the target.
    Out,
}

/// How an endpoint transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Bulk,
    Interrupt,
    Isochronous,
}

/// An endpoint that a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Which way.
    pub direction: Direction,
    /// How.
    pub kind: Kind,
    /// Its longest packet, bytes.
    pub packet: u16,
}

/// What a controller has, besides endpoint 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Supply {
    /// Endpoints to the target.
    pub r#in: usize,
    /// Endpoints from it.
    pub out: usize,
    /// Its buffers, where they are known.
    pub fifos: Option<Fifos>,
}

/// The buffers of a `dwc2`, in words of 4 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fifos {
    /// One for each IN endpoint that is on; the driver takes the smallest that is large enough.
    pub tx: Vec<u32>,
    /// One for all that the target sends.
    pub rx: u32,
}

/// Bytes in a word.
const WORD: u32 = 4;

/// Why it does not fit. As text it goes on after "the profile NAME".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    what: String,
    leave_out: Vec<Vec<Function>>,
}

/// How many ways out are offered: a person chooses, and does not read a list.
const MOST_ADVICE: usize = 3;

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ways: Vec<_> = self
            .leave_out
            .iter()
            .take(MOST_ADVICE)
            .map(|way| and(way))
            .collect();
        match ways.as_slice() {
            [] => write!(f, "{}: no set of functions fits", self.what),
            [one] => write!(f, "{}; leave out {one}", self.what),
            ways => write!(
                f,
                "{}; leave out one of these: {}",
                self.what,
                ways.join("; ")
            ),
        }
    }
}

fn and(functions: &[Function]) -> String {
    let names: Vec<_> = functions.iter().map(|one| one.name()).collect();
    names.join(" and ")
}

impl Supply {
    /// Whether the functions fit together.
    pub fn fits(&self, functions: &[Function], out: OutEndpoint) -> Result<(), Shortage> {
        let Some(what) = self.lacks(functions, out) else {
            return Ok(());
        };
        Err(Shortage {
            what,
            leave_out: self.ways_out(functions, out),
        })
    }

    fn lacks(&self, functions: &[Function], out: OutEndpoint) -> Option<String> {
        self.lacks_endpoints(functions, out)
            .or_else(|| self.lacks_room(functions, out))
    }

    fn lacks_endpoints(&self, functions: &[Function], out: OutEndpoint) -> Option<String> {
        let count = |direction| -> usize {
            functions
                .iter()
                .map(|one| takes(*one, direction, out))
                .sum()
        };
        let (to, from) = (count(Direction::In), count(Direction::Out));
        if to <= self.r#in && from <= self.out {
            return None;
        }
        let taken = |(direction, needed, present, word): (_, usize, usize, &str)| {
            let each: Vec<_> = functions
                .iter()
                .map(|one| (one.name(), takes(*one, direction, out)))
                .filter(|(_, count)| *count > 0)
                .collect();
            let each: Vec<_> = each
                .into_iter()
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            let noun = if needed == 1 { "endpoint" } else { "endpoints" };
            format!(
                "{needed} {noun} {word} the target ({}) where the USB controller has {present}",
                each.join(", ")
            )
        };
        let short = [
            (Direction::In, to, self.r#in, "to"),
            (Direction::Out, from, self.out, "from"),
        ];
        let short: Vec<_> = short
            .into_iter()
            .filter(|(_, needed, present, _)| needed > present)
            .map(taken)
            .collect();
        Some(format!("needs {}", short.join(", and ")))
    }

    fn lacks_room(&self, functions: &[Function], out: OutEndpoint) -> Option<String> {
        let fifos = self.fifos.as_ref()?;
        fifos
            .lacks_tx(functions, out)
            .or_else(|| fifos.lacks_rx(functions, out))
    }

    /// The smallest sets of functions without which the rest fits; those first that come last in the order, and so the
    /// keyboard last.
    fn ways_out(&self, functions: &[Function], out: OutEndpoint) -> Vec<Vec<Function>> {
        let sets = 1u32..(1 << functions.len()) - 1;
        let mut ways: Vec<_> = sets
            .map(|set| split(functions, set))
            .filter(|(_, rest)| self.lacks(rest, out).is_none())
            .map(|(left, _)| left)
            .collect();
        let fewest = ways.iter().map(Vec::len).min().unwrap_or_default();
        ways.retain(|way| way.len() == fewest);
        ways.sort_by(|a, b| b.cmp(a));
        ways
    }
}

/// Those of the set, and the rest.
fn split(functions: &[Function], set: u32) -> (Vec<Function>, Vec<Function>) {
    let (left, rest): (Vec<_>, Vec<_>) = functions
        .iter()
        .enumerate()
        .partition(|(place, _)| set >> place & 1 == 1);
    let only = |pairs: Vec<(usize, &Function)>| pairs.into_iter().map(|(_, one)| *one).collect();
    (only(left), only(rest))
}

fn takes(function: Function, direction: Direction, out: OutEndpoint) -> usize {
    let needs = function.needs(out);
    needs
        .iter()
        .filter(|need| need.direction == direction)
        .count()
}

fn words(packet: u16) -> u32 {
    u32::from(packet).div_ceil(WORD)
}

impl Fifos {
    /// The largest packet first, each to the smallest buffer that holds it: where this fails, no other order helps.
    fn lacks_tx(&self, functions: &[Function], out: OutEndpoint) -> Option<String> {
        let mut free = self.tx.clone();
        free.sort_unstable();
        let mut sent = packets(functions, Direction::In, out);
        sent.sort_by_key(|(_, packet)| std::cmp::Reverse(*packet));
        for (function, packet) in sent {
            let Some(place) = free.iter().position(|size| *size >= words(packet)) else {
                return Some(format!(
                    "needs a send buffer of {} words for {}, and the USB controller has none left that large (g-tx-fifo-size of the device tree: {:?})",
                    words(packet), function.name(), self.tx
                ));
            };
            free.remove(place);
        }
        None
    }

    /// As Synopsys reckons it for one control endpoint: 10 words for set-up packets, the largest packet and its status, two
    /// for each OUT endpoint, and one. By this 256 words hold packets up to 912 bytes; measured: "above about 900 fails,
    /// 304 words work" (raspberrypi/linux#3447).
    fn lacks_rx(&self, functions: &[Function], out: OutEndpoint) -> Option<String> {
        let got = packets(functions, Direction::Out, out);
        let (function, packet) = got.iter().max_by_key(|(_, packet)| *packet)?;
        let ends = u32::try_from(got.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let needed = 10 + words(*packet) + 1 + ends.saturating_mul(2) + 1;
        (needed > self.rx).then(|| {
            format!(
                "needs a receive buffer of {needed} words for {}, and the USB controller's has {} (g-rx-fifo-size of the device tree)",
                function.name(), self.rx
            )
        })
    }
}

fn packets(functions: &[Function], direction: Direction, out: OutEndpoint) -> Vec<(Function, u16)> {
    let of = |function: &Function| {
        let function = *function;
        let needs = function
            .needs(out)
            .into_iter()
            .filter(move |need| need.direction == direction);
        needs.map(move |need| (function, need.packet))
    };
    functions.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn functions(names: &[&str]) -> Vec<Function> {
        names
            .iter()
            .filter_map(|name| Function::of_name(name))
            .collect()
    }

    fn supply(r#in: usize, out: usize) -> Supply {
        Supply {
            r#in,
            out,
            fifos: None,
        }
    }

    fn told(supply: &Supply, names: &[&str]) -> String {
        supply
            .fits(&functions(names), OutEndpoint::No)
            .unwrap_err()
            .to_string()
    }

    const ALL: [&str; 5] = ["keyboard", "absolute", "relative", "storage", "serial"];
    /// What the built-in profile has, as far as it is built.
    const DESK: [&str; 6] = [
        "keyboard", "absolute", "relative", "storage", "audio", "network",
    ];

    #[test]
    fn a_pi_carries_what_it_was_bought_for() {
        assert_eq!(supply(7, 7).fits(&functions(&ALL), OutEndpoint::No), Ok(()));
        // Not one of the seven is left.
        assert_eq!(
            supply(7, 7).fits(&functions(&DESK), OutEndpoint::No),
            Ok(())
        );
        assert!(supply(6, 7)
            .fits(&functions(&DESK), OutEndpoint::No)
            .is_err());
    }

    #[test]
    fn a_profile_of_twelve_endpoints_is_refused_on_a_pi() {
        let twelve = [
            "keyboard", "absolute", "storage", "audio", "network", "serial",
        ];
        let both: Vec<_> = functions(&twelve)
            .iter()
            .flat_map(|one| one.needs(OutEndpoint::No))
            .collect();
        assert_eq!(both.len(), 12);
        let told = told(&supply(7, 7), &twelve);
        assert!(
            told.starts_with("needs 8 endpoints to the target") && told.contains("leave out"),
            "{told}"
        );
    }

    #[test]
    fn who_needs_how_much_and_what_to_leave_out_is_said() {
        assert_eq!(
            told(&supply(4, 7), &ALL),
            "needs 6 endpoints to the target (keyboard 1, absolute 1, relative 1, storage 1, serial 2) where the USB controller has 4; leave out serial"
        );
        assert_eq!(
            told(&supply(5, 0), &["keyboard", "storage"]),
            "needs 1 endpoint from the target (storage 1) where the USB controller has 0; leave out storage"
        );
    }

    #[test]
    fn a_choice_is_offered_and_the_keyboard_is_given_up_last() {
        let told = told(&supply(2, 7), &["keyboard", "absolute", "relative"]);
        assert!(
            told.ends_with("; leave out one of these: relative; absolute; keyboard"),
            "{told}"
        );
    }

    #[test]
    fn hid_with_out_endpoints_takes_twice_as_many() {
        let hid = functions(&["keyboard", "absolute", "relative"]);
        assert!(supply(7, 2).fits(&hid, OutEndpoint::Yes).is_err());
        assert_eq!(supply(7, 3).fits(&hid, OutEndpoint::Yes), Ok(()));
    }

    #[test]
    fn a_controller_that_carries_nothing_is_told_so() {
        assert!(told(&supply(0, 0), &["keyboard"]).ends_with("no set of functions fits"));
    }

    fn with_fifos(tx: &[u32], rx: u32) -> Supply {
        let fifos = Fifos {
            tx: tx.to_vec(),
            rx,
        };
        Supply {
            fifos: Some(fifos),
            ..supply(7, 7)
        }
    }

    #[test]
    fn the_buffers_of_a_pi_hold_all_functions() {
        let pi = with_fifos(&[256, 256, 512, 512, 512, 768, 768], 558);
        assert_eq!(pi.fits(&functions(&ALL), OutEndpoint::No), Ok(()));
        assert_eq!(pi.fits(&functions(&DESK), OutEndpoint::No), Ok(()));
    }

    #[test]
    fn a_packet_that_no_buffer_holds_is_found() {
        let small = with_fifos(&[16, 16, 16, 64, 16, 16, 16], 558);
        let told_of = told(&small, &ALL);
        assert!(
            told_of.contains("128 words for storage") || told_of.contains("128 words for serial"),
            "{told_of}"
        );
        let deaf = with_fifos(&[256; 7], 100);
        assert!(told(&deaf, &["keyboard", "storage"])
            .contains("receive buffer of 144 words for storage"));
    }

    proptest! {
        #[test]
        fn what_is_advised_helps(set in 1u32..32, to in 0usize..8, from in 0usize..4) {
            let (chosen, _) = split(&functions(&ALL), set);
            let supply = supply(to, from);
            if let Err(shortage) = supply.fits(&chosen, OutEndpoint::No) {
                for way in &shortage.leave_out {
                    let rest: Vec<_> = chosen.iter().copied().filter(|one| !way.contains(one)).collect();
                    prop_assert_eq!(supply.fits(&rest, OutEndpoint::No), Ok(()));
                }
            }
        }
    }
}
