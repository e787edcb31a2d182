use super::{load, parse, Config, ConfigError, Far, Route};
use std::path::Path;

fn good(text: &str) -> Config {
    parse(Path::new("dkvm.toml"), text).expect("valid")
}

fn bad(text: &str) -> Vec<String> {
    let errors = parse(Path::new("dkvm.toml"), text).expect_err("wrong");
    errors.iter().map(ConfigError::to_string).collect()
}

/// The one error of `text`, which must hold all of `parts`.
fn one(text: &str, parts: &[&str]) {
    let errors = bad(text);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    for part in parts {
        assert!(
            errors[0].contains(part),
            "{part:?} is not in {:?}",
            errors[0]
        );
    }
}

const HID: &str = "[device.hid]\ncommand = [\"dkvm-device\", \"hid\"]\n";

#[test]
fn the_reference_file_is_valid() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rootfs/etc/dkvm/dkvm.toml");
    let config = load(&path).expect("the file that ships is right");
    assert!(config
        .devices
        .iter()
        .any(|device| device.name.as_str() == "hid"));
    assert!(!config.routes.is_empty());
}

#[test]
fn an_empty_file_is_a_kernel_without_devices() {
    let config = good("");
    assert_eq!((config.devices.len(), config.memory_budget), (0, 96 << 20));
    assert_eq!(config.kernel.socket(), Path::new("/run/dkvm/kernel.sock"));
}

#[test]
fn defaults_of_a_device() {
    let config = good(HID);
    let hid = &config.devices[0];
    assert_eq!(
        (
            hid.heartbeat_ms,
            hid.ready_ms,
            hid.enabled,
            hid.config.as_slice()
        ),
        (2000, 15_000, true, &[0x80][..])
    );
}

#[test]
fn what_is_a_persons_is_named_by_variables() {
    let config = good(&format!(
        "{HID}inherit = [\"DISPLAY\"]\nread = [\"$NOBODY_SETS_THIS/x\", \"/a\"]\n"
    ));
    assert_eq!(config.devices[0].inherit, ["DISPLAY"]);
    assert_eq!(config.devices[0].landlock.read, [Path::new("/a")]);
    one(
        "[kernel]\nrun_dir = \"$NOBODY_SETS_THIS/dkvm\"\n",
        &["kernel.run_dir", "needs $NOBODY_SETS_THIS"],
    );
    one(
        &format!("{HID}inherit = [\"LD_PRELOAD\"]\n"),
        &["device.hid.inherit", "LD_PRELOAD"],
    );
}

#[test]
fn devices_keep_the_order_of_the_file() {
    let config = good("[device.z]\ncommand=[\"z\"]\n[device.a]\ncommand=[\"a\"]\n");
    let names: Vec<_> = config
        .devices
        .iter()
        .map(|d| d.name.as_str().to_owned())
        .collect();
    assert_eq!(names, ["z", "a"]);
}

#[test]
fn a_typo_is_told_with_line_key_and_word() {
    one(
        "[device.hid]\ncomand = [\"x\"]\ncommand = [\"x\"]\n",
        &[
            "dkvm.toml:2",
            "device.hid.comand",
            "\"command\"",
            "allowed are",
        ],
    );
    one(
        "[devices.hid]\ncommand = [\"x\"]\n",
        &["dkvm.toml:1", "\"device\""],
    );
    one("[kernel]\nrundir = \"/x\"\n", &["kernel.rundir", "run_dir"]);
}

