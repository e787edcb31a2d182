//! What a page asks about the configuration: the kernel's to answer.

use crate::{actions::Answer, state::Hub};
use dkvm_sdk::CallError;
use dkvm_wire::{
    service::{
        methods, ConfigApply, ConfigConfirm, ConfigDraft, ConfigNumber, ConfigRollback,
        ConfigState, Nothing,
    },
    vocab::page::ConfigAnswer,
    WireError,
};
use serde::{de::DeserializeOwned, Serialize};
use std::time::Duration;

/// A card may take seconds to write it. A page gives up after 10 s, and is told the state in any case.
const PATIENCE: Duration = Duration::from_secs(9);

/// The one in force, or one of the history.
pub async fn read(hub: &Hub, number: Option<u32>) -> Result<Answer, WireError> {
    let text = call(hub, methods::CONFIG_READ, &ConfigNumber { number }).await?;
    Ok(ConfigAnswer::Text(text).into())
}

/// What is wrong with a text.
pub async fn check(hub: &Hub, draft: &ConfigDraft) -> Result<Answer, WireError> {
    let verdict = call(hub, methods::CONFIG_CHECK, draft).await?;
    Ok(ConfigAnswer::Verdict(verdict).into())
}

/// Puts a text on trial.
pub async fn apply(hub: &Hub, apply: &ConfigApply) -> Result<Answer, WireError> {
    let applied = call(hub, methods::CONFIG_APPLY, apply).await?;
    Ok(ConfigAnswer::Applied(applied).into())
}

/// Those kept.
pub async fn history(hub: &Hub) -> Result<Answer, WireError> {
    let history = call(hub, methods::CONFIG_HISTORY, &Nothing {}).await?;
    Ok(ConfigAnswer::History(history).into())
}

/// Back to another one.
pub async fn rollback(hub: &Hub, to: &ConfigRollback) -> Result<Answer, WireError> {
    let applied = call(hub, methods::CONFIG_ROLLBACK, to).await?;
    Ok(ConfigAnswer::Applied(applied).into())
}

/// The one on trial stays.
pub async fn confirm(hub: &Hub, number: u32) -> Result<Nothing, WireError> {
    let confirm = ConfigConfirm { number };
    call::<_, ConfigState>(hub, methods::CONFIG_CONFIRM, &confirm).await?;
    Ok(Nothing {})
}

/// Tells pages how much time is left.
pub async fn follow(hub: &Hub) {
    let told = hub.told();
    match call(hub, methods::CONFIG_STATE, &Nothing {}).await {
        Ok(state) if hub.told() == told => hub.post_config(state),
        Ok(_) => {}
        Err(error) => dkvm_sdk::warn!("the kernel did not tell its configuration: {error}"),
    }
}

async fn call<A: Serialize, T: DeserializeOwned>(
    hub: &Hub,
    method: &str,
    args: &A,
) -> Result<T, WireError> {
    let answer = hub.sender().call_within(PATIENCE, method, args).await;
    answer.map_err(CallError::into_wire)
}
