use super::{body, Sample};
use dkvm_wire::vocab::serial::{HistoryFrom, SerialOutput, SerialState, SerialWrite};

pub fn all() -> Vec<Sample> {
    vec![
        body(
            "serial-output",
            SerialOutput {
                log: 7,
                offset: 300_000,
                data: b"login: ".to_vec(),
            },
        ),
        body("serial-history", HistoryFrom { log: 7, from: 12 }),
        body(
            "serial-write",
            SerialWrite {
                data: b"root\r".to_vec(),
            },
        ),
        body(
            "serial-state",
            SerialState {
                log: 7,
                said: 300_007,
                kept: 37_863,
                waiting: 5,
                problem: Some("the target sleeps".into()),
            },
        ),
    ]
}
