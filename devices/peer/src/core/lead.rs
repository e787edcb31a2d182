//! Where a node may be, and by whose word.

use std::net::IpAddr;

/// Of one node so many places are tried.
pub const MOST: usize = 6;
/// Of one announcement: whoever announces himself as a node must not take the places of the node itself.
const OF_ONE: usize = 2;

/// By whose word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It was reached there, or a person said so.
    Known,
    /// The network says so, which anybody can.
    Announced,
}

/// A place to call a node at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// A host or an address, and a port.
    pub place: String,
    /// By whose word.
    pub word: Word,
}

impl Lead {
    /// By a person's word.
    pub const fn known(place: String) -> Self {
        let word = Word::Known;
        Self { place, word }
    }

    /// Whether that is an address of this one.
    pub fn is_at(&self, ip: IpAddr) -> bool {
        let place = super::address::parse(&self.place);
        matches!(place, Ok(super::address::Place::Address(address)) if address.ip().to_canonical() == ip.to_canonical())
    }
}

/// The places of one node, the best first: what is known, then what each announcement says.
pub fn gather<'a>(
    known: impl IntoIterator<Item = &'a String>,
    announced: impl Iterator<Item = &'a [String]>,
) -> Vec<Lead> {
    let known = known.into_iter().map(|place| (place, Word::Known));
    let announced = announced
        .flat_map(|places| places.iter().take(OF_ONE))
        .map(|place| (place, Word::Announced));
    let mut leads: Vec<Lead> = Vec::new();
    for (place, word) in known.chain(announced) {
        let is_new = leads.iter().all(|lead| lead.place != *place);
        if is_new && !place.is_empty() && leads.len() < MOST {
            let place = place.clone();
            leads.push(Lead { place, word });
        }
    }
    leads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_comes_first_and_no_announcement_takes_all_places() {
        let address = |n: u8| format!("192.0.2.{n}:5");
        let fakes: Vec<String> = (100..110).map(address).collect();
        let true_ones = [address(2), address(1)];
        let known = [address(1), String::new()];
        let leads = gather(&known, [&fakes[..], &true_ones[..]].into_iter());
        let places: Vec<_> = leads.iter().map(|lead| lead.place.as_str()).collect();
        let expected = [1, 100, 101, 2].map(address);
        assert_eq!(places, expected);
        assert_eq!(leads[0].word, Word::Known, "also where it is announced");
        assert!(leads[1..].iter().all(|lead| lead.word == Word::Announced));
        let many = std::iter::repeat_n(&fakes[..], 50);
        assert!(gather(&known, many).len() <= MOST);
    }

    #[test]
    fn an_address_is_not_another_that_begins_like_it() {
        let lead = Lead::known("192.0.2.10:5".to_owned());
        assert!(lead.is_at("::ffff:192.0.2.10".parse().unwrap()));
        assert!(!lead.is_at("192.0.2.1".parse().unwrap()));
        let name = Lead::known("office.lan".to_owned());
        assert!(!name.is_at("192.0.2.1".parse().unwrap()));
    }
}
