use super::reader::MAX_NOTICES;
use super::*;
use proptest::prelude::*;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJg0T/fHuKMyQ+pPQs5t1oLpi/vRrHIEDArQigKfdWiy me@pc";

const PEER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn settings(text: &str) -> Settings {
    let outcome = read(text.as_bytes());
    assert_eq!(outcome.notices, [""; 0], "{text}");
    outcome.settings
}

fn notices(text: &str) -> Vec<String> {
    read(text.as_bytes()).notices
}

fn full() -> String {
    format!(
        "host_name = \"kvm-1\"\n[owner]\nssh_key = \"{KEY}\"\npeer = \"{PEER}\"\n[network]\naddress = \"192.168.1.50/24\"\ngateway = \"192.168.1.1\"\n\
         dns = [\"192.168.1.1\", \"9.9.9.9\"]\nntp = \"pool.ntp.org\"\n[wifi]\nssid = \"home\"\npassword = 'sesame \"open\"'\ncountry = \"de\"\n[time]\nzone = \"Europe/Berlin\"\n"
    )
}

#[test]
fn all_of_it() {
    let it = settings(&full());
    assert_eq!(it.host_name.as_deref(), Some("kvm-1"));
    assert_eq!(
        it.wired.address.map(|a| a.to_string()).as_deref(),
        Some("192.168.1.50/24")
    );
    assert_eq!(it.wired.dns.len(), 2);
    let wifi = it.wifi.clone().expect("Wi-Fi is set");
    assert_eq!(wifi.country.as_deref(), Some("DE"));
    assert_eq!(
        wpa_supplicant_conf(&wifi),
        "update_config=0\ncountry=DE\nnetwork={\n\tssid=686f6d65\n\tscan_ssid=1\n\tkey_mgmt=WPA-PSK\n\tpsk=\"sesame \"open\"\"\n}\n"
    );
    assert_eq!(authorized_keys(&it), Some(format!("{KEY}\n")));
    assert_eq!(peers(&it), format!("{PEER}\n"));
    let network: toml::Table = network_toml(&it).parse().expect("it is TOML");
    assert_eq!(network["wired"]["gateway"].as_str(), Some("192.168.1.1"));
    assert_eq!(network["ntp"].as_array().map(Vec::len), Some(1));
}

#[test]
fn as_windows_writes_it() {
    let text = full().replace('\n', "\r\n");
    let wide = |from: fn(u16) -> [u8; 2], mark: [u8; 2]| -> Vec<u8> {
        mark.into_iter()
            .chain(text.encode_utf16().flat_map(from))
            .collect()
    };
    let marked = format!("\u{feff}{text}").into_bytes();
    for bytes in [
        marked,
        wide(u16::to_le_bytes, [0xff, 0xfe]),
        wide(u16::to_be_bytes, [0xfe, 0xff]),
    ] {
        assert_eq!(
            read(&bytes),
            Outcome {
                settings: settings(&full()),
                notices: vec![]
            }
        );
    }
}

#[test]
fn the_template_sets_nothing() {
    let template = include_str!("../../../../board/common/select/dkvm.txt");
    assert_eq!(settings(template), Settings::default());
}

/// It is edited on whatever computer holds the card: old editors there show a text without CR as one line.
#[test]
fn every_line_on_the_card_ends_as_each_editor_knows_it() {
    for text in [
        include_str!("../../../../board/common/select/dkvm.txt"),
        include_str!("../../../../board/common/select/README.txt"),
    ] {
        assert!(text
            .split_inclusive('\n')
            .all(|line| line.ends_with("\r\n")));
    }
}

#[test]
fn the_template_with_every_example_taken_is_right() {
    let template = include_str!("../../../../board/common/select/dkvm.txt");
    let taken: String = template
        .lines()
        .map(|line| {
            format!(
                "{}\n",
                line.strip_prefix('#')
                    .filter(|l| l.contains(" = "))
                    .unwrap_or(line)
            )
        })
        .collect();
    let it = read(taken.as_bytes()).settings;
    assert!(
        it.host_name.is_some()
            && it.wired.address.is_some()
            && it.wifi.is_some()
            && it.zone.is_some()
    );
    // The examples that must not work as they stand: whose keys would it be?
    assert!(it.ssh_keys.is_empty() && it.peers.is_empty());
}

#[test]
fn another_node_is_named_by_its_fingerprint() {
    let told = notices("[owner]\npeer = office");
    let wanted = "line 2 sets `peer` to `office`, which is ignored: it is no fingerprint";
    assert!(told[0].contains(wanted), "{told:?}");
    let two = format!("[owner]\npeer = {}\npeer = {PEER}\n", PEER.to_uppercase());
    assert_eq!(peers(&settings(&two)), format!("{PEER}\n{PEER}\n"));
}

