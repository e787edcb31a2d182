//! dnsmasq, as a child that is started again when it ends.

use crate::{bound, core::serving::Serving};
use dkvm_network::program::{foreign, lines, until_end};
use std::{process::Stdio, time::Duration};
use tokio::{
    process::Child,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{timeout, Instant},
};

/// What it can say between two turns of the loop; it waits then.
const NEWS_MOST: usize = 64;
/// For one that was killed to be gone.
const END_PATIENCE: Duration = Duration::from_millis(500);
/// One that lived as long did not end at once.
const LIVED: Duration = Duration::from_secs(5);
/// Between two that end at once, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// What it did.
#[derive(Debug)]
pub struct News {
    life: u64,
    what: What,
}

/// What the device makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A line, after which there may be another lease.
    Line,
    /// It ended.
    Ended,
}

#[derive(Debug)]
enum What {
    Line(String),
    /// Ended, or not started; the sentence.
    Ended(String),
}

/// The server.
pub struct Server {
    program: String,
    running: Option<Running>,
    lives: u64,
    last_line: String,
    pause: Duration,
    not_before: Option<Instant>,
    /// Why it does not run, if it should.
    pub problem: Option<String>,
    news: (mpsc::Sender<News>, mpsc::Receiver<News>),
}

struct Running {
    serving: Serving,
    since: Instant,
    /// Closed with this: then the task ends the program.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Not running.
    pub fn new(program: &str) -> Self {
        Self {
            program: program.to_owned(),
            running: None,
            lives: 0,
            last_line: String::new(),
            pause: Duration::ZERO,
            not_before: None,
            problem: None,
            news: mpsc::channel(NEWS_MOST),
        }
    }

    /// Waits for news. Cancel-safe.
    pub async fn next(&mut self) -> News {
        match self.news.1.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// When it is to be tried again.
    pub fn wake(&self) -> Option<Instant> {
        self.not_before.filter(|_| self.running.is_none())
    }

    /// Serves just this: starts it, or starts it anew, or leaves it.
    pub async fn serve(&mut self, serving: Serving) {
        if self
            .running
            .as_ref()
            .is_some_and(|running| running.serving == serving)
        {
            return;
        }
        if self.running.is_some() {
            self.end().await;
        }
        if self.not_before.is_some_and(|at| Instant::now() < at) {
            return;
        }
        self.start(serving);
    }

    fn start(&mut self, serving: Serving) {
        self.lives += 1;
        let (stop, stopped) = oneshot::channel();
        let run = live(
            self.lives,
            self.program.clone(),
            serving.arguments(),
            self.news.0.clone(),
            stopped,
        );
        self.running = Some(Running {
            serving,
            since: Instant::now(),
            stop,
            task: tokio::spawn(run),
        });
        self.not_before = None;
    }

    /// Ends it, and waits until it is gone.
    pub async fn end(&mut self) {
        self.problem = None;
        self.not_before = None;
        if let Some(running) = self.running.take() {
            drop(running.stop);
            // It ends by SIGKILL: only Linux could hold that up.
            let _ = timeout(END_PATIENCE, running.task).await;
        }
    }

    /// Takes news.
    pub fn hear(&mut self, News { life, what }: News) -> Heard {
        if life != self.lives {
            return Heard::Line;
        }
        match what {
            What::Line(line) => {
                dkvm_sdk::debug!("dnsmasq: {line}");
                self.last_line = line;
                if self.running.is_some() {
                    self.problem = None;
                }
                Heard::Line
            }
            What::Ended(how) => {
                self.ended(&how);
                Heard::Ended
            }
        }
    }

    fn ended(&mut self, how: &str) {
        let Some(running) = self.running.take() else {
            return;
        };
        let lived = running.since.elapsed() >= LIVED;
        self.pause = if lived {
            Duration::ZERO
        } else {
            (self.pause * 2).clamp(PAUSE.0, PAUSE.1)
        };
        self.not_before = Some(Instant::now() + self.pause);
        let said = std::mem::take(&mut self.last_line);
        let sentence = format!(
            "the target gets no address: {how}; it is started again. Its last words: {said:?}"
        );
        self.problem = Some(sentence);
    }
}

async fn live(
    life: u64,
    program: String,
    arguments: Vec<String>,
    news: mpsc::Sender<News>,
    stopped: oneshot::Receiver<()>,
) {
    let (ourselves, words) = bound::prefix();
    let mut command = foreign(&ourselves.to_string_lossy());
    command.args(words).arg(&program).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let how = match command.spawn() {
        Ok(mut child) => {
            let talk = talk(life, &mut child, &news);
            until_end(child, talk, stopped)
                .await
                .map(|end| format!("{program} ended ({end})"))
        }
        Err(error) => Some(format!("{program} cannot be started: {error}")),
    };
    if let Some(how) = how {
        let what = What::Ended(how);
        // Nobody hears it only when the device ends.
        let _ = news.send(News { life, what }).await;
    }
}

fn talk<'a>(
    life: u64,
    child: &mut Child,
    news: &'a mpsc::Sender<News>,
) -> impl std::future::Future<Output = ()> + use<'a> {
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let line = move |text| News {
        life,
        what: What::Line(text),
    };
    async move {
        tokio::join!(lines(output, news, line), lines(errors, news, line));
    }
}
