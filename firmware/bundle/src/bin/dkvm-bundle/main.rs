//! `dkvm-bundle`: makes update bundles, and looks into them. Runs where images are built.

use clap::{Args, Parser, Subcommand};
use dkvm_bundle::{
    check_file, create, inspect, BundleError, Images, Manifest, PublicKeys, Release, SecretKey,
};
use semver::Version;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Make update bundles for dKVM nodes, and look into them.
#[derive(Debug, Parser)]
#[command(name = "dkvm-bundle", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a bundle of a boot image and a root image
    Create(Create),
    /// Show what a bundle holds, and check its size and hashes
    Inspect {
        /// The bundle
        file: PathBuf,
        /// Check the signature with the keys of this file
        #[arg(long, value_name = "FILE")]
        public: Option<PathBuf>,
        /// Do not read the parts
        #[arg(long)]
        quick: bool,
    },
    /// Make the key that signs, where there is none yet, and write its public half
    Keygen {
        /// The secret key; kept when it is there already
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where the public half goes: the image's /etc/dkvm/update.pub
        #[arg(long, value_name = "FILE")]
        public: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// For which board: rpi4, zero2w, qemu, lab
    #[arg(long)]
    board: String,
    /// Which release, as in 1.2.3
    #[arg(long)]
    version: Version,
    /// From which tree; for people
    #[arg(long, default_value = "")]
    build: String,
    /// The oldest release that can take it
    #[arg(long, value_name = "VERSION")]
    min_version: Option<Version>,
    /// The image of the boot partition
    #[arg(long, value_name = "FILE")]
    boot: PathBuf,
    /// The image of the root partition
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// The secret key; see `dkvm-bundle keygen`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The bundle
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Create(arguments) => make(arguments),
        Command::Inspect {
            file,
            public,
            quick: true,
        } => look(&file, public.as_deref(), |file, _| inspect(file)),
        Command::Inspect { file, public, .. } => look(&file, public.as_deref(), check_file),
        Command::Keygen { key, public } => keygen(&key, public.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dkvm-bundle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn make(arguments: Create) -> Result<(), BundleError> {
    let key = SecretKey::read(&arguments.key)?;
    let images = Images {
        boot: arguments.boot,
        root: arguments.root,
    };
    let release = Release {
        board: arguments.board,
        version: arguments.version,
        build: arguments.build,
        min_version: arguments.min_version,
    };
    let manifest = create(&images, release, &key, &arguments.out)?;
    println!("{}", arguments.out.display());
    show(&manifest);
    Ok(())
}

fn look(
    file: &Path,
    public: Option<&Path>,
    check: impl Fn(&Path, Option<&PublicKeys>) -> Result<dkvm_bundle::Head, BundleError>,
) -> Result<(), BundleError> {
    let keys = public.map(PublicKeys::read).transpose()?;
    let head = check(file, keys.as_ref())?;
    show(&head.manifest);
    println!("size     {}", head.bundle_size());
    let signature = match &keys {
        Some(keys) => {
            dkvm_bundle::verify(&head, keys)?;
            "good"
        }
        None => "not checked: name the public key with --public",
    };
    println!("signed   {signature}");
    Ok(())
}

fn show(manifest: &Manifest) {
    println!("board    {}", manifest.board);
    println!("version  {}", manifest.version);
    if !manifest.build.is_empty() {
        println!("build    {}", manifest.build);
    }
    if let Some(oldest) = &manifest.min_version {
        println!("from     {oldest} on");
    }
    for part in &manifest.parts {
        let name = part.name.as_str();
        println!(
            "{name:8} {} of {} bytes, sha256 {}",
            part.size, part.extent, part.sha256
        );
    }
}

fn keygen(key: &Path, public: Option<&Path>) -> Result<(), BundleError> {
    let text = SecretKey::obtain(key)?.public_text();
    match public {
        None => print!("{text}"),
        Some(path) => fs::write(path, text).map_err(|source| BundleError::File {
            act: "write",
            path: path.to_owned(),
            source,
        })?,
    }
    Ok(())
}
