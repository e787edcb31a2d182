use super::Socket;
use dkvm_testkit::Failure;
use dkvm_wire::vocab::page::SessionInfo;
use rustls::{
    pki_types::{pem::PemObject, CertificateDer, ServerName, UnixTime},
    time_provider::{DefaultTimeProvider, TimeProvider},
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    collections::HashMap,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

/// A connection to the device.
pub type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Longest wait for anything that has to come.
const PATIENCE: Duration = Duration::from_secs(90);

/// Receive buffer of a slow visitor, bytes: a hundredth of a large picture.
const NARROW: usize = 32 * 1024;

/// A browser, as far as a server can tell: it keeps a cookie, and trusts just this node's certificate.
#[derive(Clone)]
pub struct Visitor {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    pub cookie: Option<String>,
    pub csrf: String,
    window: Option<usize>,
}

/// A clock that shows one second, since 1970.
#[derive(Debug)]
struct Stopped(u64);

impl TimeProvider for Stopped {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::new(format!("{error} in {}", self.text())))
    }

    /// The sentence of a refusal.
    pub fn message(&self) -> Result<String, Failure> {
        Ok(self.json::<Value>()?["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }
}

impl Visitor {
    pub fn new(address: SocketAddr, state: &Path) -> Result<Self, Failure> {
        Self::with_clock(address, state, Arc::new(DefaultTimeProvider))
    }

    /// The same with a clock that stands.
    pub fn at(address: SocketAddr, state: &Path, unix: u64) -> Result<Self, Failure> {
        Self::with_clock(address, state, Arc::new(Stopped(unix)))
    }

    fn with_clock(
        address: SocketAddr,
        state: &Path,
        clock: Arc<dyn TimeProvider>,
    ) -> Result<Self, Failure> {
        let certificate = CertificateDer::from_pem_file(state.join("certificate.pem"));
        let mut roots = RootCertStore::empty();
        roots.add(certificate.map_err(failed)?).map_err(failed)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_details(provider, clock)
            .with_safe_default_protocol_versions();
        let tls = Arc::new(
            builder
                .map_err(failed)?
                .with_root_certificates(roots)
                .with_no_client_auth(),
        );
        Ok(Self {
            address,
            tls,
            cookie: None,
            csrf: String::new(),
            window: None,
        })
    }

    /// The same with a narrow connection: what it does not read fills up soon.
    pub fn slow(&self) -> Self {
        Self {
            window: Some(NARROW),
            ..self.clone()
        }
    }

    /// A TLS connection, nothing said yet.
    pub fn connect(&self) -> Result<Tls, Failure> {
        let tcp = TcpStream::connect(self.address)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        tcp.set_nodelay(true)?;
        if let Some(window) = self.window {
            rustix::net::sockopt::set_socket_recv_buffer_size(&tcp, window).map_err(failed)?;
        }
        let name = ServerName::try_from("localhost").map_err(failed)?;
        let tls = ClientConnection::new(self.tls.clone(), name).map_err(failed)?;
        let mut stream = StreamOwned::new(tls, tcp);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(stream)
    }

    /// A TCP connection, TLS not begun.
    pub fn connect_bare(&self) -> Result<TcpStream, Failure> {
        let tcp = TcpStream::connect(self.address)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        Ok(tcp)
    }

    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    pub fn origin(&self) -> String {
        format!("https://{}", self.host())
    }

    /// Any request, on a connection of its own.
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Failure> {
        let mut stream = self.connect()?;
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
            self.host()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(cookie) = &self.cookie {
            text.push_str(&format!("cookie: {cookie}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(text.as_bytes())?;
        // A server that refuses a body need not read it.
        let _ = stream.write_all(body).and_then(|()| stream.flush());
        let answer = parse(&read_all(&mut stream)?)?;
        self.remember(&answer);
        Ok(answer)
    }

    pub fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        self.request("GET", path, &[], b"")
    }

    /// A request whose answer has no end: the connection, after the request.
    pub fn open(&self, path: &str) -> Result<Tls, Failure> {
        let mut stream = self.connect()?;
        let cookie = self.cookie.clone().unwrap_or_default();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\n\r\n",
            self.host()
        )?;
        stream.flush()?;
        Ok(stream)
    }

    /// Where this visitor stands.
    pub fn session(&mut self) -> Result<SessionInfo, Failure> {
        self.get("/api/session")?.json()
    }

    /// A POST as the page makes it.
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Answer, Failure> {
        if self.cookie.is_none() {
            self.session()?;
        }
        let (csrf, origin) = (self.csrf.clone(), self.origin());
        let headers = [
            ("content-type", "application/json"),
            ("x-dkvm-csrf", &csrf),
            ("origin", &origin),
        ];
        self.request("POST", path, &headers, body.to_string().as_bytes())
    }

    /// A WebSocket as the page opens it.
    pub fn socket(&self, path: &str) -> Result<Socket, Failure> {
        Socket::open(self, &format!("{path}?csrf={}", self.csrf), &self.origin())
    }

    /// The same, with more in its address.
    pub fn socket_with(&self, path: &str, query: &str) -> Result<Socket, Failure> {
        let path = format!("{path}?{query}&csrf={}", self.csrf);
        Socket::open(self, &path, &self.origin())
    }

    fn remember(&mut self, answer: &Answer) {
        if let Some(set) = answer.headers.get("set-cookie") {
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        if let Ok(info) = answer.json::<SessionInfo>() {
            self.csrf = info.csrf;
        }
    }
}

/// Everything until the other side ends; a connection that is cut short has said what it had to say.
fn read_all(stream: &mut Tls) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
            ) =>
        {
            Ok(bytes)
        }
        Err(error) => Err(error.into()),
    }
}

fn parse(bytes: &[u8]) -> Result<Answer, Failure> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or_else(|| {
        Failure::new(format!(
            "no answer, but {:?}",
            String::from_utf8_lossy(bytes)
        ))
    })?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let pairs = lines.filter_map(|line| line.split_once(": "));
    Ok(Answer {
        status: status.ok_or_else(|| Failure::new(format!("no status in {head}")))?,
        headers: pairs
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
        body: bytes[end + 4..].to_vec(),
    })
}

/// Any error as a failure of the test.
pub fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
