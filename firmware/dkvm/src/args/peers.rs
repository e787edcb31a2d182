//! Other nodes.

use clap::{Args as ClapArgs, Subcommand};
use dkvm_wire::vocab::peer::Grant;

/// What another node may do here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(pub Vec<Grant>);

/// `view,type`, `all`, `none`.
fn grants(text: &str) -> Result<Grants, String> {
    match text {
        "all" => return Ok(Grants(Grant::ALL.to_vec())),
        "none" | "" => return Ok(Grants::default()),
        _ => {}
    }
    let mut all: Vec<Grant> = text
        .split(',')
        .map(|name| Grant::named(name.trim()).ok_or_else(|| no_grant(name)))
        .collect::<Result<_, _>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(Grants(all))
}

fn no_grant(name: &str) -> String {
    let known = Grant::ALL.map(Grant::name);
    let hint = crate::names::hint(name, &known);
    format!(
        "there is no grant {name:?}{hint}; grants are {}, with commas between them, or all, or none",
        known.join(", ")
    )
}

#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("whom").args(["node", "accept", "refuse"]))]
pub struct Pair {
    /// A name that `dkvm nodes` shows, a host name, or an address; with :PORT where it is another than 23586
    #[arg(value_name = "NODE")]
    pub node: Option<String>,
    /// What it may do here: of a call nothing, of an answer what the call named, where nothing is said
    #[arg(long, value_name = "GRANTS", value_parser = grants, requires = "whom")]
    pub grants: Option<Grants>,
    /// The code of this one is the same there
    #[arg(long, value_name = "ID")]
    pub accept: Option<u32>,
    /// It is not, or nobody here asked for it
    #[arg(long, value_name = "ID", conflicts_with = "grants")]
    pub refuse: Option<u32>,
}

/// What to do with paired nodes.
#[derive(Debug, Subcommand)]
pub enum PeersDo {
    /// Show them
    Ls,
    /// Say what a paired node may do here from now on
    Allow {
        /// Its name
        node: String,
        /// All that it may: view,type,power,storage,configure, or all, or none
        #[arg(value_parser = grants)]
        grants: Grants,
    },
    /// Take all rights from a node: it is cut off at once, and a stranger again
    Forget {
        /// Its name
        node: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Pair with a node whose fingerprint is known, without comparing codes
    #[command(visible_alias = "authorize")]
    Authorise(AuthoriseNode),
}

#[derive(Debug, ClapArgs)]
pub struct AuthoriseNode {
    /// The name that it gets here
    pub node: String,
    /// Its fingerprint, as `dkvm peers` shows it at that node: 64 hex digits
    pub fingerprint: String,
    /// Where it is; without it, that node has to call
    #[arg(long)]
    pub address: Option<String>,
    /// What it may do here
    #[arg(long, value_name = "GRANTS", value_parser = grants, default_value = "none")]
    pub grants: Grants,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_a_list_all_or_none() {
        let names =
            |text| grants(text).map(|all| all.0.iter().map(|one| one.name()).collect::<Vec<_>>());
        assert_eq!(names("type, view,view"), Ok(vec!["view", "type"]));
        assert_eq!(names("all").map(|all| all.len()), Ok(5));
        assert_eq!(names("none"), Ok(vec![]));
        let told = names("view,pover").unwrap_err();
        assert!(
            told.contains("did you mean \"power\"") && told.contains("configure"),
            "{told}"
        );
    }
}
