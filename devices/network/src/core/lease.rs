//! What the DHCP client tells, one line for each event, as `rootfs/usr/share/dkvm/dhcp-event` writes it:
//!
//! ```text
//! dhcp <tab> bound <tab> ip=192.0.2.7 <tab> mask=24 <tab> router=192.0.2.1 <tab> dns=192.0.2.1 192.0.2.2 <tab> …
//! ```
//!
//! The values are a server's, so a stranger's: what makes no sense is left out, and no list is longer than [`MOST`].

use super::{address::Cidr, time::Moment};
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
    time::Duration,
};

/// Servers of one kind that are taken from an answer: resolvers ask the first three at most.
const MOST: usize = 4;
/// RFC 2131 knows no default; a server that says nothing is asked again after an hour.
const LEASE_DEFAULT: Duration = Duration::from_secs(3600);

/// An address for some time, and what the server says with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The address.
    pub address: Cidr,
    /// The way out of the network.
    pub router: Option<Ipv4Addr>,
    /// Name servers.
    pub dns: Vec<IpAddr>,
    /// Time servers (option 42).
    pub ntp: Vec<IpAddr>,
    /// It is another machine's after this.
    pub until: Moment,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DhcpEvent {
    /// An address, anew or still.
    Bound(Lease),
    /// The address is no longer ours. The client says it at its own start too.
    Lost,
    /// No server has answered; the client goes on asking.
    NoServer,
}

/// Reads a line of the client's; `None` is one that is not about that.
pub fn parse(line: &str, now: Moment) -> Option<DhcpEvent> {
    let mut fields = line.strip_prefix("dhcp\t")?.split('\t');
    match fields.next()? {
        "bound" | "renew" => lease(fields, now).map(DhcpEvent::Bound),
        "deconfig" => Some(DhcpEvent::Lost),
        "leasefail" => Some(DhcpEvent::NoServer),
        _ => None,
    }
}

fn lease<'a>(fields: impl Iterator<Item = &'a str>, now: Moment) -> Option<Lease> {
    let pairs: Vec<_> = fields.filter_map(|field| field.split_once('=')).collect();
    let value = |key| {
        pairs
            .iter()
            .find(|(name, _)| *name == key)
            .map_or("", |(_, value)| *value)
    };
    let address: Cidr = format!("{}/{}", value("ip"), value("mask")).parse().ok()?;
    let seconds = value("lease")
        .parse()
        .map_or(LEASE_DEFAULT, Duration::from_secs);
    Some(Lease {
        address,
        router: list(value("router")).first().copied(),
        dns: list(value("dns")),
        ntp: list(value("ntp")),
        until: now.after(seconds),
    })
}

fn list<T: FromStr>(words: &str) -> Vec<T> {
    words
        .split_ascii_whitespace()
        .filter_map(|word| word.parse().ok())
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Moment = Moment(1000);

    #[test]
    fn a_lease_is_read() {
        let line = "dhcp\tbound\tip=192.0.2.7\tmask=24\trouter=192.0.2.1 192.0.2.9\tdns=192.0.2.1 192.0.2.2\tntp=192.0.2.3\tlease=600";
        let lease = Lease {
            address: "192.0.2.7/24".parse().expect("an address"),
            router: Some(Ipv4Addr::new(192, 0, 2, 1)),
            dns: vec![
                "192.0.2.1".parse().expect("one"),
                "192.0.2.2".parse().expect("one"),
            ],
            ntp: vec!["192.0.2.3".parse().expect("one")],
            until: Moment(601_000),
        };
        assert_eq!(parse(line, NOW), Some(DhcpEvent::Bound(lease)));
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let line = "dhcp\trenew\tip=192.0.2.7\tmask=24\trouter=\tdns=x 192.0.2.2 1 2 3 4 5 6\tntp=\tlease=never";
        let Some(DhcpEvent::Bound(lease)) = parse(line, NOW) else {
            panic!("no lease");
        };
        assert_eq!(
            (lease.router, lease.dns.len(), lease.ntp.len()),
            (None, 1, 0)
        );
        assert_eq!(lease.until, NOW.after(LEASE_DEFAULT));
    }

    #[test]
    fn a_lease_without_an_address_is_none() {
        assert_eq!(parse("dhcp\tbound\tip=\tmask=24", NOW), None);
        assert_eq!(parse("dhcp\tbound\tip=127.0.0.1\tmask=8", NOW), None);
        assert_eq!(parse("udhcpc: started, v1.35.0", NOW), None);
    }

    #[test]
    fn the_other_events_have_no_fields() {
        assert_eq!(parse("dhcp\tdeconfig\tip=", NOW), Some(DhcpEvent::Lost));
        assert_eq!(
            parse("dhcp\tleasefail\tip=", NOW),
            Some(DhcpEvent::NoServer)
        );
        assert_eq!(parse("dhcp\tnak\tip=", NOW), None);
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_left(text in ".{0,300}", event in "bound|renew|deconfig|leasefail|nak", fields in prop::collection::vec(("[a-z]{1,6}", ".{0,40}"), 0..12)) {
            let _ = parse(&text, NOW);
            let fields: String = fields.iter().map(|(key, value)| format!("\t{key}={value}")).collect();
            let line = format!("dhcp\t{event}\tip=192.0.2.7\tmask=24{fields}");
            match parse(&line, NOW) {
                Some(DhcpEvent::Bound(lease)) => prop_assert!(lease.dns.len() <= MOST && lease.ntp.len() <= MOST && lease.until >= NOW),
                other => prop_assert!(other.is_some() || event == "nak"),
            }
        }
    }
}
