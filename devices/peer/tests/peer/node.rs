//! A node: the device as a process, its fake kernel, and a control socket that answers.

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    decode, decode_body, encode_body, encode_frame,
    service::{methods as services, Nothing},
    topics,
    vocab::peer::{methods, Authorise, Grant, LinkState, PeerInfo, PeerState},
    DeviceName, ErrorCode, FrameDecoder, Generation, Hello, Limits, Message, Preamble, RequestId,
    Welcome, WireError, LIMIT_BEFORE_WELCOME, WIRE_VERSION,
};
use serde_json::json;
use std::{
    io::{self, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Whatever is waited for is there long before.
const PATIENCE: Duration = Duration::from_secs(90);
const TURN: Duration = Duration::from_secs(1);

pub struct TestNode {
    pub kernel: FakeKernel,
    pub folder: TempDir,
    pub name: &'static str,
    port: u16,
    last: Option<PeerState>,
    /// What the sessions that came were held to.
    pub hellos: Arc<Mutex<Vec<Hello>>>,
}

impl TestNode {
    /// A fresh one.
    pub fn start(name: &'static str) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().expect("a directory");
        for sub in ["run", "run/peer", "state"] {
            std::fs::create_dir(folder.path().join(sub)).expect("a directory");
        }
        let hellos = Arc::default();
        play_kernel(&folder.path().join("run/kernel.sock"), &hellos);
        let kernel = launch(folder.path(), name, 0)?;
        let mut node = Self {
            kernel,
            folder,
            name,
            port: 0,
            last: None,
            hellos,
        };
        node.kernel.ready()?;
        node.port = node.until(|state| state.port != 0)?.port;
        Ok(node)
    }

    /// The same node in its next life, on the same port.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.kernel.kill()?;
        self.kernel.end()?;
        self.kernel = launch(self.folder.path(), self.name, self.port)?;
        self.kernel.ready()?;
        self.last = None;
        Ok(())
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it tells once that fits; what it told last counts too.
    pub fn until(&mut self, fits: impl Fn(&PeerState) -> bool) -> Result<PeerState, Failure> {
        if let Some(last) = self.last.clone().filter(|last| fits(last)) {
            return Ok(last);
        }
        let until = Instant::now() + PATIENCE;
        // Round trips are told all the time, so it is not enough that something comes.
        while Instant::now() < until {
            let Some(event) = self.kernel.within(TURN, topics::PEER_STATE)? else {
                continue;
            };
            let state: PeerState = event.decode()?;
            self.last = Some(state.clone());
            if fits(&state) {
                return Ok(state);
            }
        }
        let told = format!(
            "{} tells {:?}\n{}",
            self.name,
            self.last,
            self.kernel.log().join("\n")
        );
        Err(Failure::new(told))
    }

    pub fn get(&mut self) -> Result<PeerState, Failure> {
        self.kernel.call(methods::GET, &Nothing {})
    }

    pub fn fingerprint(&mut self) -> Result<String, Failure> {
        Ok(self.get()?.fingerprint)
    }

    pub fn until_link(&mut self, node: &str, link: LinkState) -> Result<PeerInfo, Failure> {
        let of = |state: &PeerState| state.peers.iter().find(|peer| peer.node == node).cloned();
        let state = self.until(|state| of(state).is_some_and(|peer| peer.link == link))?;
        of(&state).ok_or_else(|| Failure::new("no such peer"))
    }

    /// Trusts another.
    pub fn authorise(
        &mut self,
        other: &mut Self,
        grants: &[Grant],
        address: &str,
    ) -> Result<(), Failure> {
        let node = Authorise {
            node: other.name.to_owned(),
            fingerprint: other.fingerprint()?,
            address: address.to_owned(),
            grants: grants.to_vec(),
        };
        self.kernel
            .call::<_, Nothing>(methods::AUTHORISE, &node)
            .map(|_| ())
    }

    /// Says hello to the kernel of another node through this one.
    pub fn session(&self, node: &str) -> Result<Session, WireError> {
        Session::open(
            &self
                .folder
                .path()
                .join(format!("run/peer/nodes/{node}.sock")),
        )
    }
}

fn launch(folder: &Path, name: &str, port: u16) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-peer"))
        .env("DKVM_STATE_DIR", folder.join("state").as_os_str())
        .env("DKVM_RUN_DIR", folder.join("run/peer").as_os_str());
    let config = json!({
        "listen": format!("[::]:{port}"),
        "name": name,
        "card": folder.join("card").to_string_lossy(),
    });
    FakeKernel::start(launch, Setup::new("peer").config(config))
}

/// Two that are paired, and linked: the first calls.
pub fn linked(grants: &[Grant]) -> Result<(TestNode, TestNode), Failure> {
    linked_by(grants, TestNode::address)
}

/// The same by another way to the second.
pub fn linked_by(
    grants: &[Grant],
    way: impl FnOnce(&TestNode) -> String,
) -> Result<(TestNode, TestNode), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    office.authorise(&mut desk, grants, "")?;
    let address = way(&office);
    desk.authorise(&mut office, &[], &address)?;
    desk.until_link("office", LinkState::Up)?;
    office.until_link("desk", LinkState::Up)?;
    Ok((desk, office))
}

