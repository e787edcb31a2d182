//! Foreign programs, as children that die with this device: the kernel ends its whole process group.

use crate::{
    config::Config,
    core::event::Helper,
    program::{self, foreign, until_end},
};
use std::{
    future::{ready, Future},
    net::Ipv4Addr,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::AsyncRead,
    process::{Child, Command},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

/// What a program can say between two turns of the loop; one that says more waits.
const NEWS_MOST: usize = 64;
/// For a program that was killed to be gone.
const END_PATIENCE: Duration = Duration::from_millis(500);
/// `arping` finds the address taken.
const TAKEN: i32 = 1;

/// What a program did.
#[derive(Debug)]
pub struct News {
    /// The interface.
    pub link: String,
    /// Which start of a program this is about: what a stopped one said before no longer counts.
    pub life: u64,
    /// What.
    pub what: What,
}

/// What a program did.
#[derive(Debug)]
pub enum What {
    /// It said this.
    Line(Helper, String),
    /// It ended, or could not be started.
    Ended(Helper, Option<String>),
    /// Whether somebody has the address.
    Probed(Ipv4Addr, Answer),
}

/// To the question whether somebody has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nobody.
    Free,
    /// Somebody.
    Taken,
}

/// Where the news come together.
pub fn channel() -> (mpsc::Sender<News>, mpsc::Receiver<News>) {
    mpsc::channel(NEWS_MOST)
}

/// A program that runs until this is dropped.
pub struct Running {
    /// Its number.
    pub life: u64,
    /// Closed with this: then the task ends the program.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Ends it, and waits until it is gone.
    pub async fn end(self) {
        drop(self.stop);
        // It ends by SIGKILL: only Linux could hold that up.
        let _ = timeout(END_PATIENCE, self.task).await;
    }
}

/// Who it is for.
#[derive(Debug, Clone)]
pub struct Whom {
    /// The interface.
    pub link: String,
    /// The number of this start.
    pub life: u64,
}

/// Starts a program.
pub fn start(
    whom: Whom,
    helper: Helper,
    mut command: Command,
    news: mpsc::Sender<News>,
) -> Running {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(whom, |whom, stopped| async move {
        let program = command
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        let end = match command.spawn() {
            Ok(mut child) => {
                let talk = listen(&mut child, &whom, helper, &news);
                until_end(child, talk, stopped).await.map(|end| {
                    format!(
                        "{program} on {} ended ({end}); it is started again",
                        whom.link
                    )
                })
            }
            Err(error) => Some(format!(
                "cannot start {program} on {}: {error}; is it in the image?",
                whom.link
            )),
        };
        if end.is_some() {
            tell(&news, &whom, What::Ended(helper, end)).await;
        }
    })
}

/// Asks whether anybody has this address.
pub fn probe(whom: Whom, address: Ipv4Addr, news: mpsc::Sender<News>) -> Running {
    spawn(whom, |whom, stopped| async move {
        let mut command = foreign("arping");
        command
            .args(["-D", "-q", "-c", "2", "-w", "2", "-I", &whom.link])
            .arg(address.to_string());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // A machine without arping takes the address unasked: a clash is rare, no address is certain.
        let end = match command.spawn() {
            Ok(child) => until_end(child, ready(()), stopped).await,
            Err(_) => Some(ExitStatus::default()),
        };
        let answer = match end.map(|end| end.code()) {
            None => return,
            Some(Some(TAKEN)) => Answer::Taken,
            Some(_) => Answer::Free,
        };
        tell(&news, &whom, What::Probed(address, answer)).await;
    })
}

fn spawn<F: Future<Output = ()> + Send + 'static>(
    whom: Whom,
    run: impl FnOnce(Whom, oneshot::Receiver<()>) -> F,
) -> Running {
    let life = whom.life;
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(run(whom, stopped));
    Running { life, stop, task }
}

async fn tell(news: &mpsc::Sender<News>, whom: &Whom, what: What) {
    let Whom { link, life } = whom.clone();
    // Nobody hears it only when the device ends.
    let _ = news.send(News { link, life, what }).await;
}

fn listen<'a>(
    child: &mut Child,
    whom: &'a Whom,
    helper: Helper,
    news: &'a mpsc::Sender<News>,
) -> impl Future<Output = ()> + use<'a> {
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    async move {
        tokio::join!(
            lines(output, whom, helper, news),
            lines(errors, whom, helper, news)
        );
    }
}

async fn lines(
    from: Option<impl AsyncRead + Unpin>,
    whom: &Whom,
    helper: Helper,
    news: &mpsc::Sender<News>,
) {
    program::lines(from, news, |text| News {
        link: whom.link.clone(),
        life: whom.life,
        what: What::Line(helper, text),
    })
    .await;
}

/// `udhcpc` in the foreground: four questions within eight seconds, then it says that nobody answers and pauses for ten.
pub fn dhcp_client(config: &Config, link: &str, node: &str, wish: Option<Ipv4Addr>) -> Command {
    let mut command = foreign(&config.udhcpc);
    command.args([
        "-f", "-i", link, "-t", "4", "-T", "2", "-A", "10", "-O", "ntpsrv", "-V", "dkvm",
    ]);
    command.arg("-s").arg(&config.dhcp_script);
    command.args(["-x", &format!("hostname:{node}")]);
    if let Some(address) = wish {
        command.args(["-r", &address.to_string()]);
    }
    command
}

/// `wpa_supplicant` in the foreground.
pub fn wifi_supplicant(config: &Config, link: &str, settings: &Path) -> Command {
    let mut command = foreign(&config.wpa_supplicant);
    command
        .args(["-D", "nl80211", "-i", link, "-c"])
        .arg(settings);
    command
}
