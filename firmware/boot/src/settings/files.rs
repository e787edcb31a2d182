//! The settings as the programs that use them read them.

use super::{Link, Settings, Wifi};
use std::fmt::{Display, Write};

/// `network.toml`: for the network device, as docs/network.md says. Keys that are not set are not there.
pub fn network_toml(settings: &Settings) -> String {
    let mut text = String::from("# From dkvm.txt.\n");
    text.push_str(&list("ntp", &settings.ntp));
    text.push_str(&table("wired", &settings.wired));
    text.push_str(&table("wireless", &settings.wireless));
    text
}

fn table(name: &str, link: &Link) -> String {
    if *link == Link::default() {
        return String::new();
    }
    let address = link
        .address
        .map(|address| format!("address = \"{address}\"\n"));
    let gateway = link
        .gateway
        .map(|gateway| format!("gateway = \"{gateway}\"\n"));
    let dns = list("dns", &link.dns);
    format!(
        "[{name}]\n{}{}{dns}",
        address.unwrap_or_default(),
        gateway.unwrap_or_default()
    )
}

/// What is in here was checked to hold no quote.
fn list<T: Display>(key: &str, values: &[T]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    format!("{key} = [{}]\n", quoted.join(", "))
}

/// `wpa_supplicant.conf`. The name is written in hexadecimal, so that no letter in it means anything.
pub fn wpa_supplicant_conf(wifi: &Wifi) -> String {
    let mut text = String::from("update_config=0\n");
    if let Some(country) = &wifi.country {
        let _ = writeln!(text, "country={country}");
    }
    let ssid: String = wifi.ssid.bytes().map(|b| format!("{b:02x}")).collect();
    let _ = writeln!(text, "network={{\n\tssid={ssid}\n\tscan_ssid=1");
    let _ = match wifi.password.as_ref().map(super::Secret::reveal) {
        None => writeln!(text, "\tkey_mgmt=NONE"),
        // 64 digits are the key itself; a phrase ends at the line's last quote, so quotes inside it are harmless.
        Some(key) if key.len() == 64 => writeln!(text, "\tkey_mgmt=WPA-PSK\n\tpsk={key}"),
        Some(phrase) => writeln!(text, "\tkey_mgmt=WPA-PSK\n\tpsk=\"{phrase}\""),
    };
    text.push_str("}\n");
    text
}

/// `peers`, for the device peer: one fingerprint a line.
pub fn peers(settings: &Settings) -> String {
    let lines = settings.peers.iter().map(|peer| format!("{peer}\n"));
    lines.collect()
}

/// `authorized_keys`; `None` where nobody has a key.
pub fn authorized_keys(settings: &Settings) -> Option<String> {
    let lines = settings.ssh_keys.iter().map(|key| format!("{key}\n"));
    Some(lines.collect::<String>()).filter(|text| !text.is_empty())
}
