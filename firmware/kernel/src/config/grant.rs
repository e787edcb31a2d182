use super::device::Span;
use super::section::{Found, Report, Section};
use super::suggest;
use dkvm_wire::vocab::peer::Grant;

/// `[grants.NAME]`: what a session of another node may do that has this grant.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantConfig {
    /// Which.
    pub grant: Grant,
    /// As a device's `calls`, and `kernel` for what the kernel tells of itself.
    pub calls: Vec<String>,
    /// Where it stands in the file.
    pub(super) span: Span,
}

impl GrantConfig {
    pub(super) fn read(
        name: &Found<String>,
        mut section: Section<'_, '_>,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let span = Span(section.span());
        let calls = section.list("calls", report);
        let key = section.key("").trim_end_matches('.').to_owned();
        section.finish(report);
        let Some(grant) = Grant::named(&name.value) else {
            report.add(name.span.clone(), key, unknown(&name.value));
            return None;
        };
        let calls = calls.into_iter().map(|found| found.value).collect();
        Some(Self { grant, calls, span })
    }
}

/// The list of grants is closed: a peer could not be given one that only this file knows.
fn unknown(name: &str) -> String {
    let known = Grant::ALL.map(Grant::name);
    let hint = suggest::did_you_mean(name, &known);
    format!(
        "there is no grant {name:?}{hint}; grants are: {}",
        known.join(", ")
    )
}
