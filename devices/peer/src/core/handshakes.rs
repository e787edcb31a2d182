//! Handshakes under way: how many at once, and which goes when there are too many.
//!
//! The oldest goes: a paired node needs a round trip or two, so whoever wants to keep it out has to begin more handshakes
//! in that time than there are places, from as many addresses.

use super::address::household;
use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
};

/// In all. Each costs some tens of kB and a signature.
pub const MOST: usize = 32;
/// From one household, so that one address takes nobody else's places.
pub const MOST_OF_ONE: usize = 8;
/// From here on an address has to prove that it is its own, which costs an honest caller a round trip.
const PROVE_FROM: usize = 4;

/// Which handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeId(u64);

impl HandshakeId {
    /// Counts up.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What to do with a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It has to prove its address first.
    Prove,
    /// It may begin; the other one, if any, is broken off for it.
    Begin(HandshakeId, Option<HandshakeId>),
}

/// Whether an address is known to be the caller's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It came back with our token.
    Proven,
    /// Anybody may have written it there.
    Claimed,
}

/// Those under way, oldest first.
#[derive(Debug, Default)]
pub struct Handshakes {
    under_way: VecDeque<(HandshakeId, IpAddr)>,
    last: u64,
}

impl Handshakes {
    /// A new one.
    pub fn admit(&mut self, from: SocketAddr, proof: Proof) -> Admission {
        if proof == Proof::Claimed && self.under_way.len() >= PROVE_FROM {
            return Admission::Prove;
        }
        let from = household(from.ip());
        let goes = self.make_room(from);
        self.last += 1;
        let id = HandshakeId(self.last);
        self.under_way.push_back((id, from));
        Admission::Begin(id, goes)
    }

    fn make_room(&mut self, from: IpAddr) -> Option<HandshakeId> {
        let of_one = self.under_way.iter().filter(|(_, ip)| *ip == from).count();
        let at = if of_one >= MOST_OF_ONE {
            self.under_way.iter().position(|(_, ip)| *ip == from)?
        } else if self.under_way.len() >= MOST {
            0
        } else {
            return None;
        };
        self.under_way.remove(at).map(|(id, _)| id)
    }

    /// It has ended, one way or the other.
    pub fn ended(&mut self, id: HandshakeId) {
        self.under_way.retain(|(one, _)| *one != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(n: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, n], 1))
    }

    fn begin(handshakes: &mut Handshakes, n: u8) -> (HandshakeId, Option<HandshakeId>) {
        match handshakes.admit(from(n), Proof::Proven) {
            Admission::Begin(id, goes) => (id, goes),
            Admission::Prove => unreachable!("it is proven"),
        }
    }

    #[test]
    fn few_begin_at_once_and_more_have_to_prove_their_address() {
        let mut handshakes = Handshakes::default();
        for n in 0..PROVE_FROM {
            let admitted = handshakes.admit(from(u8::try_from(n).unwrap()), Proof::Claimed);
            assert!(matches!(admitted, Admission::Begin(_, None)));
        }
        assert_eq!(handshakes.admit(from(9), Proof::Claimed), Admission::Prove);
        assert!(matches!(
            handshakes.admit(from(9), Proof::Proven),
            Admission::Begin(_, None)
        ));
    }

    #[test]
    fn one_address_displaces_only_its_own() {
        let mut handshakes = Handshakes::default();
        let (honest, _) = begin(&mut handshakes, 1);
        let (first, _) = begin(&mut handshakes, 2);
        for _ in 1..MOST_OF_ONE {
            assert_eq!(begin(&mut handshakes, 2).1, None);
        }
        assert_eq!(begin(&mut handshakes, 2).1, Some(first));
        for _ in 0..1000 {
            let gone = begin(&mut handshakes, 2).1;
            assert!(gone.is_some() && gone != Some(honest));
        }
    }

    #[test]
    fn the_oldest_of_all_goes_when_many_addresses_come() {
        let mut handshakes = Handshakes::default();
        let (first, _) = begin(&mut handshakes, 0);
        for n in 1..MOST {
            assert_eq!(begin(&mut handshakes, u8::try_from(n).unwrap()).1, None);
        }
        assert_eq!(begin(&mut handshakes, 200).1, Some(first));
        assert_eq!(handshakes.under_way.len(), MOST);
    }

    #[test]
    fn what_has_ended_has_no_place() {
        let mut handshakes = Handshakes::default();
        for _ in 0..1000 {
            let (id, goes) = begin(&mut handshakes, 1);
            assert_eq!(goes, None);
            handshakes.ended(id);
        }
    }
}
