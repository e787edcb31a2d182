//! HTTP: one file, from a byte on.

use crate::{
    config::Config,
    core::{address::is_reached, date::date, redirect},
};
use std::{
    fmt::Debug,
    fs,
    io::Read,
    net::IpAddr,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, SystemTime},
};
use thiserror::Error;
use ureq::{
    http::{header, HeaderMap, Response, StatusCode, Uri},
    tls::{parse_pem, PemItem, RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
    Agent, Body,
};

/// Servers that send elsewhere do it once or twice; a ring of them has an end.
const REDIRECTS: u32 = 5;
/// For names, the connection and TLS.
const CONNECT: Duration = Duration::from_secs(20);
/// A server may look for a file for a while.
const ANSWER: Duration = Duration::from_secs(60);
/// A server that says nothing for so long is asked again.
const SILENCE: Duration = Duration::from_secs(30);

/// Why there is no client.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The file of certificates.
    #[error("the file of certificates {path} cannot be used: {reason}")]
    Certificates {
        /// Which.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why nothing comes.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Trying again will not help.
    #[error("{0}")]
    Never(String),
    /// It may help.
    #[error("{0}")]
    Later(String),
    /// The file has no such byte.
    #[error("{0}")]
    Beyond(String),
}

/// Where files come from.
pub trait Origin {
    /// Asks for a file from byte `from` on, as it was with `tag`.
    fn open(&self, url: &str, from: u64, tag: &str) -> Result<Opened, OpenError>;
}

/// Asks servers.
pub struct Client {
    agent: Agent,
    guard: Guard,
}

/// A file on its way.
pub struct Opened {
    /// Bytes in all.
    pub size: u64,
    /// The first byte that comes.
    pub from: u64,
    /// Tells this version of the file from another.
    pub tag: String,
    /// The bytes.
    pub body: Box<dyn Read + Send>,
}

impl Client {
    /// Reads the certificates.
    pub fn new(config: &Config) -> Result<Self, ClientError> {
        Self::guarded(config, Guard::default())
    }

    fn guarded(config: &Config, guard: Guard) -> Result<Self, ClientError> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = &config.ca_file {
            tls =
                tls.root_certs(
                    certificates(path).map_err(|reason| ClientError::Certificates {
                        path: path.display().to_string(),
                        reason,
                    })?,
                );
        }
        let settings = Agent::config_builder()
            .tls_config(tls.build())
            .proxy(None)
            // Followed here: what a server says beside the new address is not read, however long it is.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_per_read(Some(SILENCE))
            .user_agent("dkvm")
            .build();
        let agent = Agent::with_parts(settings, DefaultConnector::default(), guard.clone());
        Ok(Self { agent, guard })
    }
}

impl Origin for Client {
    fn open(&self, url: &str, from: u64, tag: &str) -> Result<Opened, OpenError> {
        let mut address = url.to_owned();
        for _ in 0..=REDIRECTS {
            let response = self.ask(&address, from, tag)?;
            match sent_on(&response, &address)? {
                Some(next) => address = allowed(url, next)?,
                None => return opened(response, from),
            }
        }
        Err(OpenError::Never(format!(
            "the server sends on more than {REDIRECTS} times: use the address at the end"
        )))
    }
}

impl Client {
    /// The answer of one address.
    fn ask(&self, url: &str, from: u64, tag: &str) -> Result<Response<Body>, OpenError> {
        self.guard.refused.store(false, Ordering::Relaxed);
        let mut request = self.agent.get(url);
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
            if tag.starts_with('"') {
                request = request.header(header::IF_RANGE, tag);
            }
        }
        request.call().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &ureq::Error) -> OpenError {
        if self.guard.refused.load(Ordering::Relaxed) {
            return OpenError::Never("the server's name leads to this node itself, or to an address that only its own link has: those are not asked".to_owned());
        }
        match error {
            ureq::Error::BadUri(_) => OpenError::Never(format!("the address makes no sense: {error}")),
            error if is_too_early(&error.to_string()) => OpenError::Later(too_early(now())),
            error if is_distrust(error) => OpenError::Never(format!("the server's certificate is not trusted: {error}; for one of your own see `ca_file`")),
            _ => OpenError::Later(format!("the server is not reached: {error}")),
        }
    }
}

/// Where the server sends on to, if it does.
fn sent_on(response: &Response<Body>, from: &str) -> Result<Option<String>, OpenError> {
    let sends = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = text(response.headers(), header::LOCATION).filter(|_| sends);
    let Some(location) = location else {
        return Ok(None);
    };
    let target = redirect::target(from, location);
    let nowhere = || OpenError::Never("the server sends on to what is no address".to_owned());
    target.map(Some).ok_or_else(nowhere)
}

