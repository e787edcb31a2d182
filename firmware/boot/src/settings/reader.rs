//! From lines to settings: which key goes where, and what is said of those that go nowhere.

use super::lines::{plain, short, Entry};
use super::{check, lines, Link, Outcome, Secret, Settings, Wifi, FILE};

/// So many are told; who has more mistakes finds the rest after those.
pub(super) const MAX_NOTICES: usize = 12;
const MAX_KEYS: usize = 32;
const MAX_SERVERS: usize = 4;
/// Nodes that may do everything here: the owner's own few.
const MAX_PEERS: usize = 16;

impl Settings {
    fn link(&mut self, way: Way) -> &mut Link {
        match way {
            Way::Wired => &mut self.wired,
            Way::Wireless => &mut self.wireless,
        }
    }
}

/// The known keys by section, each in its plain form beside the one that people are told.
const KEYS: [(&str, &str, Setting); 14] = [
    ("", "host_name", Setting::HostName),
    ("owner", "ssh_key", Setting::SshKey),
    ("owner", "peer", Setting::Peer),
    ("network", "address", Setting::Address(Way::Wired)),
    ("network", "gateway", Setting::Gateway(Way::Wired)),
    ("network", "dns", Setting::Dns(Way::Wired)),
    ("network", "ntp", Setting::Ntp),
    ("wifi", "ssid", Setting::Ssid),
    ("wifi", "password", Setting::Password),
    ("wifi", "country", Setting::Country),
    ("wifi", "address", Setting::Address(Way::Wireless)),
    ("wifi", "gateway", Setting::Gateway(Way::Wireless)),
    ("wifi", "dns", Setting::Dns(Way::Wireless)),
    ("time", "zone", Setting::Zone),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Wired,
    Wireless,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    HostName,
    SshKey,
    Peer,
    Address(Way),
    Gateway(Way),
    Dns(Way),
    Ntp,
    Ssid,
    Password,
    Country,
    Zone,
}

/// See [`super::read`].
pub(super) fn read(bytes: &[u8]) -> Outcome {
    let text = decode(bytes);
    if text.trim_end_matches('\0').contains('\0') {
        let notices = vec![format!(
            "{FILE} is no text, and was ignored: write it anew with a text editor."
        )];
        return Outcome {
            settings: Settings::default(),
            notices,
        };
    }
    let (entries, remarks) = lines::read(&text);
    let mut reader = Reader::default();
    reader
        .notices
        .extend(remarks.into_iter().map(|remark| (remark.line, remark.text)));
    for entry in &entries {
        reader.take(entry);
    }
    reader.finish()
}

