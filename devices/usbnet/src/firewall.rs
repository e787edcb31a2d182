//! Linux's packet filter, set by the program `nft`.

use crate::{
    core::rules::{gone, Rules},
    error::FirewallError,
};
use dkvm_network::program::foreign;
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt, process::Child, time::timeout};

/// It takes a few milliseconds; a machine that has much to do takes longer.
const HUNG: Duration = Duration::from_secs(10);
/// Most of what it says that goes into a sentence.
const SAID_MOST: usize = 300;
/// There is IPv6 where Linux lists its addresses.
const IPV6: &str = "/proc/net/if_inet6";

/// What is set.
#[derive(Debug)]
pub struct Firewall {
    nft: String,
    /// What this life has set; the one before may have left anything.
    set: Option<Option<Rules>>,
}

impl Firewall {
    /// Nothing is known of what is there.
    pub fn new(nft: &str) -> Self {
        Self {
            nft: nft.to_owned(),
            set: None,
        }
    }

    /// These rules and no others of ours; without any the tables go.
    pub async fn apply(&mut self, rules: Option<Rules>) -> Result<(), FirewallError> {
        if self.set.as_ref() == Some(&rules) {
            return Ok(());
        }
        // What fails half is not known.
        self.set = None;
        let text =
            |family, of: fn(&Rules) -> String| rules.as_ref().map_or_else(|| gone(family), of);
        self.run(&text("ip", Rules::v4)).await?;
        if Path::new(IPV6).exists() {
            self.run(&text("ip6", Rules::v6)).await?;
        }
        self.set = Some(rules);
        Ok(())
    }

    /// Nothing of ours is needed; where the program is missing there never was.
    pub async fn clear(&mut self) {
        if let Err(error) = self.apply(None).await {
            dkvm_sdk::debug!("{error}");
            self.set = Some(None);
        }
    }

    /// Whether what was asked for last is in force.
    pub fn is_set(&self) -> bool {
        self.set.is_some()
    }

    async fn run(&self, text: &str) -> Result<(), FirewallError> {
        let start = |source| FirewallError::Start {
            program: self.nft.clone(),
            source,
        };
        let mut command = foreign(&self.nft);
        command.args(["-f", "-"]).stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().map_err(start)?;
        let ended = timeout(HUNG, feed(child, text)).await;
        let Ok(output) = ended else {
            return Err(FirewallError::Hung {
                program: self.nft.clone(),
                seconds: HUNG.as_secs(),
            });
        };
        let output = output.map_err(start)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        Err(FirewallError::Refused {
            program: self.nft.clone(),
            said: said.chars().take(SAID_MOST).collect(),
        })
    }
}

async fn feed(mut child: Child, text: &str) -> std::io::Result<std::process::Output> {
    if let Some(mut input) = child.stdin.take() {
        // One that ends without reading says why by itself.
        let _ = input.write_all(text.as_bytes()).await;
    }
    child.wait_with_output().await
}
