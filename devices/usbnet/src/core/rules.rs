//! The packet filter's rules, as `nft` reads them.
//!
//! The table is there whenever the interface is, and lets nothing pass between it and any other, whoever makes Linux forward
//! (another program, the owner himself): only `nat` opens the way to the uplinks. All of it is one transaction.

use super::{
    subnet::Subnet,
    switches::{Isolate, Nat, Switches},
};
use std::fmt::Write;

/// The table's name, in each family.
const TABLE: &str = "dkvm_usbnet";
/// DHCP servers are asked there.
const DHCP: u16 = 67;
/// Name servers too.
const DNS: u16 = 53;

/// What the rules depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The interface to the target.
    pub interface: String,
    /// The network on it, once it has one.
    pub subnet: Subnet,
    /// What is open.
    pub switches: Switches,
    /// Where the ways out are.
    pub uplinks: Vec<String>,
    /// Uplinks that forward only because of us: what else comes in there goes nowhere.
    pub opened: Vec<String>,
}

/// Names of interfaces are Linux's, but a quote in one must not end ours.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['"', '\\', '\n', ' '])
}

impl Rules {
    /// The text for IPv4.
    pub fn v4(&self) -> String {
        let mut text = fresh("ip");
        let _ = writeln!(text, "table ip {TABLE} {{");
        chain(&mut text, "forward", "filter", &self.forward());
        chain(&mut text, "input", "filter", &self.input());
        if self.switches.nat == Nat::On {
            chain(&mut text, "postrouting", "nat", &self.masquerade());
        }
        text.push_str("}\n");
        text
    }

    /// The text for IPv6: there is no way out by it.
    pub fn v6(&self) -> String {
        let mut text = fresh("ip6");
        let _ = writeln!(text, "table ip6 {TABLE} {{");
        chain(&mut text, "forward", "filter", &self.closed());
        let input = match self.switches.isolate {
            Isolate::On => vec![format!("iifname \"{}\" drop", self.interface)],
            Isolate::Off => self.no_routers(),
        };
        chain(&mut text, "input", "filter", &input);
        text.push_str("}\n");
        text
    }

    fn ways(&self) -> impl Iterator<Item = &String> {
        let open = self.switches.nat == Nat::On;
        self.uplinks
            .iter()
            .filter(move |name| open && is_plain(name))
    }

    /// A target that says it is the way to everywhere must not become the node's.
    fn no_routers(&self) -> Vec<String> {
        ["nd-router-advert", "nd-redirect"]
            .map(|kind| format!("iifname \"{}\" icmpv6 type {kind} drop", self.interface))
            .into()
    }

    fn closed(&self) -> Vec<String> {
        ["iifname", "oifname"]
            .map(|side| format!("{side} \"{}\" drop", self.interface))
            .into()
    }

    fn forward(&self) -> Vec<String> {
        let ours = &self.interface;
        let mut rules = Vec::new();
        for uplink in self.ways() {
            rules.push(format!(
                "iifname \"{ours}\" oifname \"{uplink}\" ip saddr {} accept",
                self.subnet.network()
            ));
            rules.push(format!(
                "iifname \"{uplink}\" oifname \"{ours}\" ct state established,related accept"
            ));
        }
        rules.extend(self.closed());
        let opened = self.opened.iter().filter(|name| is_plain(name));
        rules.extend(opened.map(|uplink| format!("iifname \"{uplink}\" drop")));
        rules
    }

    fn input(&self) -> Vec<String> {
        if self.switches.isolate == Isolate::Off {
            return Vec::new();
        }
        let ours = &self.interface;
        let mut rules = vec![format!("iifname \"{ours}\" udp dport {DHCP} accept")];
        if self.switches.nat == Nat::On {
            rules.push(format!("iifname \"{ours}\" udp dport {DNS} accept"));
            rules.push(format!("iifname \"{ours}\" tcp dport {DNS} accept"));
        }
        rules.push(format!("iifname \"{ours}\" drop"));
        rules
    }

    fn masquerade(&self) -> Vec<String> {
        let network = self.subnet.network();
        self.ways()
            .map(|uplink| format!("ip saddr {network} oifname \"{uplink}\" masquerade"))
            .collect()
    }
}

/// `add` before `delete`: there may be none.
fn fresh(family: &str) -> String {
    format!("add table {family} {TABLE}\ndelete table {family} {TABLE}\n")
}

/// Nothing of ours is left.
pub fn gone(family: &str) -> String {
    fresh(family)
}

/// None without rules: one that is empty would cost each packet a look.
fn chain(text: &mut String, hook: &str, kind: &str, rules: &[String]) {
    if rules.is_empty() {
        return;
    }
    let priority = if kind == "nat" { "srcnat" } else { "filter" };
    let _ = writeln!(text, "  chain {hook} {{");
    let _ = writeln!(
        text,
        "    type {kind} hook {hook} priority {priority}; policy accept;"
    );
    for rule in rules {
        let _ = writeln!(text, "    {rule}");
    }
    text.push_str("  }\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(nat: bool, isolate: bool) -> Rules {
        Rules {
            interface: "usb0".into(),
            subnet: "172.31.7.1/29".parse().unwrap(),
            switches: Switches::new(nat, isolate),
            uplinks: vec!["eth0".into(), "wl\"an".into()],
            opened: if nat { vec!["eth0".into()] } else { Vec::new() },
        }
    }

    #[test]
    fn without_nat_nothing_passes_whoever_forwards() {
        let text = rules(false, false).v4();
        assert!(
            text.contains("iifname \"usb0\" drop\n    oifname \"usb0\" drop"),
            "{text}"
        );
        assert!(
            !text.contains("accept\n") && !text.contains("masquerade"),
            "{text}"
        );
    }

    #[test]
    fn with_nat_the_target_gets_out_and_nobody_else_gets_through() {
        let text = rules(true, false).v4();
        let out = text
            .find("iifname \"usb0\" oifname \"eth0\" ip saddr 172.31.7.0/29 accept")
            .unwrap();
        let closed = text.find("iifname \"usb0\" drop").unwrap();
        let others = text.find("iifname \"eth0\" drop").unwrap();
        assert!(out < closed && closed < others, "{text}");
        assert!(text.contains("ip saddr 172.31.7.0/29 oifname \"eth0\" masquerade"));
        assert!(!text.contains("wl\"an"));
    }

    #[test]
    fn the_target_is_nobodys_router() {
        let text = rules(false, false).v6();
        assert!(
            text.contains("iifname \"usb0\" icmpv6 type nd-router-advert drop"),
            "{text}"
        );
    }

    #[test]
    fn who_is_kept_out_still_gets_an_address() {
        let text = rules(false, true).v4();
        assert!(
            text.contains("iifname \"usb0\" udp dport 67 accept\n    iifname \"usb0\" drop"),
            "{text}"
        );
        assert!(rules(false, true).v6().contains("hook input"));
        assert!(!text.contains("dport 53"));
        assert!(rules(true, true).v4().contains("tcp dport 53 accept"));
    }
}
