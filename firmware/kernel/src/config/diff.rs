use super::{Config, DeviceConfig};
use dkvm_wire::service::Applied;
use dkvm_wire::DeviceName;

/// What a change of configuration asks for: the fewest restarts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// New, or enabled now.
    pub start: Vec<DeviceName>,
    /// Gone, or held now.
    pub stop: Vec<DeviceName>,
    /// What their process was started with has changed.
    pub restart: Vec<DeviceName>,
    /// Whether the routes are others.
    pub routes: bool,
    /// Whether `[kernel]` or `[memory]` changed: that waits for the kernel's next start.
    pub kernel: bool,
}

impl From<Difference> for Applied {
    fn from(difference: Difference) -> Self {
        Self {
            started: difference.start,
            stopped: difference.stop,
            restarted: difference.restart,
        }
    }
}

/// Compares two configurations.
pub fn diff(old: &Config, new: &Config) -> Difference {
    let mut difference = Difference {
        routes: old.routes != new.routes,
        kernel: old.kernel != new.kernel || old.memory_budget != new.memory_budget,
        ..Difference::default()
    };
    for device in &new.devices {
        let before = old.device(&device.name);
        if let Some(list) = list_for(&mut difference, before, device) {
            list.push(device.name.clone());
        }
    }
    let gone = old
        .devices
        .iter()
        .filter(|device| new.device(&device.name).is_none());
    difference
        .stop
        .extend(gone.map(|device| device.name.clone()));
    difference
}

fn list_for<'d>(
    difference: &'d mut Difference,
    before: Option<&DeviceConfig>,
    now: &DeviceConfig,
) -> Option<&'d mut Vec<DeviceName>> {
    let was_up = before.is_some_and(|device| device.enabled);
    match (was_up, now.enabled) {
        (false, true) => Some(&mut difference.start),
        (true, false) => Some(&mut difference.stop),
        (true, true) if before.is_some_and(|old| needs_restart(old, now)) => {
            Some(&mut difference.restart)
        }
        _ => None,
    }
}

/// `after`, `calls`, `gateway`, `rearm`, `safe` and `enabled` are the kernel's own business and change under a running process.
fn needs_restart(old: &DeviceConfig, new: &DeviceConfig) -> bool {
    let mut same = old.clone();
    same.after.clone_from(&new.after);
    same.calls.clone_from(&new.calls);
    same.gateway = new.gateway;
    same.rearm = new.rearm;
    same.safe = new.safe;
    same.enabled = new.enabled;
    &same != new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use std::path::Path;

    fn config(text: &str) -> Config {
        parse(Path::new("t.toml"), text).expect("valid")
    }

    fn names(list: &[DeviceName]) -> Vec<&str> {
        list.iter().map(DeviceName::as_str).collect()
    }

    const BASE: &str = "[device.a]\ncommand=[\"a\"]\n[device.b]\ncommand=[\"b\"]\n";

    #[test]
    fn a_route_restarts_nobody() {
        let new = format!("{BASE}[[route]]\ntopic=\"t\"\nfrom=\"a\"\nto=[\"b\"]\n");
        let got = diff(&config(BASE), &config(&new));
        assert_eq!(
            got,
            Difference {
                routes: true,
                ..Difference::default()
            }
        );
    }

    #[test]
    fn a_route_to_another_node_restarts_nobody() {
        let before = format!("{BASE}user=\"b\"\ngateway=true\n");
        let route =
            |to: &str| format!("{before}[[route]]\ntopic=\"t\"\nfrom=\"a\"\nto=[\"{to}\"]\n");
        for (old, new) in [
            (&before, &route("*/x")),
            (&route("*/x"), &route("office/x")),
        ] {
            let got = diff(&config(old), &config(new));
            assert!(got.routes && got.start.is_empty() && got.stop.is_empty());
            assert!(got.restart.is_empty());
        }
    }

    #[test]
    fn only_the_changed_device_restarts() {
        let new = BASE.replace("[\"b\"]", "[\"b\", \"-x\"]");
        assert_eq!(names(&diff(&config(BASE), &config(&new)).restart), ["b"]);
    }

    #[test]
    fn its_own_table_restarts_it() {
        let new = format!("{BASE}[device.b.config]\nx = 1\n");
        assert_eq!(names(&diff(&config(BASE), &config(&new)).restart), ["b"]);
    }

    #[test]
    fn permissions_order_and_comments_restart_nobody() {
        let new = "# moved\n[device.b]\ncommand=[\"b\"]\nafter=[\"a\"]\nrearm=true\ncalls=[\"a\"]\n[device.a]\ncommand=[\"a\"]\n";
        assert_eq!(diff(&config(BASE), &config(new)), Difference::default());
        let gateway = BASE.replace("[\"b\"]", "[\"b\"]\nuser=\"b\"");
        let now = format!("{gateway}gateway=true\n[grants.view]\ncalls=[\"a\"]\n");
        assert_eq!(
            diff(&config(&gateway), &config(&now)),
            Difference::default()
        );
    }

    #[test]
    fn held_added_and_removed() {
        let new = "[device.b]\ncommand=[\"b\"]\nenabled=false\n[device.c]\ncommand=[\"c\"]\n";
        let got = diff(&config(BASE), &config(new));
        assert_eq!(
            (names(&got.start), names(&got.stop)),
            (vec!["c"], vec!["b", "a"])
        );
        assert!(got.restart.is_empty());
    }

    #[test]
    fn the_kernels_part_is_told() {
        assert!(
            diff(
                &config(BASE),
                &config(&format!("{BASE}[memory]\nbudget=\"1M\"\n"))
            )
            .kernel
        );
    }
}
