use super::{body, Sample};
use dkvm_wire::service::{
    Applied, ConfigApplied, ConfigApply, ConfigConfirm, ConfigDraft, ConfigEnded, ConfigEntry,
    ConfigHistory, ConfigMistake, ConfigNumber, ConfigOrigin, ConfigOutcome, ConfigRollback,
    ConfigState, ConfigText, ConfigTrial, ConfigVerdict,
};
use dkvm_wire::DeviceName;

const DIGEST: &str = "ab12";

fn touched() -> Applied {
    let web = DeviceName::try_from("web").unwrap_or_else(|error| unreachable!("{error}"));
    Applied {
        restarted: vec![web],
        ..Applied::default()
    }
}

pub fn all() -> Vec<Sample> {
    let mut all = calls();
    all.extend(answers());
    all
}

fn calls() -> Vec<Sample> {
    vec![
        body("config-number", ConfigNumber { number: Some(3) }),
        body(
            "config-draft",
            ConfigDraft {
                text: "[memory]\n".into(),
            },
        ),
        body(
            "config-apply",
            ConfigApply {
                text: "[memory]\n".into(),
                base: Some(DIGEST.into()),
                confirm_s: 60,
                comment: "less memory".into(),
            },
        ),
        body(
            "config-rollback",
            ConfigRollback {
                number: None,
                confirm_s: 0,
                trial: None,
            },
        ),
        body(
            "config-rollback-trial",
            ConfigRollback {
                number: None,
                confirm_s: 0,
                trial: Some(4),
            },
        ),
        body("config-confirm", ConfigConfirm { number: 4 }),
    ]
}

fn answers() -> Vec<Sample> {
    vec![
        body(
            "config-text",
            ConfigText {
                text: "[memory]\n".into(),
                origin: Some(ConfigOrigin::Owner),
                file: "/var/lib/dkvm/config/dkvm.toml".into(),
                digest: DIGEST.into(),
                number: Some(3),
            },
        ),
        body(
            "config-verdict",
            ConfigVerdict {
                mistakes: vec![ConfigMistake {
                    line: Some(2),
                    key: "memory.budged".into(),
                    message: "is no key of this table".into(),
                }],
                notices: vec!["It may be of a newer version".into()],
                change: None,
            },
        ),
        body(
            "config-applied",
            ConfigApplied {
                number: 4,
                change: touched(),
                notices: Vec::new(),
            },
        ),
        body("config-state", state()),
        body(
            "config-origins",
            vec![
                ConfigOrigin::Image,
                ConfigOrigin::BuiltIn,
                ConfigOrigin::File,
                ConfigOrigin::Memory,
            ],
        ),
        body(
            "config-history",
            ConfigHistory {
                entries: vec![entry(ConfigOutcome::Found), entry(ConfigOutcome::Kept)],
            },
        ),
    ]
}

fn state() -> ConfigState {
    ConfigState {
        digest: DIGEST.into(),
        origin: ConfigOrigin::Owner,
        number: Some(4),
        trial: Some(ConfigTrial {
            number: Some(4),
            who: "root".into(),
            waiting: touched().restarted,
            left_ms: None,
            unconfirmed: true,
        }),
        last: Some(ConfigEnded {
            number: Some(3),
            outcome: ConfigOutcome::TakenBack,
            why: vec!["nobody confirmed it within 60 s".into()],
        }),
    }
}

fn entry(outcome: ConfigOutcome) -> ConfigEntry {
    ConfigEntry {
        number: 3,
        at_unix_ms: 1_700_000_000_000,
        who: "root".into(),
        comment: String::new(),
        digest: DIGEST.into(),
        bytes: 9,
        outcome,
        why: None,
    }
}
