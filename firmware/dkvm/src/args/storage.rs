//! Images and drives.

use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// What to do with images and drives.
#[derive(Debug, Subcommand)]
pub enum StorageDo {
    /// Show images, unfinished uploads, and what is in the drives
    Ls,
    /// Bring an image to this node
    Put {
        /// A disk image or an ISO
        file: PathBuf,
        /// Another name for it
        #[arg(long)]
        name: Option<String>,
    },
    /// Have the node fetch an image by its URL; Ctrl-C ends this command, not the fetching
    Fetch(FetchUrl),
    /// Put an image into a drive; with --lun what was in it is ejected
    Attach(AttachTo),
    /// Take out what is in a drive
    Eject {
        /// Which drive
        #[arg(long, value_name = "N", default_value_t = 0)]
        lun: u32,
        /// Also when the target has locked it, and may lose what it has not written yet
        #[arg(long)]
        force: bool,
    },
    /// Delete an image
    Rm {
        /// Its name
        image: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Give an image another name
    Mv {
        /// Its name
        image: String,
        /// The new one
        to: String,
    },
    /// Make an empty drive with a FAT file system
    Drive {
        /// Its name
        image: String,
        /// Its size in MiB
        #[arg(value_parser = clap::value_parser!(u64).range(1..=4096))]
        mib: u64,
    },
    /// Copy a file onto a FAT drive; a stopped one goes on where it stopped
    Copy(CopyTo),
    /// Show the files on a FAT drive, or delete one
    #[command(
        after_help = "Examples:\n  dkvm storage files files.img               what is on it\n  dkvm storage files files.img ls docs       what is in a folder of it\n  dkvm storage files files.img rm notes.txt  without a way back"
    )]
    Files {
        /// The drive's name
        image: String,
        #[command(subcommand)]
        what: Option<FilesDo>,
    },
    /// Forget an unfinished upload
    Forget {
        /// The name of the image that it was to become, or DRIVE/NAME of the file
        name: String,
    },
}

/// What to do with the files on a FAT drive.
#[derive(Debug, Subcommand)]
pub enum FilesDo {
    /// Show what is in a folder
    Ls {
        /// The folder; the drive's root without it
        #[arg(default_value = "")]
        folder: String,
    },
    /// Delete a file
    Rm {
        /// Its name, with the folders that it is in: docs/notes.txt
        path: String,
        /// Take the drive out of the target for the moment, which sees its medium change; not while it has locked it
        #[arg(long)]
        take_out: bool,
    },
}

/// A file, and the FAT drive that it goes onto.
#[derive(Debug, ClapArgs)]
pub struct CopyTo {
    /// The file
    pub file: PathBuf,
    /// The drive's name; with DRIVE/FOLDER a folder that is there
    pub drive: String,
    /// Another name for it
    #[arg(long)]
    pub name: Option<String>,
    /// Take the drive out of the target for the moment, which sees its medium change; not while it has locked it
    #[arg(long)]
    pub take_out: bool,
}

/// An image by its URL.
#[derive(Debug, ClapArgs)]
pub struct FetchUrl {
    /// https://SERVER/PATH/FILE; http only with --sha256
    #[arg(required_unless_present = "cancel", conflicts_with = "cancel")]
    pub url: Option<String>,
    /// Another name for it than the URL's last part
    #[arg(long, requires = "url")]
    pub name: Option<String>,
    /// The SHA-256 that it must have
    #[arg(long, value_name = "HEX", requires = "url")]
    pub sha256: Option<String>,
    /// Stop what is being fetched
    #[arg(long)]
    pub cancel: bool,
}

/// An image, and how it goes into a drive.
#[derive(Debug, ClapArgs)]
pub struct AttachTo {
    /// The image's name
    pub image: String,
    /// Which drive, also one that is full; the first that is empty without it
    #[arg(long, value_name = "N")]
    pub lun: Option<u32>,
    /// As a CD-ROM, else as a disk
    #[arg(long)]
    pub cdrom: bool,
    /// The target may write to it
    #[arg(long, conflicts_with = "cdrom")]
    pub writable: bool,
}