#[test]
fn one_mistake_costs_one_setting() {
    for (line, told) in [
        (
            "host_name = a b",
            "dkvm.txt, line 1 sets `host_name` to `a b`, which is ignored: a name is",
        ),
        (
            "hostnam = a",
            "line 1 sets `hostnam`, which is no setting; did you mean `host_name`?",
        ),
        (
            "colour = red",
            "line 1 sets `colour`, which is no setting; there is: `host_name`",
        ),
        (
            "ssid = x",
            "line 1 sets `ssid`, which is ignored: it belongs below the heading [wifi]",
        ),
        (
            "[network]\nhost_name = x",
            "line 2 sets `host_name`, which is ignored: it belongs above",
        ),
        ("[netwrk]\nfoo = 1", "there is no section [netwrk]"),
        (
            "[network]\naddress = 192.168.1.5",
            "line 2 sets `address` to `192.168.1.5`, which is ignored: write `dhcp`, or",
        ),
        (
            "[network]\naddress = 192.168.1.5/24\ngateway = 192.168.2.1",
            "`gateway` below [network] is ignored: it is not in the network",
        ),
        (
            "[wifi]\ngateway = 192.168.2.1",
            "`gateway` below [wifi] is ignored: it is for a fixed",
        ),
        ("[network]\ndns = 1.2.3", "line 2 sets `dns` to `1.2.3`"),
        (
            "[wifi]\nssid = x\npassword = short",
            "line 3 sets `password`, which is ignored: the password",
        ),
        ("[wifi]\npassword = longenough", "`ssid` is not"),
        (
            "[owner]\nssh_key = ssh-ed25519 AAAA",
            "line 2 sets `ssh_key`, which is ignored: it is no public key",
        ),
        (
            "[owner]\nssh_key = -----BEGIN OPENSSH PRIVATE KEY-----",
            "this is a private key",
        ),
        ("[time]\nzone = ../../etc/shadow", "line 2 sets `zone`"),
    ] {
        let text = format!("{line}\n[time]\nzone = UTC\n");
        let outcome = read(text.as_bytes());
        assert!(
            outcome.notices.iter().any(|notice| notice.contains(told)),
            "{line}: {:?}",
            outcome.notices
        );
        assert_eq!(outcome.settings.zone.as_deref(), Some("UTC"), "{line}");
    }
}

#[test]
fn a_secret_is_never_shown() {
    let text = "[wifi]\nssid = x\npassword = \"geheim\npassword = \"kurz\"\npasword = verborgen\n[owner]\npassword = versteckt\n";
    let told = format!("{:?}", read(text.as_bytes()));
    for secret in ["geheim", "kurz", "verborgen", "versteckt"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[test]
fn a_wrong_password_never_makes_an_open_network() {
    for password in ["password = short", "password = \"unclosed"] {
        let outcome = read(format!("[wifi]\nssid = home\n{password}\n").as_bytes());
        assert_eq!(outcome.settings.wifi, None, "{password}");
        assert!(!outcome.notices.is_empty());
    }
    assert!(settings("[wifi]\nssid = cafe\npassword =\n")
        .wifi
        .is_some_and(|wifi| wifi.password.is_none()));
}

#[test]
fn keys_add_up_and_single_settings_do_not() {
    let text = format!("[owner]\nssh_key = \"{KEY}\"\nssh_key = [\"{KEY}\",\n \"{KEY}\"]\n");
    assert_eq!(settings(&text).ssh_keys.len(), 3);
    let outcome = read(b"host_name = a\nhost_name = b");
    assert_eq!(outcome.settings.host_name.as_deref(), Some("b"));
    assert_eq!(outcome.notices.len(), 1);
}

#[test]
fn what_is_told_is_bounded() {
    let text: String = (0..500)
        .map(|i| format!("key{i} = {}\n", "x".repeat(500)))
        .collect();
    let told = notices(&text);
    assert_eq!(told.len(), MAX_NOTICES + 1);
    assert!(told.iter().all(|notice| notice.len() < 300));
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    /// Whatever a person types, what is written for the programs cannot hold more than it should.
    #[test]
    fn no_value_breaks_out_of_its_line(value in r#"[ -~“”„äß\t]{0,70}"#, section in "(owner|network|wifi|time)", key in "(ssh_key|peer|address|gateway|dns|ntp|ssid|password|country|zone)") {
        let text = format!("[wifi]\nssid = a\n[{section}]\n{key} = {value}\n");
        let it = read(text.as_bytes()).settings;
        let network = network_toml(&it).parse::<toml::Table>();
        prop_assert!(network.is_ok());
        if let Some(wifi) = &it.wifi {
            prop_assert!(wpa_supplicant_conf(wifi).lines().count() <= 9);
        }
        prop_assert!(authorized_keys(&it).is_none_or(|keys| keys.lines().count() == 1));
        // As a list splits it: each line is a whole fingerprint.
        prop_assert!(peers(&it).lines().all(|peer| peer.len() == 64));
    }
}
