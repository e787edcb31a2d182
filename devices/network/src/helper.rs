//! Foreign programs, as children that die with this device: the kernel ends its whole process group.

use crate::{config::Config, core::link::Helper};
use std::{net::Ipv4Addr, path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
    sync::mpsc,
    task::JoinHandle,
};

/// What a program can say between two turns of the loop; one that says more waits.
const NEWS_MOST: usize = 64;
/// A longer line is read as several: names in it are a stranger's.
const LINE_MOST: u64 = 1024;
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
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its child goes with the task.
        self.task.abort();
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
pub fn start(whom: Whom, helper: Helper, command: Command, news: mpsc::Sender<News>) -> Running {
    let life = whom.life;
    let task = tokio::spawn(async move {
        let reason = run(&whom, helper, command, &news).await;
        tell(&news, &whom, What::Ended(helper, reason)).await;
    });
    Running { life, task }
}

/// Asks whether anybody has this address.
pub fn probe(whom: Whom, address: Ipv4Addr, news: mpsc::Sender<News>) -> Running {
    let life = whom.life;
    let task = tokio::spawn(async move {
        let mut command = foreign("arping");
        command
            .args(["-D", "-q", "-c", "2", "-w", "2", "-I", &whom.link])
            .arg(address.to_string());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // A machine without arping takes the address unasked: a clash is rare, no address is certain.
        let status = command.status().await.ok();
        let taken = status.is_some_and(|status| status.code() == Some(TAKEN));
        let answer = if taken { Answer::Taken } else { Answer::Free };
        tell(&news, &whom, What::Probed(address, answer)).await;
    });
    Running { life, task }
}

async fn tell(news: &mpsc::Sender<News>, whom: &Whom, what: What) {
    let Whom { link, life } = whom.clone();
    // Nobody hears it only when the device ends.
    let _ = news.send(News { link, life, what }).await;
}

/// Until it ends; then why, as far as that is not plain.
async fn run(
    whom: &Whom,
    helper: Helper,
    mut command: Command,
    news: &mpsc::Sender<News>,
) -> Option<String> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            return Some(format!(
                "cannot start {program} on {}: {error}; is it in the image?",
                whom.link
            ))
        }
    };
    listen(&mut child, whom, helper, news).await;
    match child.wait().await {
        Ok(status) => Some(format!(
            "{program} on {} ended ({status}); it is started again",
            whom.link
        )),
        Err(error) => Some(format!("{program} on {} is lost: {error}", whom.link)),
    }
}

async fn listen(child: &mut Child, whom: &Whom, helper: Helper, news: &mpsc::Sender<News>) {
    let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
        return;
    };
    tokio::join!(
        lines(output, whom, helper, news),
        lines(errors, whom, helper, news)
    );
}

async fn lines(
    from: impl AsyncRead + Unpin,
    whom: &Whom,
    helper: Helper,
    news: &mpsc::Sender<News>,
) {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader)
            .take(LINE_MOST)
            .read_until(b'\n', &mut line)
            .await
        {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        tell(news, whom, What::Line(helper, text)).await;
    }
}

/// A program that sees nothing of ours.
fn foreign(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into())
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
