//! What is asked for, checked before anything is sent.

use dkvm_wire::vocab::fetch::{Fetch, MAX_URL};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use ureq::http::Uri;

/// What is fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// From where.
    pub url: String,
    /// Name of the image to be.
    pub image: String,
    /// What the whole must have.
    pub sha256: Option<String>,
}

/// Why it is not fetched.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// It is no URL.
    #[error("{0:?} is no address of a file: write it as https://server/path/file.iso")]
    NoUrl(String),
    /// Too long.
    #[error("the address has {0} bytes, and at most {MAX_URL} are taken")]
    Long(usize),
    /// Another protocol.
    #[error("only https and http are spoken here, not {0}")]
    Scheme(String),
    /// Nobody knows that what comes is what was meant.
    #[error("by http anybody on the way can change the image: use https, or give the SHA-256 that it must have")]
    Plain,
    /// It would stand in logs and on pages.
    #[error("the address holds a user's name or password, which all who see this page would see: use one without")]
    Login,
    /// The address ends with a slash.
    #[error("the address names no file: say how the image is to be called")]
    NoName,
    /// The hash is none.
    #[error("a SHA-256 has 64 hexadecimal digits")]
    Hash,
}

/// Hexadecimal digits of a SHA-256.
const HASH: usize = 64;
/// An address in a refusal is cut there.
const TOLD: usize = 60;

impl Source {
    /// What was asked for.
    pub fn of(fetch: Fetch) -> Result<Self, SourceError> {
        let url = fetch.url.trim().to_owned();
        if url.len() > MAX_URL {
            return Err(SourceError::Long(url.len()));
        }
        let sha256 = hash(fetch.sha256)?;
        let path = check(&url, sha256.as_deref())?;
        let given = fetch.image.map(|name| name.trim().to_owned());
        let given = given.filter(|name| !name.is_empty());
        let image = given
            .or_else(|| last_part(&path))
            .ok_or(SourceError::NoName)?;
        Ok(Self { url, image, sha256 })
    }
}

fn hash(given: Option<String>) -> Result<Option<String>, SourceError> {
    let given = given.map(|text| text.trim().to_ascii_lowercase());
    let given = given.filter(|text| !text.is_empty());
    let sound = |text: &String| text.len() == HASH && text.bytes().all(|b| b.is_ascii_hexdigit());
    match given {
        Some(text) if !sound(&text) => Err(SourceError::Hash),
        given => Ok(given),
    }
}

/// The path of an address that may be asked.
fn check(url: &str, sha256: Option<&str>) -> Result<String, SourceError> {
    let told = || SourceError::NoUrl(url.chars().take(TOLD).collect());
    let uri: Uri = url.parse().map_err(|_| told())?;
    let authority = uri.authority().ok_or_else(told)?;
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if sha256.is_some() => {}
        Some("http") => return Err(SourceError::Plain),
        Some(other) => return Err(SourceError::Scheme(other.to_owned())),
        None => return Err(told()),
    }
    if authority.as_str().contains('@') {
        return Err(SourceError::Login);
    }
    Ok(uri.path().to_owned())
}

/// The name at the end of a path. Whether it is one for an image, `storage` says.
fn last_part(path: &str) -> Option<String> {
    let part = path.rsplit('/').next().filter(|part| !part.is_empty())?;
    String::from_utf8(decoded(part.as_bytes())).ok()
}

/// `%20` is a blank.
fn decoded(part: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part;
    while let Some((first, more)) = rest.split_first() {
        let byte = (*first == b'%').then(|| more.get(..2)).flatten();
        let byte = byte.and_then(|two| std::str::from_utf8(two).ok());
        match byte.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(url: &str, sha256: Option<&str>) -> Result<Source, SourceError> {
        Source::of(Fetch {
            url: url.into(),
            image: None,
            sha256: sha256.map(str::to_owned),
        })
    }

    #[test]
    fn the_name_is_the_last_part() {
        let name = |url| of(url, None).map(|source| source.image);
        assert_eq!(
            name("https://a.b/c/my%20%C3%A4.iso?x=1#y"),
            Ok("my ä.iso".into())
        );
        assert_eq!(name("https://a.b:8443/100%.img"), Ok("100%.img".into()));
        assert_eq!(name("https://a.b/"), Err(SourceError::NoName));
        let given = Source::of(Fetch {
            url: "https://a.b/".into(),
            image: Some("x.iso".into()),
            sha256: None,
        });
        assert_eq!(given.map(|source| source.image), Ok("x.iso".into()));
    }

    #[test]
    fn what_is_not_fetched_is_a_sentence() {
        let hash = "aB".repeat(32);
        assert!(of("http://a.b/x.iso", Some(&hash)).is_ok());
        for (url, sha256, error) in [
            ("http://a.b/x.iso", None, SourceError::Plain),
            ("ftp://a.b/x.iso", None, SourceError::Scheme("ftp".into())),
            ("https://me:secret@a.b/x.iso", None, SourceError::Login),
            ("https://a.b/x.iso", Some("12"), SourceError::Hash),
            ("x.iso", None, SourceError::NoUrl("x.iso".into())),
            ("", None, SourceError::NoUrl(String::new())),
        ] {
            assert_eq!(of(url, sha256), Err(error), "{url}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_source_or_a_sentence(url in "(https?://)?\\PC{0,40}") {
            if let Err(error) = of(&url, None) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
