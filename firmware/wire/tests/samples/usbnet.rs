use super::{body, Sample};
use dkvm_wire::vocab::usbnet::{NetKind, UsbnetLease, UsbnetSet, UsbnetState};

pub fn all() -> Vec<Sample> {
    vec![
        body(
            "usbnet-set",
            UsbnetSet {
                nat: Some(true),
                isolate: None,
            },
        ),
        body(
            "usbnet-kinds",
            vec![NetKind::Ncm, NetKind::Ecm, NetKind::Rndis],
        ),
        body(
            "usbnet-state",
            UsbnetState {
                interface: Some("usb0".into()),
                kind: Some(NetKind::Ncm),
                mac: Some("02:64:6b:00:00:01".into()),
                target_mac: Some("02:64:6b:00:00:02".into()),
                carrier: true,
                address: Some("172.31.7.1/29".into()),
                lease: Some(UsbnetLease {
                    address: "172.31.7.2".into(),
                    mac: "02:64:6b:00:00:02".into(),
                    host: Some("pc".into()),
                }),
                nat: false,
                uplink: None,
                isolate: false,
                sent: 1024,
                received: 70_000,
                problem: None,
            },
        ),
    ]
}
