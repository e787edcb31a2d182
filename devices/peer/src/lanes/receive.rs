//! Reading the lanes of a link, for as long as it lives.

use super::{
    event,
    intake::{Intake, IntakeError},
    print::Print,
};
use crate::{
    close::Close,
    message::{self, Lane, TalkError},
};
use futures_util::{stream::FuturesUnordered, StreamExt};
use quinn::{Connection, RecvStream, VarInt};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// What a stream is stopped with that nobody here knows.
const UNKNOWN_LANE: VarInt = VarInt::from_u32(1);
/// And one that does not come to its end.
const UNENDED: VarInt = VarInt::from_u32(2);
/// One event is there sooner, or the link is dead.
const WHOLE: Duration = Duration::from_secs(10);

/// Datagrams: input and its acknowledgements.
pub async fn datagrams(connection: Connection, intake: Arc<Intake>) {
    while let Ok(datagram) = connection.read_datagram().await {
        if let Err(error) = intake.event(&datagram, Lane::Input) {
            return give_up(&connection, &error);
        }
    }
}

/// Streams: everything else.
pub async fn streams(connection: Connection, intake: Arc<Intake>) {
    // Bounded by the streams that a peer may open.
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = connection.accept_uni() => match accepted {
                Ok(stream) => open.push(one(stream, intake.clone())),
                Err(_) => return,
            },
            Some(ended) = open.next() => if let Err(error) = ended {
                return give_up(&connection, &error);
            },
        }
    }
}

fn give_up(connection: &Connection, error: &IntakeError) {
    Close::Nonsense.end(connection, &format!("it sends {error}"));
}

async fn one(mut stream: RecvStream, intake: Arc<Intake>) -> Result<(), IntakeError> {
    let ending = match timeout(WHOLE, read(&mut stream, &intake)).await {
        Ok(Ok(Begun::Picture(print))) => read_picture(&mut stream, &intake, print).await?,
        Ok(Ok(Begun::Ended(ending))) => ending,
        Ok(Err(error)) => return Err(error),
        Err(_) => Ending::Broken,
    };
    let code = match ending {
        Ending::Whole => return Ok(()),
        Ending::Unknown => UNKNOWN_LANE,
        Ending::Broken => UNENDED,
    };
    // One that is gone already needs no more.
    let _ = stream.stop(code);
    Ok(())
}

enum Begun {
    Ended(Ending),
    /// The event, and behind it comes the picture.
    Picture(Print),
}

enum Ending {
    Whole,
    Unknown,
    Broken,
}

async fn read(stream: &mut RecvStream, intake: &Intake) -> Result<Begun, IntakeError> {
    let lane = match message::receive_soon(stream).await {
        Ok(lane @ (Lane::Input | Lane::State | Lane::Sound | Lane::Picture)) => lane,
        Ok(Lane::Control | Lane::Session | Lane::Unknown) => {
            return Ok(Begun::Ended(Ending::Unknown))
        }
        Err(_) => return Ok(Begun::Ended(Ending::Broken)),
    };
    let event = match message::receive_bytes(stream, event::LONGEST).await {
        Ok(event) => event,
        Err(error) => return broken(error).map(Begun::Ended),
    };
    if lane != Lane::Picture {
        intake.event(&event, lane)?;
        return Ok(Begun::Ended(Ending::Whole));
    }
    let print = intake.picture(&event)?;
    Ok(print.map_or(Begun::Ended(Ending::Broken), Begun::Picture))
}

async fn read_picture(
    stream: &mut RecvStream,
    intake: &Arc<Intake>,
    mut print: Print,
) -> Result<Ending, IntakeError> {
    let behind = timeout(WHOLE, read_behind(stream, intake, &mut print)).await;
    if let Ending::Whole = behind.unwrap_or(Ok(Ending::Broken))? {
        intake.show(print).await?;
        return Ok(Ending::Whole);
    }
    intake.lost(&print).await?;
    Ok(Ending::Broken)
}

async fn read_behind(
    stream: &mut RecvStream,
    intake: &Intake,
    print: &mut Print,
) -> Result<Ending, IntakeError> {
    let mut header = [0; 4];
    if stream.read_exact(&mut header).await.is_err() {
        return Ok(Ending::Broken);
    }
    let length = u32::from_le_bytes(header) as usize;
    print.room = intake.room_for(length)?;
    if print.room.is_none() {
        return Ok(Ending::Broken);
    }
    print.payload = vec![0; length];
    let read = stream.read_exact(&mut print.payload).await;
    Ok(read.map_or(Ending::Broken, |()| Ending::Whole))
}

fn broken(error: TalkError) -> Result<Ending, IntakeError> {
    match error {
        TalkError::Nonsense(told) => Err(IntakeError::Frame(told)),
        TalkError::Ended | TalkError::Late => Ok(Ending::Broken),
    }
}
