use super::{load, parse, Config, ConfigError};
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
    one(
        &format!("{HID}[[route]]\ntopic=\"t\"\nfrom=\"hid\"\nto=[\"wep\"]\n"),
        &["route.to", "\"wep\""],
    );
}

#[test]
fn a_route_to_itself_is_told() {
    one(
        &format!("{HID}[[route]]\ntopic=\"t\"\nfrom=\"hid\"\nto=[\"hid\"]\n"),
        &["loop"],
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