#[test]
fn wrong_types_say_what_is_right() {
    one(
        &format!("{HID}enabled = \"yes\"\n"),
        &["dkvm.toml:3", "true or false", "\"yes\""],
    );
    one(
        &format!("{HID}memory = \"12X\"\n"),
        &["device.hid.memory", "64M"],
    );
    one(&format!("{HID}nice = 40\n"), &["-20 to 19", "40"]);
    one(
        &format!("{HID}capabilities = [\"SYS_MODULES\"]\n"),
        &["SYS_MODULES", "did you mean \"SYS_MODULE\"", "NET_ADMIN"],
    );
    one(&format!("{HID}after = \"gadget\"\n"), &["a list of texts"]);
    one(
        "[device.hid]\ncommand = \"dkvm-device hid\"\n",
        &["device.hid.command", "a list of texts"],
    );
    one("[device]\nhid = 3\n", &["device.hid", "must be a table"]);
    one("[kernel]\nrun_dir = \"run\"\n", &["absolute path"]);
}

#[test]
fn a_missing_command_is_told() {
    one(
        "[device.hid]\nuser = \"x\"\n",
        &["dkvm.toml:1", "device.hid.command", "is missing"],
    );
    one(
        "[device.hid]\ncommand = []\n",
        &["device.hid.command", "is missing"],
    );
}

#[test]
fn all_errors_come_at_once() {
    let errors = bad("[kernel]\nx = 1\n[device.A]\ncommand=[\"a\"]\n[device.b]\nnice = 99\n[[route]]\ntopic = \"t\"\nfrom = \"nobody\"\nto = [\"b\"]\n");
    assert_eq!(errors.len(), 5, "{errors:#?}");
}

#[test]
fn a_name_used_twice_is_told() {
    let errors = bad("[device.a]\ncommand=[\"a\"]\n[device.a]\ncommand=[\"b\"]\n");
    assert!(
        errors[0].contains("dkvm.toml:3") && errors[0].contains("\"a\" is there already"),
        "{errors:?}"
    );
}

#[test]
fn names_of_the_kernels_own_are_taken() {
    one(
        "[device.kernel]\ncommand=[\"a\"]\n",
        &["taken by the kernel"],
    );
    one(
        "[device.client-1]\ncommand=[\"a\"]\n",
        &["taken by the kernel"],
    );
    one("[device.Hid]\ncommand=[\"a\"]\n", &["Hid", "a-z"]);
}

#[test]
fn a_circle_is_told_with_its_members() {
    let text = "[device.a]\ncommand=[\"a\"]\nafter=[\"b\"]\n[device.b]\ncommand=[\"b\"]\nafter=[\"c\"]\n[device.c]\ncommand=[\"c\"]\nafter=[\"a\"]\n";
    one(text, &["device.a.after", "a after b after c after a"]);
    one(
        "[device.a]\ncommand=[\"a\"]\nafter=[\"a\"]\n",
        &["a after a"],
    );
}

#[test]
fn unknown_devices_are_told_wherever_they_are_named() {
    one(
        &format!("{HID}after = [\"gadgt\"]\n[device.gadget]\ncommand=[\"g\"]\n"),
        &["\"gadgt\"", "\"gadget\"?"],
    );
    one(
        &format!("{HID}calls = [\"contrl\"]\n"),
        &["\"contrl\"", "\"control\"?"],
    );
    for (entry, parts) in [
        ("hud/hid.", ["\"hud\"", "\"hid\"?"]),
        ("hid/", ["how the methods begin", "\"hid\" for all"]),
        ("control/devices.", ["\"control\"", "has no parts"]),
    ] {
        one(&format!("{HID}calls = [\"{entry}\"]\n"), &parts);
    }
    one(
        &format!("{HID}[[route]]\ntopic=\"t\"\nfrom=\"hid\"\nto=[\"wep\"]\n"),
        &["route.to", "\"wep\""],
    );
}

#[test]
fn grants_are_lists_of_calls_by_the_names_that_peers_know() {
    let config = good(&format!(
        "{HID}[grants.view]\ncalls=[\"kernel\",\"hid/hid.get\"]\n[grants.power]\n[grants.configure]\ncalls=[\"control\",\"system\"]\n"
    ));
    let read: Vec<_> = config
        .grants
        .iter()
        .map(|one| (one.grant.name(), one.calls.len()))
        .collect();
    assert_eq!(read, [("view", 2), ("power", 0), ("configure", 2)]);
    assert!(good(HID).grants.is_empty());
}

