//! Making bundles, and looking into them.

use crate::{
    hash_reader, verify, BundleError, Head, Manifest, Part, PartName, PublicKeys, SecretKey,
    MAX_HEAD, MAX_PART,
};
use semver::Version;
use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// In what steps the end of an image is searched for the last byte that is not zero.
const BLOCK: usize = 4096;

/// The two images.
#[derive(Debug)]
pub struct Images {
    /// FAT.
    pub boot: PathBuf,
    /// squashfs.
    pub root: PathBuf,
}

/// What they are.
#[derive(Debug)]
pub struct Release {
    /// For which board.
    pub board: String,
    /// Which release.
    pub version: Version,
    /// From which tree.
    pub build: String,
    /// The oldest release that can take it.
    pub min_version: Option<Version>,
}

/// Writes a bundle. The same images, release and key give the same bytes.
pub fn create(
    images: &Images,
    release: Release,
    key: &SecretKey,
    out: &Path,
) -> Result<Manifest, BundleError> {
    let manifest = Manifest {
        board: release.board,
        version: release.version,
        build: release.build,
        min_version: release.min_version,
        parts: [
            part(PartName::Boot, &images.boot)?,
            part(PartName::Root, &images.root)?,
        ],
    };
    let head = Head::build(&manifest, |bytes| key.sign(bytes))?;
    // Refuses here what every reader would refuse.
    Head::parse(&head)?;
    let sources = [&images.boot, &images.root].into_iter();
    let sizes = manifest.parts.iter().map(|part| part.size);
    write(out, &head, sources.zip(sizes)).map_err(file("write", out))?;
    Ok(manifest)
}

fn write<'a>(
    out: &Path,
    head: &[u8],
    parts: impl Iterator<Item = (&'a PathBuf, u64)>,
) -> io::Result<()> {
    let fresh = out.with_extension("dkvm-new");
    let mut file = BufWriter::new(File::create(&fresh)?);
    file.write_all(head)?;
    for (path, size) in parts {
        let copied = io::copy(&mut File::open(path)?.take(size), &mut file)?;
        if copied != size {
            return Err(io::Error::other(format!(
                "{} changed meanwhile",
                path.display()
            )));
        }
    }
    file.into_inner()?.sync_all()?;
    fs::rename(&fresh, out)
}

fn part(name: PartName, path: &Path) -> Result<Part, BundleError> {
    let mut image = File::open(path).map_err(file("read", path))?;
    let extent = image.metadata().map_err(file("read", path))?.len();
    if extent == 0 || extent > MAX_PART {
        return Err(BundleError::Image {
            path: path.to_owned(),
            reason: format!("is {extent} bytes long: an image has 1 to {MAX_PART}"),
        });
    }
    let size = used(&mut image, extent).map_err(file("read", path))?;
    let extent = match name {
        PartName::Boot => fat_size(&mut image).map_err(file("read", path))?,
        PartName::Root => 0,
    }
    .clamp(extent, MAX_PART);
    image.rewind().map_err(file("read", path))?;
    let sha256 = hash_reader(&mut image, size).map_err(file("read", path))?;
    Ok(Part {
        name,
        size,
        extent,
        sha256,
    })
}

/// Bytes up to the end of the last block that is not all zero.
fn used(image: &mut File, extent: u64) -> io::Result<u64> {
    let mut end = extent;
    let mut block = [0; BLOCK];
    while end > 0 {
        let start = (end - 1) / BLOCK as u64 * BLOCK as u64;
        let here = &mut block[..usize::try_from(end - start).unwrap_or(BLOCK)];
        image.seek(SeekFrom::Start(start))?;
        image.read_exact(here)?;
        if here.iter().any(|byte| *byte != 0) {
            return Ok(end);
        }
        end = start;
    }
    // One block says that it is an empty image; no part has none.
    Ok(extent.min(BLOCK as u64))
}

/// What a FAT says of its own size, 0 where there is none: its image may have been cut already, and a file's zeros
/// may lie behind the cut.
fn fat_size(image: &mut File) -> io::Result<u64> {
    let mut start = [0; 512];
    image.rewind()?;
    if image.metadata()?.len() < start.len() as u64 {
        return Ok(0);
    }
    image.read_exact(&mut start)?;
    let number = |at: usize| u64::from(u16::from_le_bytes([start[at], start[at + 1]]));
    let sectors = match number(19) {
        0 => number(32) | number(34) << 16,
        few => few,
    };
    let is_fat = start[510..] == [0x55, 0xaa];
    Ok(if is_fat { sectors * number(11) } else { 0 })
}

/// The head of a bundle file, and whether its size is right.
pub fn inspect(path: &Path) -> Result<Head, BundleError> {
    let bundle = File::open(path).map_err(file("read", path))?;
    let size = bundle.metadata().map_err(file("read", path))?.len();
    let mut first = Vec::new();
    bundle
        .take(MAX_HEAD as u64)
        .read_to_end(&mut first)
        .map_err(file("read", path))?;
    Head::of_bundle(&first, size)
}

/// All that a node checks: size, hashes and, with `keys`, the signature.
pub fn check_file(path: &Path, keys: Option<&PublicKeys>) -> Result<Head, BundleError> {
    let head = inspect(path)?;
    if let Some(keys) = keys {
        verify(&head, keys)?;
    }
    let mut bundle = File::open(path).map_err(file("read", path))?;
    bundle
        .seek(SeekFrom::Start(head.length as u64))
        .map_err(file("read", path))?;
    for part in &head.manifest.parts {
        let hash = hash_reader(&mut bundle, part.size).map_err(file("read", path))?;
        if hash != part.sha256 {
            return Err(BundleError::Hash {
                part: part.name.as_str(),
            });
        }
    }
    Ok(head)
}

fn file(act: &'static str, path: &Path) -> impl Fn(io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::File {
        act,
        path: path.clone(),
        source,
    }
}
