//! A page without a browser: logs in, takes the focus, sends a step at a time.

use crate::{Key, USAGE};
use anyhow::{bail, Context, Result};
use dkvm_wire::vocab::input::{InputAck, InputState, Motion, Step};
use dkvm_wire::vocab::page::{SessionInfo, SessionState, ToPage, ToWeb};
use rustls::pki_types::{pem::PemObject, CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket};

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Holders are below 2^53, as far as a browser counts.
const HOLDERS: u64 = (1 << 53) - 1;

/// Where the node is, and what it knows us by.
struct Visitor {
    port: u16,
    tls: Arc<ClientConfig>,
    cookie: String,
    csrf: String,
}

impl Visitor {
    fn new(port: u16, certificate: &Path) -> Result<Self> {
        let pem = CertificateDer::from_pem_file(certificate)
            .with_context(|| format!("cannot read {}", certificate.display()))?;
        let mut roots = RootCertStore::empty();
        roots.add(pem)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            port,
            tls: Arc::new(config),
            cookie: String::new(),
            csrf: String::new(),
        })
    }

    fn connect(&self) -> Result<Tls> {
        let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        Ok(StreamOwned::new(
            ClientConnection::new(self.tls.clone(), name)?,
            tcp,
        ))
    }

    fn log_in(&mut self, password: &str) -> Result<()> {
        let path = match self.ask("GET", "/api/session", "")? {
            SessionState::Open => return Ok(()),
            SessionState::Setup => "/api/setup",
            SessionState::Login => "/api/login",
        };
        let body = serde_json::json!({ "password": password }).to_string();
        match self.ask("POST", path, &body)? {
            SessionState::Open => Ok(()),
            state => bail!("after the login the session is {state:?}"),
        }
    }

    /// One request; keeps what is to be shown at the next.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<SessionState> {
        let mut stream = self.connect()?;
        let origin = self.origin();
        let Self { cookie, csrf, .. } = &self;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nOrigin: {origin}\r\nCookie: {cookie}\r\nX-Dkvm-Csrf: {csrf}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let mut answer = Vec::new();
        // What came before an end without TLS' goodbye is whole, as its length is told.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
        if !head.starts_with("HTTP/1.1 200") {
            bail!("{path} answered {head} {body}");
        }
        self.keep_cookie(head);
        let session: SessionInfo = serde_json::from_str(body)?;
        self.csrf = session.csrf;
        Ok(session.state)
    }

    fn keep_cookie(&mut self, head: &str) {
        for line in head.lines() {
            if let Some((name, value)) = line.split_once(": ") {
                if name.eq_ignore_ascii_case("set-cookie") {
                    self.cookie = value.split(';').next().unwrap_or_default().to_owned();
                }
            }
        }
    }

    fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    fn socket(&self) -> Result<WebSocket<Tls>> {
        let url = format!("wss://localhost:{}/api/ws?csrf={}", self.port, self.csrf);
        let mut request = url.into_client_request()?;
        for (name, value) in [("origin", self.origin()), ("cookie", self.cookie.clone())] {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(&value)?);
        }
        match tungstenite::client(request, self.connect()?) {
            Ok((socket, _)) => Ok(socket),
            Err(error) => bail!("/api/ws: {error}"),
        }
    }
}

/// A page that holds the focus.
pub struct Page {
    socket: WebSocket<Tls>,
    state: InputState,
    /// Steps said so far.
    said: u32,
}

impl Page {
    /// Logs in and takes the focus.
    pub fn open(port: u16, certificate: &Path, password: &str) -> Result<Self> {
        let mut visitor = Visitor::new(port, certificate)?;
        visitor.log_in(password)?;
        let state = InputState {
            // Another at each run: hid remembers which steps of which holder it has written.
            holder: crate::now_ns() & HOLDERS,
            focus: 0,
            seq: 0,
            first: 0,
            steps: Vec::new(),
            keys: Vec::new(),
            buttons: 0,
            at: None,
            motion: Motion::default(),
            extra: Default::default(),
        };
        let mut page = Self {
            socket: visitor.socket()?,
            state,
            said: 0,
        };
        page.take_focus()?;
        Ok(page)
    }

    fn take_focus(&mut self) -> Result<()> {
        loop {
            let ToPage::Hid { state: Some(hid) } = self.hear()? else {
                continue;
            };
            if hid.holder == self.state.holder && hid.focus == self.state.focus {
                return Ok(());
            }
            if self.state.focus <= hid.focus {
                self.state.focus = hid.focus + 1;
                self.say()?;
            }
        }
    }

    /// One step. Waits for its confirmation; what is measured is over before, by the event's own time.
    pub fn step(&mut self, key: Key) -> Result<()> {
        self.state.first = self.said;
        self.state.keys = if key == Key::Down {
            vec![USAGE]
        } else {
            Vec::new()
        };
        self.state.steps = vec![Step::Key {
            usage: USAGE,
            down: key == Key::Down,
        }];
        self.said += 1;
        self.say()?;
        self.confirmed()
    }

    fn confirmed(&mut self) -> Result<()> {
        loop {
            if let ToPage::Ack(ack) = self.hear()? {
                let InputAck {
                    holder,
                    steps,
                    lost,
                    ..
                } = ack;
                if lost > 0 {
                    bail!("the target took no keys: {lost} given up");
                }
                if holder == self.state.holder && steps >= self.said {
                    return Ok(());
                }
            }
        }
    }

    fn say(&mut self) -> Result<()> {
        self.state.seq += 1;
        let text = serde_json::to_string(&ToWeb::Input(self.state.clone()))?;
        Ok(self.socket.send(Message::text(text))?)
    }

    fn hear(&mut self) -> Result<ToPage> {
        loop {
            if let Message::Text(text) = self.socket.read().context("the page hears nothing")? {
                return serde_json::from_str(&text).with_context(|| format!("cannot read {text}"));
            }
        }
    }
}