#[test]
fn what_is_wrong_with_a_grant_is_told() {
    for (text, parts) in [
        (
            "[grants.pover]\n",
            ["dkvm.toml:3", "grants.pover", "did you mean \"power\"?"],
        ),
        (
            "[grants.view]\ncals = []\n",
            ["dkvm.toml:4", "grants.view.cals", "\"calls\""],
        ),
        (
            "[grants.view]\ncalls = [\"hud\"]\n",
            ["grants.view.calls", "\"hud\"", "\"hid\"?"],
        ),
        (
            "[grants.view]\ncalls = [\"hud/hid.\"]\n",
            ["grants.view.calls", "\"hud\"", "\"hid\"?"],
        ),
        (
            "[grants.view]\ncalls = [\"kernel/info\"]\n",
            ["grants.view.calls", "\"kernel\"", "has no parts"],
        ),
        (
            "[grants.view]\ncalls = \"kernel\"\n",
            ["dkvm.toml:4", "grants.view.calls", "a list of texts"],
        ),
        (
            "[grants]\nview = 3\n",
            ["dkvm.toml:4", "grants.view", "must be a table"],
        ),
    ] {
        one(&format!("{HID}{text}"), &parts);
    }
}

#[test]
fn a_gateway_has_a_user_of_its_own_and_alone_names_the_kernel() {
    let peer = "[device.peer]\ncommand=[\"p\"]\ngateway=true\ncalls=[\"kernel\",\"hid\"]\n";
    assert!(
        good(&format!(
            "{HID}user=\"dkvm-hid\"\n{peer}user=\"dkvm-peer\"\n"
        ))
        .devices[1]
            .gateway
    );
    one(
        &format!("{HID}user=\"dkvm-peer\"\n{peer}user=\"dkvm-peer\"\n"),
        &["device.peer.gateway", "the device hid", "\"dkvm-peer\""],
    );
    one(
        &format!("{HID}calls=[\"kernel\"]\n"),
        &["device.hid.calls", "gateway = true"],
    );
}

#[test]
fn a_route_to_itself_is_told() {
    one(
        &format!("{HID}[[route]]\ntopic=\"t\"\nfrom=\"hid\"\nto=[\"hid\"]\n"),
        &["loop"],
    );
}

const PEER: &str = "[device.peer]\ncommand=[\"p\"]\nuser=\"p\"\ngateway=true\n";

#[test]
fn a_route_names_devices_of_other_nodes_on_one_side() {
    let text = "[[route]]\ntopic=\"t\"\nfrom=\"hid\"\nto=[\"office/input\",\"*/input\"]\n\
        [[route]]\ntopic=\"u.*\"\nfrom=\"*/input\"\nto=[\"hid\"]\n";
    let config = good(&format!("{HID}{PEER}{text}"));
    let far: Vec<_> = config.routes.iter().flat_map(Route::far).collect();
    assert_eq!(
        far,
        ["office/input", "*/input", "*/input"]
            .map(|name| Far::parse(name).expect("a name"))
            .each_ref()
    );
}

