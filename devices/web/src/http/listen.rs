//! The listeners: from a TCP connection to a request.

use super::{
    gate::{Gate, Pass},
    redirect,
    router::{self, Visit},
    stall::Stall,
};
use crate::{
    app::App,
    config::without_ipv6,
    error::Error,
    status::{Board, Part},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// The longest way round the world and a slow phone.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// A request's head, and the wait for the next one on a connection that is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Browsers send about 1 KiB.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 128;
/// A listener that died gives its port back within this; only then it is worth a sentence.
const QUIET_TRIES: u32 = 50;
const QUIET_PAUSE: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_secs(1);
/// Out of file descriptors: others have to go first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTPS, for ever.
pub async fn https(
    app: Arc<App>,
    tls: Arc<ServerConfig>,
    address: SocketAddr,
    board: Board,
) -> Result<Infallible, Error> {
    let listener = bind(address, Part::Https, &board).await?;
    if let Ok(address) = listener.local_addr() {
        dkvm_sdk::info!("the page is served on https://{address}");
    }
    let (gate, acceptor) = (Arc::new(Gate::default()), TlsAcceptor::from(tls));
    loop {
        let Some((stream, pass)) = accept(&listener, &gate).await else {
            continue;
        };
        tokio::spawn(secure(
            app.clone(),
            acceptor.clone(),
            stream,
            Arc::new(pass),
        ));
    }
}

/// Redirects plain HTTP to HTTPS, for ever.
pub async fn http(address: SocketAddr, https_port: u16, board: Board) -> Result<Infallible, Error> {
    let listener = bind(address, Part::Http, &board).await?;
    dkvm_sdk::info!("plain HTTP on {address} redirects to HTTPS");
    let gate = Arc::new(Gate::default());
    loop {
        let Some((stream, pass)) = accept(&listener, &gate).await else {
            continue;
        };
        let pass = Arc::new(pass);
        let service = service_fn(move |request| {
            let reply = redirect::answer(
                &Visit {
                    request,
                    pass: pass.clone(),
                },
                https_port,
            );
            async move { Ok::<_, Infallible>(reply) }
        });
        let connection = builder()
            .keep_alive(false)
            .serve_connection(TokioIo::new(Stall::new(stream)), service);
        tokio::spawn(async move {
            // A visitor who breaks off has broken nothing.
            let _ = connection.await;
        });
    }
}

/// One HTTPS connection. What goes wrong on it is its visitor's affair.
async fn secure(app: Arc<App>, acceptor: TlsAcceptor, stream: TcpStream, pass: Arc<Pass>) {
    let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(Stall::new(stream))).await
    else {
        return;
    };
    let service = service_fn(move |request: Request<Incoming>| {
        let (app, visit) = (
            app.clone(),
            Visit {
                request,
                pass: pass.clone(),
            },
        );
        async move { Ok::<_, Infallible>(router::answer(&app, visit).await) }
    });
    let connection = builder()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // A visitor who breaks off has broken nothing.
    let _ = connection.await;
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder.max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
    builder
}

async fn accept(listener: &TcpListener, gate: &Arc<Gate>) -> Option<(TcpStream, Pass)> {
    let (stream, peer) = match listener.accept().await {
        Ok(accepted) => accepted,
        Err(error) => {
            dkvm_sdk::warn!("a connection could not be accepted: {error}");
            sleep(ACCEPT_PAUSE).await;
            return None;
        }
    };
    match gate.enter(peer.ip().into()) {
        Ok(pass) => {
            tune(&stream);
            Some((stream, pass))
        }
        Err(full) => {
            dkvm_sdk::warn!("a connection was refused: {full}");
            None
        }
    }
}

/// Keys must not wait for more to send with them, and a visitor who is gone without a word is found out.
fn tune(stream: &TcpStream) {
    use rustix::net::sockopt;
    let asked = sockopt::set_tcp_nodelay(stream, true)
        .and_then(|()| sockopt::set_socket_keepalive(stream, true))
        .and_then(|()| sockopt::set_tcp_keepidle(stream, Duration::from_secs(15)))
        .and_then(|()| sockopt::set_tcp_keepintvl(stream, Duration::from_secs(5)))
        .and_then(|()| sockopt::set_tcp_keepcnt(stream, 4));
    if let Err(error) = asked {
        dkvm_sdk::debug!("a connection could not be tuned: {error}");
    }
}

/// Takes the port; waits for it when another program has it, and says so.
async fn bind(address: SocketAddr, part: Part, board: &Board) -> Result<TcpListener, Error> {
    let mut tries = 0;
    loop {
        match try_bind(address) {
            Ok(listener) => {
                board.say(part, None);
                return Ok(listener);
            }
            Err(source) if source.kind() == io::ErrorKind::PermissionDenied => {
                return Err(Error::Listen {
                    address,
                    source,
                    hint: LOW_PORT,
                });
            }
            Err(_) if tries < QUIET_TRIES => sleep(QUIET_PAUSE).await,
            Err(error) => {
                board.say(part, Some(complaint(address, &error)));
                sleep(PAUSE).await;
            }
        }
        tries = tries.saturating_add(1);
    }
}

const LOW_PORT: &str = "ports below 1024 are closed to this user: set `listen` to a port from 1024 on, or open them with the sysctl net.ipv4.ip_unprivileged_port_start=0";

fn complaint(address: SocketAddr, error: &io::Error) -> String {
    let todo = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("another program has this port: find it with `ss -ltnp 'sport = :{}'` and stop it, or set another `listen`", address.port())
        }
        io::ErrorKind::AddrNotAvailable => "this machine does not have this address (yet): set `listen` to one of its own or to [::]".to_owned(),
        _ => "set another `listen`".to_owned(),
    };
    format!("cannot listen on {address} ({error}); {todo}. It is tried again every second")
}

fn try_bind(address: SocketAddr) -> io::Result<TcpListener> {
    let first = bind_one(address);
    match (&first, without_ipv6(address)) {
        (Err(error), Some(four)) if lacks_ipv6(error) => bind_one(four),
        _ => first,
    }
}

fn lacks_ipv6(error: &io::Error) -> bool {
    let absent = [
        rustix::io::Errno::AFNOSUPPORT,
        rustix::io::Errno::ADDRNOTAVAIL,
    ];
    rustix::io::Errno::from_io_error(error).is_some_and(|errno| absent.contains(&errno))
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() {
        TcpSocket::new_v6()
    } else {
        TcpSocket::new_v4()
    }?;
    // Connections of an earlier life in TIME_WAIT must not keep this one from its port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
