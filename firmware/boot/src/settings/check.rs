//! What each value may be. An error is the end of a sentence: what is allowed.

use std::fmt;
use std::net::IpAddr;

type Checked<T> = Result<T, &'static str>;

/// Something that no message and no log may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A public key as sshd takes it: one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Another node's key: its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer(String);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A fixed address and the size of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// How many of its bits are the network's.
    pub prefix: u8,
}

impl Address {
    /// Is `other` in the same network?
    pub fn reaches(&self, other: IpAddr) -> bool {
        let (a, b, width) = match (self.ip, other) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (u128::from(u32::from(a)), u128::from(u32::from(b)), 32)
            }
            (IpAddr::V6(_), IpAddr::V6(b)) if b.is_unicast_link_local() => return true,
            (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a), u128::from(b), 128),
            _ => return false,
        };
        let host_bits = width - u32::from(self.prefix);
        host_bits >= width || a >> host_bits == b >> host_bits
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

pub fn host_name(value: &str) -> Checked<String> {
    let name = value.trim().to_lowercase();
    let name = name.strip_suffix(".local").unwrap_or(&name);
    match is_label(name) {
        true => Ok(name.to_owned()),
        false => Err(
            "a name is 1 to 63 letters (a to z), digits and hyphens, with no hyphen at its ends",
        ),
    }
}

/// One part of a host name (RFC 1123).
fn is_label(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

const KEY_TYPES: [&str; 7] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];
/// An RSA key of 16384 bits has 2.8 kB.
const LONGEST_KEY: usize = 4096;

pub fn ssh_key(value: &str) -> Checked<Key> {
    let value = value.trim();
    if value.contains("PRIVATE KEY") {
        return Err("this is a private key, which must stay with you; give the one line of the file that ends in .pub");
    }
    let mut words = value.split_whitespace();
    let (kind, body) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let known = KEY_TYPES.contains(&kind) && value.len() <= LONGEST_KEY;
    let printable = value.chars().all(|c| !c.is_control());
    match known && printable && is_key_body(body, kind) {
        true => Ok(Key(value.to_owned())),
        false => Err("it is no public key; give the one line of the file that ends in .pub, such as `ssh-ed25519 AAAA… you@pc`"),
    }
}

/// SHA-256 in hexadecimal digits.
const FINGERPRINT: usize = 64;

pub fn peer(value: &str) -> Checked<Peer> {
    let value = value.trim().to_ascii_lowercase();
    match value.len() == FINGERPRINT && value.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(Peer(value)),
        false => Err("it is no fingerprint of a node; give the 64 hexadecimal digits that `dkvm peers` shows there"),
    }
}

/// Base64 that begins with the length of the key's type and the type itself, so a key that was cut in front is found.
fn is_key_body(body: &str, kind: &str) -> bool {
    const SHORTEST: usize = 64;
    let bits = |b: u8| ALPHABET.iter().position(|letter| *letter == b);
    let digits: Option<Vec<usize>> = body.trim_end_matches('=').bytes().map(bits).collect();
    let Some(digits) =
        digits.filter(|digits| digits.len() >= SHORTEST && body.len().is_multiple_of(4))
    else {
        return false;
    };
    let decoded = digits.chunks_exact(4).flat_map(|four| {
        let word = four.iter().fold(0, |word, digit| word << 6 | digit);
        [(word >> 16) as u8, (word >> 8) as u8, word as u8]
    });
    let length = u32::try_from(kind.len()).unwrap_or(0).to_be_bytes();
    decoded
        .take(4 + kind.len())
        .eq(length.into_iter().chain(kind.bytes()))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `None`: by DHCP.
pub fn address(value: &str) -> Checked<Option<Address>> {
    const FORM: &str =
        "write `dhcp`, or an address with the size of its network, such as `192.168.1.50/24`";
    if ["dhcp", "auto", "automatic"].contains(&value.trim().to_lowercase().as_str()) {
        return Ok(None);
    }
    let (ip, prefix) = value.split_once('/').ok_or(FORM)?;
    let ip: IpAddr = ip.trim().parse().map_err(|_| FORM)?;
    let prefix: u8 = prefix.trim().parse().map_err(|_| FORM)?;
    let widest = if ip.is_ipv4() { 32 } else { 128 };
    if !(1..=widest).contains(&prefix) {
        return Err(FORM);
    }
    if ip.is_loopback() || ip.is_multicast() || ip.is_unspecified() {
        return Err("no machine can have this address on a network");
    }
    Ok(Some(Address { ip, prefix }))
}

pub fn ip(value: &str) -> Checked<IpAddr> {
    let ip: IpAddr = value
        .trim()
        .parse()
        .map_err(|_| "write an address, such as `192.168.1.1`")?;
    match ip.is_unspecified() || ip.is_multicast() {
        true => Err("no machine has this address"),
        false => Ok(ip),
    }
}

/// A host name with dots, or an address.
pub fn server(value: &str) -> Checked<String> {
    const LONGEST: usize = 253;
    let name = value.trim();
    let good =
        name.parse::<IpAddr>().is_ok() || (name.len() <= LONGEST && name.split('.').all(is_label));
    match good {
        true => Ok(name.to_lowercase()),
        false => Err("write a name or an address, such as `pool.ntp.org`"),
    }
}

pub fn ssid(value: &str) -> Checked<String> {
    match (1..=32).contains(&value.len()) {
        true => Ok(value.to_owned()),
        false => Err("the name of a Wi-Fi has at most 32 bytes"),
    }
}

pub fn wifi_password(value: &str) -> Checked<Secret> {
    let phrase =
        (8..=63).contains(&value.len()) && value.bytes().all(|b| (0x20..0x7f).contains(&b));
    let raw = value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
    match phrase || raw {
        true => Ok(Secret(value.to_owned())),
        false => Err("the password of a Wi-Fi has 8 to 63 letters, digits and signs of ASCII; leave it out where the network is open"),
    }
}

pub fn country(value: &str) -> Checked<String> {
    let value = value.trim().to_uppercase();
    match value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase()) {
        true => Ok(value),
        false => Err("write the two letters of a country, such as `DE` or `US`"),
    }
}

/// An entry of the zone database, or POSIX' form (`CET-1CEST,M3.5.0,M10.5.0/3`).
pub fn zone(value: &str) -> Checked<String> {
    const LONGEST: usize = 64;
    let value = value.trim();
    let good = value.len() <= LONGEST
        && value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '<')
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/_+-,.:<>".contains(&b))
        && !value.contains("..");
    match good {
        true => Ok(value.to_owned()),
        false => Err("write a zone such as `Europe/Berlin`, or `CET-1CEST,M3.5.0,M10.5.0/3`"),
    }
}