/// A session on another node's kernel.
pub struct Session {
    stream: UnixStream,
    decoder: FrameDecoder,
    last: u32,
}

/// What a kernel says.
#[derive(Debug, PartialEq)]
pub enum Said {
    Answer(Result<Vec<u8>, WireError>),
    Event(String, Vec<u8>),
    End,
}

impl Session {
    pub fn open(socket: &Path) -> Result<Self, WireError> {
        let broken = |error: io::Error| WireError::new(ErrorCode::Internal, error.to_string());
        let mut stream = UnixStream::connect(socket).map_err(broken)?;
        stream
            .set_read_timeout(Some(PATIENCE / 5))
            .map_err(broken)?;
        stream.write_all(&Preamble::BYTES).map_err(broken)?;
        let mut session = Self {
            stream,
            decoder: FrameDecoder::new(1024 * 1024),
            last: 0,
        };
        // What it claims is overwritten.
        let grants = Some(vec!["configure".to_owned()]);
        session
            .send(services::HELLO, &encode_body(&hello(grants)))
            .map_err(broken)?;
        let mut preamble = [0; 8];
        session.stream.read_exact(&mut preamble).map_err(broken)?;
        match session.next() {
            Said::Answer(answer) => answer.map(|_| session),
            other => Err(WireError::new(ErrorCode::Internal, format!("{other:?}"))),
        }
    }

    fn send(&mut self, method: &str, body: &[u8]) -> io::Result<()> {
        self.last += 1;
        let request = Message::Request {
            id: RequestId(self.last),
            method,
            body,
            source: None,
        };
        let frame = encode_frame(&request.encode(), 1024 * 1024).map_err(io::Error::other)?;
        self.stream.write_all(&frame)
    }

    /// Asks for the same bytes back.
    pub fn echo(&mut self, body: &[u8]) -> Said {
        match self.send("echo", body) {
            Ok(()) => self.next(),
            Err(_) => Said::End,
        }
    }

    /// Asks, without reading a single answer, until nothing more is taken.
    pub fn flood(&mut self) {
        let patience = Duration::from_millis(300);
        self.stream.set_write_timeout(Some(patience)).expect("set");
        while self.send("echo", &[7; 50_000]).is_ok() {}
    }

    pub fn next(&mut self) -> Said {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            if let Some(frame) = self.decoder.next_frame().expect("a frame") {
                return said(frame);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) | Err(_) => return Said::End,
                Ok(count) => self.decoder.push(&buffer[..count]),
            }
        }
    }
}

fn said(frame: &[u8]) -> Said {
    match decode(frame).expect("a message") {
        Message::Response { result, .. } => Said::Answer(result.map(<[u8]>::to_vec)),
        Message::Event { topic, body, .. } => Said::Event(topic.to_owned(), body.to_vec()),
        Message::Request { method, .. } => Said::Event(method.to_owned(), Vec::new()),
    }
}

fn hello(grants: Option<Vec<String>>) -> Hello {
    Hello {
        wire: WIRE_VERSION,
        device: "cli".to_owned(),
        version: "0.1.0".to_owned(),
        features: Vec::new(),
        consumes: Vec::new(),
        produces: Vec::new(),
        grants,
    }
}

/// A control socket that welcomes everybody and gives back what it gets.
fn play_kernel(path: &Path, hellos: &Arc<Mutex<Vec<Hello>>>) {
    let listener = UnixListener::bind(path).expect("a socket");
    let hellos = hellos.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let hellos = hellos.clone();
            thread::spawn(move || serve(stream, &hellos));
        }
    });
}

fn serve(mut stream: UnixStream, hellos: &Mutex<Vec<Hello>>) -> Option<()> {
    stream.write_all(&Preamble::BYTES).ok()?;
    let mut preamble = [0; 8];
    stream.read_exact(&mut preamble).ok()?;
    let mut decoder = FrameDecoder::new(1024 * 1024);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        while let Some(frame) = decoder.next_frame().ok()? {
            let Message::Request {
                id, method, body, ..
            } = decode(frame).ok()?
            else {
                return None;
            };
            let answer = match method {
                services::HELLO => {
                    let hello = decode_body(method, body).ok()?;
                    hellos.lock().expect("a list").push(hello);
                    encode_body(&welcome())
                }
                _ => body.to_vec(),
            };
            let result = Ok(&answer[..]);
            let message = Message::Response { id, result }.encode();
            stream
                .write_all(&encode_frame(&message, 1024 * 1024).ok()?)
                .ok()?;
        }
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            count => decoder.push(&buffer[..count]),
        }
    }
}

fn welcome() -> Welcome {
    Welcome {
        wire: WIRE_VERSION,
        device_id: DeviceName::try_from("client-1").expect("a name"),
        generation: Generation(1),
        limits: Limits {
            frame: u32::try_from(LIMIT_BEFORE_WELCOME).expect("small"),
            memory: 0,
            heartbeat_ms: 2000,
            ready_ms: 2000,
        },
        pools: String::new(),
        config: Vec::new(),
    }
}

/// Where a node's socket is.
pub fn socket(node: &TestNode, of: &str) -> PathBuf {
    node.folder.path().join(format!("run/peer/nodes/{of}.sock"))
}
