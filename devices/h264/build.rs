//! openh264 builds without its assembly, and without a word, where nasm is missing on x86: it is two to three times slower then.

use std::process::{Command, Stdio};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PATH");
    let target = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    if target.starts_with("x86") && !has_nasm() {
        println!(
            "cargo:warning=nasm is missing: H.264 is built without its assembly and takes two to three times the processor. \
             Install nasm (lab/setup.sh does), then 'cargo clean -p openh264-sys2' and build again"
        );
    }
}

fn has_nasm() -> bool {
    let status = Command::new("nasm")
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
