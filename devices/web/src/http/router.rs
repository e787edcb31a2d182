//! Which request goes where. Only the page's files, `/api/health`, `/api/session`, set-up and login are
//! outside the login.

use super::{
    api,
    gate::Pass,
    media, reply,
    reply::{Refusal, Reply},
    storage, update,
};
use crate::{app::App, assets, socket};
use hyper::{body::Incoming, Method, Request, StatusCode};
use std::sync::Arc;

/// A request and who sent it.
pub struct Visit {
    /// The request.
    pub request: Request<Incoming>,
    /// Its connection's place at the gate.
    pub pass: Arc<Pass>,
}

impl Visit {
    /// A header as text.
    pub fn header(&self, name: impl hyper::header::AsHeaderName) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// A parameter of the query; none of ours needs unescaping.
    pub fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.request.uri().query()?.split('&');
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

/// Answers a request.
pub async fn answer(app: &Arc<App>, visit: Visit) -> Reply {
    let path = visit.request.uri().path().to_owned();
    let result = match (visit.request.method(), path.as_str()) {
        (&Method::GET, "/api/health") => Ok(reply::whole(
            StatusCode::OK,
            "application/json",
            r#"{"ok":true}"#,
        )),
        (&Method::GET, "/api/session") => api::session(app, &visit),
        (&Method::GET, "/api/ws") => socket::upgrade(app, visit, socket::Kind::Control),
        (&Method::GET, "/api/video") => socket::upgrade(app, visit, socket::Kind::Video),
        (&Method::GET, "/api/thumbs") => socket::upgrade(app, visit, socket::Kind::Thumbs),
        (&Method::GET, "/api/serial") => socket::upgrade(app, visit, socket::Kind::Serial),
        (&Method::GET, "/api/sound") => socket::upgrade(app, visit, socket::Kind::Sound),
        (&Method::GET, "/api/microphone") => socket::upgrade(app, visit, socket::Kind::Microphone),
        (&Method::GET, "/api/stream.mjpeg") => media::stream(app, &visit),
        (&Method::GET, "/api/snapshot.jpg") => media::snapshot(app, &visit).await,
        (&Method::GET, "/api/update") => update::stands(app, &visit),
        (&Method::POST, "/api/update") => update::take(app, visit).await,
        (&Method::POST, "/api/storage") => storage::take(app, visit).await,
        (&Method::GET, "/api/storage/files") => storage::files(app, &visit).await,
        (&Method::POST, "/api/setup") => api::setup(app, visit).await,
        (&Method::POST, "/api/login") => api::login(app, visit).await,
        (&Method::POST, "/api/logout") => api::logout(app, visit).await,
        (&Method::POST, "/api/password") => api::password(app, visit).await,
        (&Method::GET | &Method::HEAD, path) if !path.starts_with("/api/") => {
            assets::serve(&visit, path)
        }
        (_, path) => Err(nowhere(path)),
    };
    reply::finish(result.unwrap_or_else(Refusal::reply))
}

fn nowhere(path: &str) -> Refusal {
    const KNOWN: [&str; 7] = [
        "/api/setup",
        "/api/login",
        "/api/logout",
        "/api/password",
        "/api/update",
        "/api/storage",
        "/api/storage/files",
    ];
    let known = KNOWN.contains(&path) || !path.starts_with("/api/");
    match known {
        true => Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this address does not take that method: see docs/web-api.md",
        ),
        false => Refusal::new(
            StatusCode::NOT_FOUND,
            "there is nothing at this address: see docs/web-api.md",
        ),
    }
}
