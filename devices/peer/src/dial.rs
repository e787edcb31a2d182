//! Calling a node: at all of its addresses, the best first, until one answers.

use crate::{
    close,
    core::{
        address::{self, Place},
        lead::{self, Lead, Word},
        link::{Fault, Weight},
    },
    endpoint::Node,
    fingerprint::Fingerprint,
};
use futures_util::{stream::FuturesUnordered, StreamExt};
use quinn::{ClientConfig, Connection};
use std::{collections::BTreeSet, future::Future, net::SocketAddr, time::Duration};
use tokio::{
    net::lookup_host,
    time::{sleep, timeout},
};

/// Of one name so many addresses are tried.
const ADDRESSES_MOST: usize = 6;
/// The next address is tried beside one that does not answer so soon.
const STAGGER: Duration = Duration::from_millis(200);
/// A node that is there answers sooner.
const PATIENCE: Duration = Duration::from_secs(5);
/// What stands for a name in QUIC; nobody looks at it.
const NO_NAME: &str = "dkvm";

/// Calls a node, whose key has to be `expected`, or any where that is not known yet.
pub async fn call(
    node: &Node,
    expected: Option<Fingerprint>,
    protocol: &[u8],
    leads: &[Lead],
) -> Result<Connection, Fault> {
    let passing = |told: String| Fault {
        weight: Weight::Passing,
        told,
    };
    let config = node
        .calls(expected, protocol)
        .map_err(|error| passing(error.to_string()))?;
    let leads = leads.iter().take(lead::MOST);
    let calls = leads.map(|lead| at(node, &config, lead));
    let called = race(calls).await;
    called.unwrap_or_else(|| Err(passing("no address of it is known".to_owned())))
}

/// A place, at all of its addresses.
async fn at(node: &Node, config: &ClientConfig, lead: &Lead) -> Result<Connection, Fault> {
    let addresses = resolve(&lead.place).await.map_err(|told| Fault {
        weight: Weight::Passing,
        told,
    })?;
    let calls = addresses
        .into_iter()
        .map(|address| one(node, config.clone(), (address, lead.word)));
    race(calls).await.unwrap_or_else(|| Err(no_answer()))
}

/// The first that answers; else the gravest of what went wrong. A place whose name is looked up keeps no other waiting.
async fn race<T, C: Future<Output = Result<T, Fault>>>(
    calls: impl Iterator<Item = C>,
) -> Option<Result<T, Fault>> {
    let mut calls: FuturesUnordered<_> = calls
        .zip(0u32..)
        .map(|(call, n)| async move {
            if n > 0 {
                sleep(STAGGER * n).await;
            }
            call.await
        })
        .collect();
    let mut gravest: Option<Fault> = None;
    while let Some(called) = calls.next().await {
        match called {
            Ok(connection) => return Some(Ok(connection)),
            Err(fault) if gravest.is_none() || fault.weight == Weight::Standing => {
                gravest = Some(fault)
            }
            Err(_) => {}
        }
    }
    gravest.map(Err)
}

fn no_answer() -> Fault {
    close::fault(&quinn::ConnectionError::TimedOut)
}

async fn one(
    node: &Node,
    config: ClientConfig,
    (address, word): (SocketAddr, Word),
) -> Result<Connection, Fault> {
    let connecting = node
        .endpoint
        .connect_with(config, address, NO_NAME)
        .map_err(|error| Fault {
            weight: Weight::Passing,
            told: format!("{address} cannot be called: {error}"),
        })?;
    match timeout(PATIENCE, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(match word {
            Word::Known => close::fault(&error),
            Word::Announced => close::fault_by_word(&error),
        }),
        Err(_) => Err(no_answer()),
    }
}

/// The addresses, or why there are none.
async fn resolve(place: &str) -> Result<Vec<SocketAddr>, String> {
    let found = match address::parse(place).map_err(|error| error.to_string())? {
        Place::Address(address) => vec![address],
        Place::Name(host, port) => look_up(&host, port).await?,
    };
    let found: BTreeSet<SocketAddr> = found.into_iter().map(address::plain).collect();
    Ok(found.into_iter().collect())
}

/// By the node's own resolver, in a thread of the runtime's.
async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let told = |why: &str| {
        format!("no node and no host is called {host} on this network ({why}): check the name, or use the address")
    };
    match timeout(PATIENCE, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => Ok(addresses.take(ADDRESSES_MOST).collect()),
        Ok(Err(error)) => Err(told(&error.to_string())),
        Err(_) => Err(told("no name server answers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(told: &str, weight: Weight) -> Result<u8, Fault> {
        let told = told.to_owned();
        Err(Fault { weight, told })
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_is_looked_up_for_long_keeps_no_address_waiting() {
        let begun = tokio::time::Instant::now();
        let calls = (0..2).map(|n| async move {
            match n {
                0 => sleep(PATIENCE).await,
                _ => sleep(STAGGER).await,
            }
            Ok(n)
        });
        assert_eq!(race(calls).await, Some(Ok(1)));
        assert_eq!(begun.elapsed(), STAGGER * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn of_what_went_wrong_the_gravest_is_told() {
        let calls = [
            failed("first", Weight::Passing),
            failed("grave", Weight::Standing),
            failed("last", Weight::Passing),
        ];
        let told = race(calls.into_iter().map(std::future::ready)).await;
        assert_eq!(told, Some(failed("grave", Weight::Standing)));
        let none = std::iter::empty::<std::future::Ready<Result<u8, Fault>>>();
        assert_eq!(race(none).await, None);
    }

    #[tokio::test]
    async fn a_name_that_leads_nowhere_is_a_sentence() {
        let told = resolve("nobody.invalid").await.unwrap_err();
        assert!(told.contains("nobody.invalid"), "{told}");
        let told = resolve("not a host").await.unwrap_err();
        assert!(told.contains("is no node's name"), "{told}");
        let found = resolve("[::ffff:192.0.2.1]:5").await.unwrap();
        assert_eq!(found, ["192.0.2.1:5".parse().unwrap()]);
    }
}
