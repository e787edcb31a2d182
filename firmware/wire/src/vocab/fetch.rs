//! Images fetched by URL.

use serde::{Deserialize, Serialize};

/// Methods of the fetch device.
pub mod methods {
    /// `{}` → [`super::FetchState`]: for those to whom the topic is not routed.
    pub const GET: &str = "fetch.get";
    /// [`super::Fetch`] → `{}`: begins; [`super::FetchState`] tells how it goes on. One at a time.
    pub const START: &str = "fetch.start";
    /// `{}` → `{}`: stops it and forgets what came so far.
    pub const CANCEL: &str = "fetch.cancel";
}

/// Longest URL, bytes.
pub const MAX_URL: usize = 2048;

/// Arguments of `fetch.start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fetch {
    /// `https://…`; `http://…` only with a hash.
    pub url: String,
    /// Name of the image to be; the URL's last part without it.
    #[serde(default)]
    pub image: Option<String>,
    /// What the whole must have, in hexadecimal.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// An image on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fetching {
    /// From where.
    pub url: String,
    /// Name of the image to be.
    pub image: String,
    /// Bytes in all, once the server has told.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub size: Option<u64>,
    /// Bytes that are there.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub offset: u64,
    /// Bytes a second.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rate: u64,
    /// What it waits for, a sentence.
    pub detail: Option<String>,
}

/// How the last one ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fetched {
    /// Counts those of this life of the device.
    pub number: u32,
    /// Name of the image.
    pub image: String,
    /// It is there, and has this SHA-256; absent when it is not.
    pub sha256: Option<String>,
    /// A sentence for a person.
    pub message: String,
}

/// Topic `fetch.state`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FetchState {
    /// What is fetched.
    pub fetching: Option<Fetching>,
    /// How the last one ended.
    pub last: Option<Fetched>,
}
