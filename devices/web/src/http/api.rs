//! Who is there: session, set-up, login, logout, change of password.

use super::{
    body,
    reply::{json, whole_seconds, with, Refusal, Reply},
    router::Visit,
};
use crate::{
    app::App,
    auth::{origin, password::PasswordError, token::Token},
    clock::Moment,
};
use dkvm_wire::vocab::page::{Password, PasswordChange, SessionInfo, SessionState};
use hyper::{header, StatusCode};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The header that shows that a POST comes from a page that could read our answers.
pub const CSRF_HEADER: &str = "x-dkvm-csrf";

type Answer = Result<Reply, Refusal>;

/// `GET /api/session`: where the visitor stands. A stranger gets a cookie too, so that the login itself
/// can be told from a foreign page's.
pub fn session(app: &App, visit: &Visit) -> Answer {
    match cookie(visit) {
        Some(token) => Ok(info(app, &token)),
        None => {
            let token = Token::fresh().map_err(internal)?;
            Ok(with(
                info(app, &token),
                header::SET_COOKIE,
                &token.set_cookie(),
            ))
        }
    }
}

/// `POST /api/setup`: the first password, only while there is none.
pub async fn setup(app: &App, visit: Visit) -> Answer {
    let source = visit.pass.source;
    let (_, body) = post::<Password>(visit).await?;
    app.password
        .set_first(body.password)
        .await
        .map_err(refuse)?;
    dkvm_sdk::info!("the first password was set from {source}");
    enter(app)
}

/// `POST /api/login`.
pub async fn login(app: &App, visit: Visit) -> Answer {
    let source = visit.pass.source;
    let (token, body) = post::<Password>(visit).await?;
    guess(app, source, body.password).await?;
    dkvm_sdk::info!("login from {source}");
    app.end_session(&token);
    enter(app)
}

/// `POST /api/logout`.
pub async fn logout(app: &App, visit: Visit) -> Answer {
    let (token, _) = post::<serde_json::Value>(visit).await?;
    app.end_session(&token);
    let fresh = Token::fresh().map_err(internal)?;
    Ok(with(
        info(app, &fresh),
        header::SET_COOKIE,
        &fresh.set_cookie(),
    ))
}

/// `POST /api/password`: another password; every other session ends.
pub async fn password(app: &App, visit: Visit) -> Answer {
    let source = visit.pass.source;
    let (token, body) = post::<PasswordChange>(visit).await?;
    if !app.is_open(&token) {
        return Err(Refusal::log_in());
    }
    guess(app, source, body.old).await?;
    app.password.change(body.new).await.map_err(refuse)?;
    dkvm_sdk::info!("the password was changed from {source}; all other sessions have ended");
    app.end_other_sessions(&token);
    Ok(info(app, &token))
}

/// Checks a password under the limits of guessing.
async fn guess(
    app: &App,
    source: crate::auth::limit::Source,
    password: String,
) -> Result<(), Refusal> {
    crate::lock(&app.limiter)
        .admit(source, Moment::now())
        .map_err(wait)?;
    if app.password.check(password).await.map_err(refuse)? {
        crate::lock(&app.limiter).succeeded(source, Moment::now());
        return Ok(());
    }
    dkvm_sdk::warn!("wrong password from {source}");
    Err(Refusal::new(StatusCode::UNAUTHORIZED, "wrong password"))
}

fn wait(wait: Duration) -> Refusal {
    let seconds = whole_seconds(wait);
    let message = format!("too many wrong passwords: try again in {seconds} s");
    Refusal::later(StatusCode::TOO_MANY_REQUESTS, message, wait)
}

/// Opens a session under a new token: one that somebody planted beforehand is worth nothing.
fn enter(app: &App) -> Answer {
    let token = Token::fresh().map_err(internal)?;
    app.open_session(&token);
    Ok(with(
        info(app, &token),
        header::SET_COOKIE,
        &token.set_cookie(),
    ))
}

fn info(app: &App, token: &Token) -> Reply {
    let state = match (app.password.is_set(), app.is_open(token)) {
        (false, _) => SessionState::Setup,
        (true, false) => SessionState::Login,
        (true, true) => SessionState::Open,
    };
    let info = SessionInfo {
        state,
        csrf: token.csrf(),
        node: app.hub.node().to_owned(),
    };
    json(StatusCode::OK, &info)
}

/// The token in a visitor's cookie.
pub fn cookie(visit: &Visit) -> Option<Token> {
    visit
        .request
        .headers()
        .get_all(header::COOKIE)
        .iter()
        .find_map(|value| Token::from_cookies(value.to_str().ok()?))
}

/// The token of a visitor who comes from our own page and can prove it.
pub fn from_own_page(visit: &Visit, csrf: Option<&str>) -> Result<Token, Refusal> {
    if !origin::is_own(visit.header(header::ORIGIN), visit.header(header::HOST)) {
        let message = "the request does not come from this node's own page (its Origin is another)";
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    }
    let token = cookie(visit).filter(|token| token.csrf_matches(csrf));
    token.ok_or_else(|| {
        Refusal::new(
            StatusCode::FORBIDDEN,
            "the page is out of date (its csrf token does not fit): reload it",
        )
    })
}

/// Everything that a POST has to show, and its body.
async fn post<T: DeserializeOwned>(visit: Visit) -> Result<(Token, T), Refusal> {
    is_of_kind(&visit, "application/json")?;
    let token = from_own_page(&visit, visit.header(CSRF_HEADER))?;
    let bytes = body::read(visit.request.into_body())
        .await
        .map_err(unread)?;
    let parsed = serde_json::from_slice(&bytes);
    // The decoder's own words could repeat the password.
    let parsed = parsed.map_err(|_| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "the body is not the JSON that this address takes: see docs/web-api.md",
        )
    });
    Ok((token, parsed?))
}

/// A body's content type; both that are taken here are ones that a foreign page cannot send unasked.
pub fn is_of_kind(visit: &Visit, wanted: &str) -> Result<(), Refusal> {
    let kind = visit
        .header(header::CONTENT_TYPE)
        .and_then(|kind| kind.split(';').next())
        .map(str::trim);
    match kind.is_some_and(|kind| kind.eq_ignore_ascii_case(wanted)) {
        true => Ok(()),
        false => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("the content type has to be {wanted}"),
        )),
    }
}

fn unread(error: body::ReadError) -> Refusal {
    let status = match error {
        body::ReadError::TooBig => StatusCode::PAYLOAD_TOO_LARGE,
        body::ReadError::Broken => StatusCode::REQUEST_TIMEOUT,
    };
    Refusal::new(status, error.to_string())
}

fn refuse(error: PasswordError) -> Refusal {
    let status = match error {
        PasswordError::Length => StatusCode::BAD_REQUEST,
        PasswordError::AlreadySet | PasswordError::NotSet => StatusCode::CONFLICT,
        PasswordError::Busy => {
            return Refusal::later(
                StatusCode::SERVICE_UNAVAILABLE,
                error.to_string(),
                BUSY_WAIT,
            )
        }
        PasswordError::Read { .. } | PasswordError::Write { .. } | PasswordError::Hash(_) => {
            dkvm_sdk::error!("{error}");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    Refusal::new(status, error.to_string())
}

/// About as long as the queue of hashes takes on the slowest Pi.
const BUSY_WAIT: Duration = Duration::from_secs(3);

fn internal(error: impl std::fmt::Display) -> Refusal {
    dkvm_sdk::error!("{error}");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
