use super::route::Known;
use super::section::{Report, Section};
use super::{
    check, Config, ConfigError, DeviceConfig, GrantConfig, KernelConfig, Mistake, Route,
    MAX_DEVICES, MAX_FAR, MAX_ROUTES,
};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use toml::de::DeTable;

/// Shared memory of a node that says nothing: what a Pi with 512 MiB can spare.
const BUDGET_DEFAULT: u64 = 96 << 20;
/// A configuration of a person is never this long; a wrong path may be.
const LONGEST_FILE: u64 = 1 << 20;

/// Reads and checks a file. All that is wrong comes back at once.
pub fn load(path: &Path) -> Result<Config, Vec<ConfigError>> {
    let text = read_file(path).map_err(|message| {
        vec![ConfigError {
            file: path.to_owned(),
            line: None,
            key: String::new(),
            message,
            kind: Mistake::Wrong,
        }]
    })?;
    parse(path, &text)
}

fn read_file(path: &Path) -> Result<String, String> {
    let hint = "name the configuration with --config, or put one there";
    let meta = std::fs::metadata(path).map_err(|e| format!("cannot be read: {e}; {hint}"))?;
    if !meta.is_file() || meta.len() > LONGEST_FILE {
        return Err(format!(
            "is no configuration file (a text of at most 1 MiB); {hint}"
        ));
    }
    std::fs::read_to_string(path).map_err(|e| format!("cannot be read: {e}; {hint}"))
}

/// Checks a text as if it stood in the file `path`.
pub fn parse(path: &Path, text: &str) -> Result<Config, Vec<ConfigError>> {
    let mut report = Report::new(path.to_owned(), text);
    let (root, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        let span = error.span().unwrap_or_default();
        let shown = text.get(span.clone()).unwrap_or_default().trim();
        report.add_with(span, "", || syntax_message(error.message(), shown));
    }
    let root = Section::new("", root.span(), root.get_ref());
    let mut config = read_root(path, root, &mut report);
    let errors = report.finish();
    if errors.is_empty() {
        text.clone_into(&mut config.text);
        Ok(config)
    } else {
        Err(errors)
    }
}

/// The parser's words, and for a name that is there twice, which: its own message leaves that out.
fn syntax_message(message: &str, shown: &str) -> String {
    if message != "duplicate key" || shown.is_empty() || shown.contains('\n') {
        return message.to_owned();
    }
    format!("{shown:?} is there already: remove one of the two, or give this one another name")
}

fn read_root(path: &Path, mut root: Section<'_, '_>, report: &mut Report<'_>) -> Config {
    let kernel = root
        .table("kernel", report)
        .map_or_else(KernelConfig::default, |s| KernelConfig::read(s, report));
    let memory_budget = root
        .table("memory", report)
        .map_or(BUDGET_DEFAULT, |section| budget(section, report));
    let devices = devices(&mut root, report);
    let known: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    check::devices(&devices, &known, report);
    let gateways = devices.iter().filter(|device| device.gateway);
    let gateways: Vec<&str> = gateways.map(|device| device.name.as_str()).collect();
    let able = Known {
        devices: &known,
        gateways: &gateways,
        said_none: Cell::new(false),
    };
    let routes = routes(&mut root, &able, report);
    let grants = grants(&mut root, report);
    check::grants(&grants, &known, report);
    root.finish(report);
    Config {
        path: path.to_owned(),
        text: String::new(),
        kernel,
        memory_budget,
        devices,
        routes,
        grants,
    }
}

fn budget(mut section: Section<'_, '_>, report: &mut Report<'_>) -> u64 {
    let budget = section
        .size("budget", report)
        .map_or(BUDGET_DEFAULT, |found| found.value);
    section.finish(report);
    budget
}

fn devices(root: &mut Section<'_, '_>, report: &mut Report<'_>) -> Vec<DeviceConfig> {
    let Some(section) = root.table("device", report) else {
        return Vec::new();
    };
    let tables = section.named_tables(report);
    if tables.len() > MAX_DEVICES {
        report.add(
            section.span(),
            "device",
            format!("{} devices are more than {MAX_DEVICES}", tables.len()),
        );
    }
    // What is compared with each other is bounded, also in a text that is wrong.
    tables
        .into_iter()
        .take(MAX_DEVICES)
        .filter_map(|(name, table)| DeviceConfig::read(&name, table, report))
        .collect()
}

fn grants(root: &mut Section<'_, '_>, report: &mut Report<'_>) -> Vec<GrantConfig> {
    let Some(section) = root.table("grants", report) else {
        return Vec::new();
    };
    let tables = section.named_tables(report);
    tables
        .into_iter()
        .filter_map(|(name, table)| GrantConfig::read(&name, table, report))
        .collect()
}

fn routes(root: &mut Section<'_, '_>, known: &Known<'_>, report: &mut Report<'_>) -> Vec<Route> {
    let tables = root.tables("route", report);
    if let Some(excess) = tables.get(MAX_ROUTES) {
        report.add(
            excess.span(),
            "route",
            format!("there are more than {MAX_ROUTES} routes"),
        );
    }
    let mut far = BTreeSet::new();
    let mut routes = Vec::new();
    for section in tables.into_iter().take(MAX_ROUTES) {
        let span = section.span();
        let Some(route) = Route::read(section, known, report) else {
            continue;
        };
        let before = far.len();
        far.extend(route.far().cloned());
        if before <= MAX_FAR && far.len() > MAX_FAR {
            let message = format!("more than {MAX_FAR} devices of other nodes are named in routes: write */device for that of any node");
            report.add(span, "route", message);
        }
        routes.push(route);
    }
    routes
}