#[test]
fn what_is_wrong_with_a_route_to_another_node_is_told() {
    let route = |from: &str, to: &str| {
        format!("{HID}{PEER}[[route]]\ntopic=\"t\"\nfrom={from:?}\nto=[{to:?}]\n")
    };
    for (from, to, parts) in [
        (
            "office/hid",
            "lab/hid",
            ["dkvm.toml:10", "route.to", "never goes to a third"],
        ),
        (
            "*/hid",
            "*/hid",
            ["dkvm.toml:10", "route.to", "never goes to a third"],
        ),
        (
            "*/hid",
            "peer",
            ["dkvm.toml:10", "route.to", "peer bridges to other nodes"],
        ),
        (
            "peer",
            "*/hid",
            ["dkvm.toml:10", "route.to", "peer bridges to other nodes"],
        ),
        (
            "Office/hid",
            "hid",
            [
                "dkvm.toml:9",
                "route.from",
                "write node/device, or */device",
            ],
        ),
        (
            "hid",
            "office/*",
            ["dkvm.toml:10", "route.to", "write node/device, or */device"],
        ),
        ("hid", "a/b/c", ["dkvm.toml:10", "route.to", "\"a/b/c\""]),
    ] {
        one(&route(from, to), &parts);
    }
    let to_office = "[[route]]\ntopic=\"t\"\nfrom=\"hid\"\nto=[\"office/hid\"]\n";
    one(
        &format!("{HID}{to_office}{to_office}"),
        &[
            "dkvm.toml:6",
            "route.to",
            "no device here has gateway = true",
        ],
    );
    let other = PEER.replace("peer", "pear").replace("\"p\"", "\"q\"");
    one(
        &format!("{HID}{PEER}{other}{to_office}"),
        &["device.pear.gateway", "peer has gateway = true already"],
    );
}

#[test]
fn so_many_devices_of_other_nodes_are_named_as_an_event_carries() {
    let names = |n: usize| {
        let names: Vec<_> = (0..n).map(|n| format!("\"n{n}/hid\"")).collect();
        format!(
            "{HID}{PEER}[[route]]\ntopic=\"t\"\nfrom=\"hid\"\nto=[{}]\n",
            names.join(",")
        )
    };
    good(&names(crate::config::MAX_FAR));
    one(
        &names(crate::config::MAX_FAR + 1),
        &["route", "more than 128", "write */device"],
    );
}

#[test]
fn a_route_needs_its_three_keys() {
    let errors = bad(&format!("{HID}[[route]]\n"));
    assert_eq!(errors.len(), 3, "{errors:#?}");
    one(&format!("{HID}[device.b]\ncommand=[\"b\"]\n[[route]]\ntopic=\"a*b\"\nfrom=\"hid\"\nto=[\"b\"]\n"), &["no topic"]);
}

#[test]
fn broken_toml_is_told_by_line() {
    let errors = bad("[device.hid\ncommand = [\"x\"]\n");
    assert!(errors[0].starts_with("dkvm.toml:1"), "{errors:?}");
}

#[test]
fn a_missing_file_is_a_sentence() {
    let errors = load(Path::new("/nonexistent/dkvm.toml")).expect_err("not there");
    assert!(
        errors[0]
            .to_string()
            .contains("/nonexistent/dkvm.toml: cannot be read"),
        "{errors:?}"
    );
}

#[test]
fn so_many_mistakes_are_told_as_an_answer_holds() {
    let device = "[device.a]\ncommand = [\"x\"]\n";
    let many = |n: usize, one: &str| one.repeat(n);
    let entries = many(20_000, "\"nobody\", ");
    let long = "y".repeat(20_000);
    for text in [
        many(130_000, "x\n"),
        format!("{device}calls = [{entries}]\n"),
        format!("{device}after = [{entries}]\n"),
        format!("{device}capabilities = [{entries}]\n"),
        format!("[grants.view]\ncalls = [{entries}]\n"),
        (0..5_000).map(|n| format!("[device.a{n}]\n")).collect(),
        (0..200)
            .map(|n| format!("[device.{long}.config{n}]\n"))
            .collect(),
    ] {
        let told = bad(&text);
        let letters: usize = told.iter().map(String::len).sum();
        assert!(letters < dkvm_wire::LIMIT_DEFAULT, "{letters}");
        assert!(told.len() <= 101, "{}", told.len());
        let full = told
            .last()
            .is_some_and(|last| last.contains("100 mistakes are enough"));
        // The same is told once.
        assert!(full || text.contains("[device.a63]") || text.contains(&long));
    }
}
