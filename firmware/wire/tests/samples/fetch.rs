use super::{body, Sample};
use dkvm_wire::vocab::fetch::{Fetch, FetchState, Fetched, Fetching};

pub fn all() -> Vec<Sample> {
    vec![
        body(
            "fetch-start",
            Fetch {
                url: "https://a.b/x.iso".into(),
                image: None,
                sha256: Some("ab".repeat(32)),
            },
        ),
        body(
            "fetch-state",
            FetchState {
                fetching: Some(Fetching {
                    url: "https://a.b/x.iso".into(),
                    image: "x.iso".into(),
                    size: Some(300_000),
                    offset: 70_000,
                    rate: 1000,
                    detail: None,
                }),
                last: Some(Fetched {
                    number: 1,
                    image: "y.iso".into(),
                    sha256: None,
                    message: "y.iso was not fetched: it was cancelled".into(),
                }),
            },
        ),
    ]
}
