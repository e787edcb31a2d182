//! What all requests and sockets share.

use crate::{
    auth::{
        limit::Limiter,
        password::Keeper,
        session::Sessions,
        token::{Token, TokenHash},
    },
    clock::Moment,
    config::Folders,
    error::Error,
    state::{Hub, Serial},
    streams::Streams,
    upload::Desk,
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{watch, Semaphore},
    time::sleep,
};

/// An open socket counts as use of its session, looked at so often.
const SESSION_CHECK: Duration = Duration::from_secs(60);

/// Images uploaded at a time: a second page need not wait for the first, and a card gains nothing from more.
const IMAGE_UPLOADS: usize = 2;

/// How long open sockets get to say that the device leaves.
const FAREWELL: Duration = Duration::from_millis(50);

/// Whether the device is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Serving,
    Leaving,
}

/// The web device, but for its link to the kernel.
pub struct App {
    /// What pages are told.
    pub hub: Arc<Hub>,
    /// What viewers are shown, and listeners hear.
    pub streams: Streams,
    /// What the target says on its serial port.
    pub serial: Arc<Serial>,
    /// The password.
    pub password: Keeper,
    /// How often it may be guessed.
    pub limiter: Mutex<Limiter>,
    /// Which update is being uploaded.
    pub desk: Mutex<Desk>,
    /// The right to upload an image.
    pub image_uploads: Semaphore,
    sessions: Mutex<Sessions>,
    ended: watch::Sender<()>,
    life: watch::Sender<Life>,
    run: Option<PathBuf>,
}

impl App {
    /// With what earlier lives left in the folders.
    pub fn load(folders: &Folders, hub: Arc<Hub>, streams: Streams) -> Result<Self, Error> {
        let now = Moment::now();
        let run = folders.run.clone();
        Ok(Self {
            serial: Arc::new(Serial::new(hub.sender().clone())),
            hub,
            streams,
            password: Keeper::load(&folders.state)?,
            limiter: Mutex::new(Limiter::new(now)),
            desk: Mutex::default(),
            image_uploads: Semaphore::new(IMAGE_UPLOADS),
            sessions: Mutex::new(
                run.as_ref()
                    .map(|run| Sessions::load(run, now))
                    .unwrap_or_default(),
            ),
            ended: watch::Sender::new(()),
            life: watch::Sender::new(Life::Serving),
            run,
        })
    }

    /// Whether the token's session is open; asking is using it.
    pub fn is_open(&self, token: &Token) -> bool {
        self.touch(token.hash())
    }

    /// Somebody gave the right password.
    pub fn open_session(&self, token: &Token) {
        self.change(|sessions| sessions.open(token, Moment::now()));
    }

    /// Logged out.
    pub fn end_session(&self, token: &Token) {
        self.change(|sessions| sessions.close(token.hash()));
        self.ended.send_replace(());
    }

    /// The password is another now.
    pub fn end_other_sessions(&self, token: &Token) {
        self.change(|sessions| sessions.close_others(token.hash()));
        self.ended.send_replace(());
    }

    /// Completes when the session ends; at once when there is none.
    pub async fn session_over(&self, session: Option<TokenHash>) {
        let Some(hash) = session else { return };
        let mut ended = self.ended.subscribe();
        while self.touch(hash) {
            tokio::select! {
                // The sender lives in `self`.
                _ = ended.changed() => {}
                () = sleep(SESSION_CHECK) => {}
            }
        }
    }

    /// Completes when the device leaves.
    pub async fn leaving(&self) {
        // The sender lives in `self`.
        let _ = self
            .life
            .subscribe()
            .wait_for(|life| *life == Life::Leaving)
            .await;
    }

    /// Tells all open sockets that the device leaves, so that their pages know that it is no fault of the network.
    pub async fn leave(&self) {
        if self.life.receiver_count() > 0 {
            self.life.send_replace(Life::Leaving);
            sleep(FAREWELL).await;
        }
    }

    fn touch(&self, hash: TokenHash) -> bool {
        let now = Moment::now();
        let mut sessions = crate::lock(&self.sessions);
        let open = sessions.touch(hash, now);
        if open && sessions.save_is_due(now) {
            self.save(&mut sessions, now);
        }
        open
    }

    fn change(&self, change: impl FnOnce(&mut Sessions)) {
        let mut sessions = crate::lock(&self.sessions);
        change(&mut sessions);
        self.save(&mut sessions, Moment::now());
    }

    fn save(&self, sessions: &mut Sessions, now: Moment) {
        let Some(run) = &self.run else { return };
        if let Err(error) = sessions.save(run, now) {
            let run = run.display();
            dkvm_sdk::warn!("sessions cannot be stored in {run} ({error}): they end when the web device restarts");
        }
    }
}