/// Windows' Notepad writes UTF-16 when it is asked for "Unicode".
fn decode(bytes: &[u8]) -> String {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..]
            .chunks_exact(2)
            .map(|two| from([two[0], two[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[derive(Debug, Default)]
struct Reader {
    settings: Settings,
    ssid: Option<String>,
    password: Option<Secret>,
    country: Option<String>,
    seen: Vec<Setting>,
    unknown_sections: Vec<String>,
    notices: Vec<(usize, String)>,
}

impl Reader {
    fn take(&mut self, entry: &Entry) {
        let known = KEYS
            .iter()
            .find(|(section, key, _)| *section == entry.section && plain(key) == entry.key);
        let Some((_, key, setting)) = known else {
            return self.unknown(entry);
        };
        let list = matches!(
            setting,
            Setting::SshKey | Setting::Peer | Setting::Dns(_) | Setting::Ntp
        );
        if self.seen.contains(setting) && !list {
            self.tell(
                entry,
                format!("sets `{key}` again; this one holds, not the one before"),
            );
        }
        self.seen.push(*setting);
        let mut values = entry.values.iter().map(String::as_str);
        if list {
            values
                .flat_map(|value| split(*setting, value))
                .for_each(|value| self.set(entry, (key, *setting), value));
        } else if let Some(value) = values.next_back() {
            self.set(entry, (key, *setting), value);
        }
    }

    fn set(&mut self, entry: &Entry, (key, setting): (&str, Setting), value: &str) {
        if let Err(fault) = self.apply(setting, value) {
            let shown = match setting {
                Setting::Password | Setting::SshKey => String::new(),
                _ => format!(" to `{}`", short(value)),
            };
            self.tell(
                entry,
                format!("sets `{key}`{shown}, which is ignored: {fault}"),
            );
        }
    }

    fn apply(&mut self, setting: Setting, value: &str) -> Result<(), &'static str> {
        let it = &mut self.settings;
        match setting {
            Setting::HostName => it.host_name = Some(check::host_name(value)?),
            Setting::SshKey => push(&mut it.ssh_keys, check::ssh_key(value)?, MAX_KEYS)?,
            Setting::Peer => push(&mut it.peers, check::peer(value)?, MAX_PEERS)?,
            Setting::Address(way) => it.link(way).address = check::address(value)?,
            Setting::Gateway(way) => it.link(way).gateway = Some(check::ip(value)?),
            Setting::Dns(way) => push(&mut it.link(way).dns, check::ip(value)?, MAX_SERVERS)?,
            Setting::Ntp => push(&mut it.ntp, check::server(value)?, MAX_SERVERS)?,
            Setting::Ssid => self.ssid = Some(check::ssid(value)?),
            Setting::Password => self.password = Some(check::wifi_password(value)?),
            Setting::Country => self.country = Some(check::country(value)?),
            Setting::Zone => it.zone = Some(check::zone(value)?),
        }
        Ok(())
    }

    fn unknown(&mut self, entry: &Entry) {
        let section_known = KEYS.iter().any(|(section, ..)| *section == entry.section);
        let typed = short(&entry.typed);
        if let Some((home, key, _)) = KEYS.iter().find(|(_, key, _)| plain(key) == entry.key) {
            let place = if home.is_empty() {
                "above the first heading".to_owned()
            } else {
                format!("below the heading [{home}]")
            };
            self.tell(
                entry,
                format!("sets `{key}`, which is ignored: it belongs {place}"),
            );
        } else if section_known {
            self.tell(
                entry,
                format!(
                    "sets `{typed}`, which is no setting{}",
                    allowed(&entry.section, &entry.key)
                ),
            );
        } else if !self.unknown_sections.contains(&entry.section) {
            self.unknown_sections.push(entry.section.clone());
            let what = format!("and what follows is ignored: there is no section [{}]; there are [owner], [network], [wifi], [time]", short(&entry.section));
            self.tell(entry, what);
        }
    }

    fn tell(&mut self, entry: &Entry, text: String) {
        self.notices.push((entry.line, text));
    }

    fn finish(mut self) -> Outcome {
        self.settle_network();
        self.settle_wifi();
        self.notices.sort_by_key(|(line, _)| *line);
        let more = self.notices.len().saturating_sub(MAX_NOTICES);
        let mut notices: Vec<String> = self
            .notices
            .iter()
            .take(MAX_NOTICES)
            .map(|(line, text)| match line {
                0 => closed(format!("{FILE}: {text}")),
                _ => closed(format!("{FILE}, line {line} {text}")),
            })
            .collect();
        if more > 0 {
            notices.push(format!("{FILE} has {more} more mistakes."));
        }
        Outcome {
            settings: self.settings,
            notices,
        }
    }

    fn settle_network(&mut self) {
        for (way, section) in [(Way::Wired, "network"), (Way::Wireless, "wifi")] {
            let link = self.settings.link(way);
            let fault = match (link.gateway, &link.address) {
                (Some(_), None) => "it is for a fixed `address`; DHCP tells its own",
                (Some(gateway), Some(address)) if !address.reaches(gateway) => {
                    "it is not in the network of `address`"
                }
                _ => continue,
            };
            link.gateway = None;
            self.notices.push((
                0,
                format!("`gateway` below [{section}] is ignored: {fault}"),
            ));
        }
    }

    fn settle_wifi(&mut self) {
        let (password, country) = (self.password.take(), self.country.take());
        match self.ssid.take() {
            // A password that is wrong must not turn into none: the node would talk to an open network of that name.
            Some(_) if password.is_none() && self.seen_but_refused() => self.notices.push((
                0,
                "Wi-Fi is off, since its `password` cannot be used".to_owned(),
            )),
            Some(ssid) => {
                self.settings.wifi = Some(Wifi {
                    ssid,
                    password,
                    country,
                })
            }
            None if password.is_some() => self.notices.push((
                0,
                "Wi-Fi is off: `password` is set below [wifi], `ssid` is not".to_owned(),
            )),
            None => {}
        }
    }

    fn seen_but_refused(&self) -> bool {
        self.notices
            .iter()
            .any(|(_, text)| text.starts_with("sets `password`"))
    }
}

/// With a full stop, unless it asks.
fn closed(sentence: String) -> String {
    if sentence.ends_with('?') {
        return sentence;
    }
    sentence + "."
}

fn push<T>(list: &mut Vec<T>, value: T, most: usize) -> Result<(), &'static str> {
    if list.len() >= most {
        return Err("there are more of them than can be used");
    }
    list.push(value);
    Ok(())
}

/// Servers may also stand in one text: `192.0.2.1, 192.0.2.2`.
fn split(setting: Setting, value: &str) -> Vec<&str> {
    match setting {
        Setting::SshKey => vec![value],
        _ => value
            .split([',', ' ', ';'])
            .filter(|part| !part.is_empty())
            .collect(),
    }
}

/// `; did you mean …?`, or what there is.
fn allowed(section: &str, typed: &str) -> String {
    let keys: Vec<&str> = KEYS
        .iter()
        .filter(|(home, ..)| *home == section)
        .map(|(_, key, _)| *key)
        .collect();
    let close = keys
        .iter()
        .map(|key| (strsim::osa_distance(&plain(key), typed), key))
        .min();
    match close {
        Some((off, key)) if off <= 1 + key.len() / 4 => format!("; did you mean `{key}`?"),
        _ => format!(
            "; there {}: `{}`",
            if keys.len() == 1 { "is" } else { "are" },
            keys.join("`, `")
        ),
    }
}
