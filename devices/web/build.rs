//! Embeds the page as `npm run build` left it in `page/dist`, compressed once here and never at run time.
//! Without it the crate builds all the same, and says so on the page.

use flate2::{write::GzEncoder, Compression};
use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    path::{Path, PathBuf},
};

const DIST: &str = "page/dist";
/// esbuild's content hash in a file's name.
const HASH_LENGTH: usize = 8;

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed={DIST}");
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let dist = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(DIST);
    let mut files = list(&dist);
    files.sort();
    let rows: io::Result<Vec<String>> = files
        .iter()
        .enumerate()
        .map(|(n, file)| embed(&dist, file, &out, n))
        .collect();
    let table = format!("static ASSETS: &[Asset] = &[\n{}];\n", rows?.concat());
    fs::write(out.join("assets.rs"), table)
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                list(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

fn embed(dist: &Path, file: &Path, out: &Path, n: usize) -> io::Result<String> {
    let bytes = fs::read(file)?;
    let packed = out.join(format!("asset-{n}.gz"));
    let mut encoder = GzEncoder::new(fs::File::create(&packed)?, Compression::best());
    encoder.write_all(&bytes)?;
    encoder.finish()?;
    let path = file
        .strip_prefix(dist)
        .unwrap_or(file)
        .display()
        .to_string();
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Ok(format!(
        "    Asset {{ path: {:?}, kind: {:?}, etag: {:?}, fixed: {}, plain: include_bytes!({:?}), gzip: include_bytes!({:?}) }},\n",
        format!("/{path}"),
        kind(file),
        format!("\"{:016x}\"", hasher.finish()),
        is_named_by_content(file),
        file,
        packed,
    ))
}

fn is_named_by_content(file: &Path) -> bool {
    let stem = file
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    stem.rsplit_once('-').is_some_and(|(_, hash)| {
        hash.len() >= HASH_LENGTH
            && hash
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    })
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