/// The next address, where it may be asked by who asked for the first.
fn allowed(first: &str, next: String) -> Result<String, OpenError> {
    let scheme = |url: &str| {
        let uri = url.parse::<Uri>().ok()?;
        uri.scheme_str().map(str::to_ascii_lowercase)
    };
    match (scheme(first).as_deref(), scheme(&next).as_deref()) {
        (_, Some("https")) | (Some("http"), Some("http")) => Ok(next),
        (_, Some("http")) => Err(OpenError::Never("the server sends on from https to http, where anybody on the way can change the image: use its address there, with the SHA-256".to_owned())),
        _ => Err(OpenError::Never("the server sends on to what is neither https nor http".to_owned())),
    }
}

/// Seconds since 1970, as this node has it.
fn now() -> u64 {
    let passed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    passed.map_or(0, |passed| passed.as_secs())
}

/// Whether it is the node's clock that is wrong: a Pi has none that runs on without power.
fn is_too_early(told: &str) -> bool {
    told.contains("not valid yet") || told.contains("NotValidYet")
}

fn too_early(now: u64) -> String {
    format!(
        "the server's certificate is not valid yet: this node believes that it is {}. It asks the network for the time; where nobody answers there, name a time server as `ntp` in dkvm.txt",
        date(now)
    )
}

/// Whether TLS does not trust the server. It comes as an error of reading, with its own in it.
fn is_distrust(error: &ureq::Error) -> bool {
    let tls = matches!(error, ureq::Error::Rustls(_) | ureq::Error::Tls(_));
    tls || error.to_string().contains("peer certificate")
}

fn certificates(path: &std::path::Path) -> Result<RootCerts, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(one) = item.map_err(|error| error.to_string())? {
            found.push(one);
        }
    }
    if found.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok(RootCerts::new_with_certs(&found))
}

fn opened(response: Response<Body>, from: u64) -> Result<Opened, OpenError> {
    let status = response.status();
    let headers = response.headers();
    let tag = tag(headers);
    let (first, size) = match status {
        StatusCode::OK => (0, number(headers, header::CONTENT_LENGTH)),
        StatusCode::PARTIAL_CONTENT => match range(headers) {
            Some((first, size)) if first <= from => (first, Some(size)),
            _ => {
                return Err(OpenError::Later(
                    "the server sends another part than was asked for".to_owned(),
                ))
            }
        },
        status => return Err(unwanted(status)),
    };
    let size = size.ok_or_else(|| OpenError::Never("the server does not say how large the file is: fetch it with a computer, and upload it from there".to_owned()))?;
    let body = response
        .into_body()
        .into_with_config()
        .limit(u64::MAX)
        .reader();
    Ok(Opened {
        size,
        from: first,
        tag,
        body: Box::new(body),
    })
}

fn unwanted(status: StatusCode) -> OpenError {
    let told = format!("the server answers {status}");
    if status == StatusCode::RANGE_NOT_SATISFIABLE {
        return OpenError::Beyond(told);
    }
    // Too many, or its own fault: it may pass.
    let passes = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    match passes {
        true => OpenError::Later(told),
        false => OpenError::Never(format!("{told}: check the address")),
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: header::HeaderName) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

/// `bytes 100-199/200`.
fn range(headers: &HeaderMap) -> Option<(u64, u64)> {
    let value = text(headers, header::CONTENT_RANGE)?;
    let (span, size) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = span.split_once('-')?;
    Some((first.trim().parse().ok()?, size.trim().parse().ok()?))
}

/// Most of a tag that is kept.
const TAG: usize = 128;

fn tag(headers: &HeaderMap) -> String {
    let found = text(headers, header::ETAG).or_else(|| text(headers, header::LAST_MODIFIED));
    found.unwrap_or_default().chars().take(TAG).collect()
}

/// Resolves names, and refuses what they lead to.
#[derive(Clone)]
struct Guard {
    names: Arc<DefaultResolver>,
    allows: fn(IpAddr) -> bool,
    /// The last name led nowhere else than where nobody is asked.
    refused: Arc<AtomicBool>,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            names: Arc::default(),
            allows: is_reached,
            refused: Arc::default(),
        }
    }
}

impl Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard")
    }
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let mut reached = self.empty();
        for address in found.iter().filter(|address| (self.allows)(address.ip())) {
            reached.push(*address);
        }
        if reached.is_empty() {
            self.refused.store(true, Ordering::Relaxed);
            return Err(ureq::Error::HostNotFound);
        }
        Ok(reached)
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
