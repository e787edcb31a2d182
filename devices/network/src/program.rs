//! Foreign programs as children: what the devices that have some share.

use std::{
    future::Future,
    process::{ExitStatus, Stdio},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
    sync::{mpsc, oneshot},
};

/// A longer line is read as several: names in it are a stranger's.
const LINE_MOST: u64 = 1024;

/// A program that sees nothing of ours, and dies with its `Child`.
pub fn foreign(program: &str) -> Command {
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

/// Until it ends, or is stopped: then `None`. Either way it is gone afterwards.
pub async fn until_end(
    mut child: Child,
    talk: impl Future<Output = ()>,
    stopped: oneshot::Receiver<()>,
) -> Option<ExitStatus> {
    let end = tokio::select! {
        end = async { talk.await; child.wait().await } => Some(end.unwrap_or_default()),
        _ = stopped => None,
    };
    if end.is_none() {
        // It may have ended by itself meanwhile.
        let _ = child.kill().await;
    }
    end
}

/// Tells each line that it says, until it says no more.
pub async fn lines<T>(
    from: Option<impl AsyncRead + Unpin>,
    to: &mpsc::Sender<T>,
    news: impl Fn(String) -> T,
) {
    let Some(from) = from else { return };
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
        // Nobody hears it only when the device ends.
        let _ = to.send(news(text)).await;
    }
}
