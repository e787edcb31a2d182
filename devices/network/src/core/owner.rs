//! What the owner has set: `/run/dkvm/boot/network.toml`. A key that makes no sense costs a sentence and itself alone: the
//! node must come up.

use super::address::Cidr;
use dkvm_wire::vocab::network::LinkKind;
use std::net::IpAddr;
use toml::{Table, Value};

/// Name and time servers that are used of each list: more only wait longer.
const SERVERS_MOST: usize = 4;
/// As DNS has it.
const NAME_MOST: usize = 253;

/// How the interfaces of one kind get their addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addressing {
    /// A fixed one; without it DHCP.
    pub address: Option<Cidr>,
    /// The way out of the network, for a fixed address.
    pub gateway: Option<IpAddr>,
    /// Name servers, in place of those that DHCP names.
    pub dns: Vec<IpAddr>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner {
    /// Ethernet; a fixed address is the first port's.
    pub wired: Addressing,
    /// Wi-Fi.
    pub wireless: Addressing,
    /// Time servers, by name or address.
    pub ntp: Vec<String>,
}

impl Owner {
    /// For the interfaces of this kind.
    pub fn addressing(&self, kind: LinkKind) -> &Addressing {
        match kind {
            LinkKind::Wireless => &self.wireless,
            LinkKind::Wired | LinkKind::Gadget => &self.wired,
        }
    }

    /// What the text says, and a sentence for each thing in it that was ignored.
    pub fn read(text: &str) -> (Self, Vec<String>) {
        let table: Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                let what: toml::de::Error = error;
                let text = format!(
                    "the network settings in dkvm.txt are not used, DHCP is: {}",
                    what.message()
                );
                return (Self::default(), vec![text]);
            }
        };
        let mut ignored = Vec::new();
        let mut owner = Self::default();
        for (key, value) in &table {
            match (key.as_str(), value) {
                ("wired", Value::Table(part)) => {
                    owner.wired = addressing("wired.", part, &mut ignored);
                }
                ("wireless", Value::Table(part)) => {
                    owner.wireless = addressing("wireless.", part, &mut ignored);
                }
                ("ntp", value) => {
                    let names = texts(value).into_iter();
                    owner.ntp = names.filter(|name| is_host(name, &mut ignored)).collect();
                }
                (key, _) => ignored.push(unknown(key)),
            }
        }
        (owner, ignored)
    }
}

fn addressing(part: &str, table: &Table, ignored: &mut Vec<String>) -> Addressing {
    let mut found = Addressing::default();
    for (key, value) in table {
        let text = value.as_str().unwrap_or_default();
        let wrong = match key.as_str() {
            "address" => text
                .parse()
                .map(|address| found.address = Some(address))
                .map_err(|e| e.to_string()),
            "gateway" => text
                .parse()
                .map(|gateway| found.gateway = Some(gateway))
                .map_err(|_| format!("{text:?} is no address")),
            "dns" => servers(value).map(|dns| found.dns = dns),
            _ => {
                ignored.push(unknown(&format!("{part}{key}")));
                continue;
            }
        };
        if let Err(reason) = wrong {
            ignored.push(format!(
                "network settings in dkvm.txt: `{part}{key}` is ignored: {reason}"
            ));
        }
    }
    let strange = found
        .gateway
        .is_some_and(|gateway| !fits(found.address, gateway));
    if strange {
        ignored.push(format!("network settings in dkvm.txt: `{part}gateway` is ignored: it needs an `address` of the same kind beside it"));
        found.gateway = None;
    }
    found
}

fn fits(address: Option<Cidr>, gateway: IpAddr) -> bool {
    address.is_some_and(|cidr| cidr.address.is_ipv4() == gateway.is_ipv4())
}

fn unknown(key: &str) -> String {
    format!("network settings in dkvm.txt: there is no `{key}`; it is ignored")
}

fn servers(value: &Value) -> Result<Vec<IpAddr>, String> {
    let parse = |text: &str| text.parse().map_err(|_| format!("{text:?} is no address"));
    texts(value).iter().map(|text| parse(text)).collect()
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    let one = value.as_str().map(str::to_owned);
    let many = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str().map(str::to_owned));
    one.into_iter().chain(many).take(SERVERS_MOST).collect()
}

fn is_host(name: &str, ignored: &mut Vec<String>) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    let sound = !name.is_empty() && name.len() <= NAME_MOST && name.chars().all(plain);
    if !sound {
        ignored.push(format!("network settings in dkvm.txt: the time server {name:?} is ignored: that is no host name"));
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_set_is_dhcp() {
        assert_eq!(Owner::read(""), (Owner::default(), Vec::new()));
    }

    #[test]
    fn all_of_it_is_read() {
        let text = "ntp = [\"192.0.2.1\", \"time.example.org\"]\n[wired]\naddress = \"192.0.2.20/24\"\ngateway = \"192.0.2.1\"\ndns = [\"192.0.2.1\"]\n[wireless]\naddress = \"2001:db8::2/64\"\n";
        let (owner, ignored) = Owner::read(text);
        assert_eq!(ignored, Vec::<String>::new());
        assert_eq!(owner.ntp, ["192.0.2.1", "time.example.org"]);
        assert_eq!(owner.wired.address, "192.0.2.20/24".parse().ok());
        assert_eq!(owner.wired.gateway, "192.0.2.1".parse().ok());
        assert_eq!(
            owner.addressing(LinkKind::Wireless).address,
            "2001:db8::2/64".parse().ok()
        );
    }

    #[test]
    fn a_mistake_costs_itself_alone() {
        let text = "hue = 1\nntp = \"no host\"\n[wired]\naddress = \"192.0.2.20/24\"\ngateway = \"fe80::1\"\ndns = [\"x\"]\ncolour = 2\n";
        let (owner, ignored) = Owner::read(text);
        assert_eq!(owner.wired.address, "192.0.2.20/24".parse().ok());
        assert_eq!(
            (owner.wired.gateway, owner.wired.dns.len(), owner.ntp.len()),
            (None, 0, 0)
        );
        let all = ignored.join("\n");
        for word in [
            "`hue`",
            "\"no host\"",
            "`wired.gateway`",
            "`wired.dns`",
            "`wired.colour`",
        ] {
            assert!(all.contains(word), "{word} in {all}");
        }
    }

    #[test]
    fn what_is_no_toml_is_dhcp_and_a_sentence() {
        let (owner, ignored) = Owner::read("[wireless\n");
        assert_eq!((owner, ignored.len()), (Owner::default(), 1));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,200}", key in "address|gateway|dns|ntp|x", value in "[^\"\\\\\n]{0,60}") {
            let _ = Owner::read(&text);
            let (owner, ignored) = Owner::read(&format!("{key} = \"{value}\"\n[wireless]\n{key} = \"{value}\"\n"));
            prop_assert!(owner.ntp.len() <= SERVERS_MOST && !ignored.is_empty());
        }
    }
}
