//! What the controller has. Linux tells nobody how many endpoints a controller has, so it is known by its driver; how large
//! the buffers of a `dwc2` are says the device tree.

use crate::{
    budget::{Fifos, Supply},
    config::Config,
    functions::Stall,
};
use std::{fs, path::Path};

/// The USB controller of the Raspberry Pi: eight endpoints each way, of which endpoint 0 is one. The Pi's own says so in
/// `hw_params` of debugfs (`num_dev_ep: 7`), and has a send buffer for each.
const DWC2: (&str, usize, usize) = ("dwc2", 7, 7);
/// `dummy_hcd`, in a virtual machine. As patched for the lab it has 15.
const DUMMY: (&str, usize, usize) = ("dummy_udc", 12, 12);

/// The driver of a controller; empty when Linux does not tell.
fn driver(controller: &Path) -> String {
    let link = fs::read_link(controller.join("device/driver")).unwrap_or_default();
    let name = link.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// What the controller has, if that is known.
pub(super) fn supply(config: &Config, controller: &Path) -> Option<Supply> {
    if let Some(endpoints) = config.endpoints {
        return Some(endpoints.into());
    }
    let driver = driver(controller);
    let (_, to, from) = [DWC2, DUMMY]
        .into_iter()
        .find(|(name, ..)| *name == driver)?;
    Some(Supply {
        r#in: to,
        out: from,
        fifos: fifos(&controller.join("device/of_node")),
    })
}

/// Whether the controller should halt bulk endpoints.
pub(super) fn stall(controller: &Path) -> Stall {
    if driver(controller) == DWC2.0 {
        Stall::No
    } else {
        Stall::Yes
    }
}

/// The buffers, from the controller's node of the device tree.
fn fifos(node: &Path) -> Option<Fifos> {
    let read = |name| fs::read(node.join(name)).ok().map(|bytes| cells(&bytes));
    let (tx, rx) = (read("g-tx-fifo-size")?, read("g-rx-fifo-size")?);
    Some(Fifos {
        tx,
        rx: *rx.first()?,
    })
}

/// The cells of a property: big-endian, 32 bits each.
fn cells(bytes: &[u8]) -> Vec<u32> {
    let cells = bytes.chunks_exact(size_of::<u32>());
    cells
        .filter_map(|cell| cell.try_into().ok())
        .map(u32::from_be_bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn controller(driver: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("device/of_node")).unwrap();
        symlink(
            format!("/sys/bus/platform/drivers/{driver}"),
            root.path().join("device/driver"),
        )
        .unwrap();
        root
    }

    #[test]
    fn a_pi_is_known_with_its_buffers() {
        let pi = controller("dwc2");
        let node = pi.path().join("device/of_node");
        fs::write(node.join("g-tx-fifo-size"), [0, 0, 1, 0, 0, 0, 2, 0]).unwrap();
        fs::write(node.join("g-rx-fifo-size"), [0, 0, 2, 46]).unwrap();
        let supply = supply(&Config::default(), pi.path()).unwrap();
        assert_eq!((supply.r#in, supply.out), (7, 7));
        assert_eq!(
            supply.fifos,
            Some(Fifos {
                tx: vec![256, 512],
                rx: 558
            })
        );
        assert_eq!(stall(pi.path()), Stall::No);
    }

    #[test]
    fn an_unknown_controller_is_not_judged_unless_the_owner_says_what_it_has() {
        let strange = controller("strange");
        assert_eq!(supply(&Config::default(), strange.path()), None);
        let endpoints = crate::config::Endpoints { r#in: 3, out: 1 };
        let config = Config {
            endpoints: Some(endpoints),
            ..Config::default()
        };
        assert_eq!(supply(&config, strange.path()), Some(endpoints.into()));
        assert_eq!(stall(strange.path()), Stall::Yes);
    }
}
