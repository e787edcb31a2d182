//! The conversation of two nodes that pair.

use crate::{
    close::{self, Close},
    core::{
        address::plain,
        code::Nonce,
        link::Opener,
        pairing::{self, Known, Said},
    },
    fingerprint::Fingerprint,
    message::{self, presentable, Pairing, TalkError},
    news::{News, Step, Teller},
};
use quinn::{Connection, RecvStream, SendStream};
use tokio::{sync::mpsc, time::timeout};

/// What the person here says: at most one yes and one no.
pub const SAYS: usize = 2;
/// Messages of a later release that are passed over after the code.
const UNKNOWN_MOST: u32 = 8;

/// One pairing under way.
pub struct Talk {
    /// Which.
    pub id: u32,
    /// This node's key.
    pub here: Fingerprint,
    /// The other's, proven.
    pub there: Fingerprint,
    /// As this node calls itself.
    pub name: String,
    /// Between them.
    pub connection: Connection,
    /// Who called.
    pub opener: Opener,
    /// Where news go.
    pub teller: Teller,
}

/// Talks until both have answered or the connection is gone; `says` is what the person here answers.
pub async fn talk(talk: Talk, says: mpsc::Receiver<Said>) {
    let why = match converse(&talk, says).await {
        Ok(()) => "both have answered".to_owned(),
        Err(TalkError::Ended) => match talk.connection.close_reason() {
            Some(error) => close::fault(&error).told,
            None => "the other node broke it off".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    talk.tell(Step::Broken(why)).await;
}

impl Talk {
    async fn tell(&self, step: Step) {
        // A device that ends has nobody to tell.
        let _ = self.teller.send(News::Pairing(self.id, step)).await;
    }
}

async fn converse(talk: &Talk, mut says: mpsc::Receiver<Said>) -> Result<(), TalkError> {
    let ended = |_| TalkError::Ended;
    let opened = async {
        match talk.opener {
            Opener::Here => talk.connection.open_bi().await,
            Opener::There => talk.connection.accept_bi().await,
        }
    };
    // Whoever says nothing must not keep others from pairing.
    let opened = timeout(message::SOON, opened).await;
    let (mut send, mut receive) = opened.map_err(|_| TalkError::Late)?.map_err(ended)?;
    let (name, code) = meet(talk, &mut send, &mut receive).await?;
    let known = Known {
        name,
        address: plain(talk.connection.remote_address()).to_string(),
        key: talk.there,
    };
    talk.tell(Step::Met(known, code)).await;
    let hears = hear(talk, &mut receive);
    tokio::pin!(hears);
    loop {
        tokio::select! {
            heard = &mut hears => return heard,
            said = says.recv() => match said {
                Some(Said::Same) => message::send(&mut send, &Pairing::Same).await?,
                Some(Said::Refuse) => return refuse_in_words(talk, &mut send).await,
                None => return Ok(()),
            },
        }
    }
}

/// The other side closes when it has read it; before that, closing here would throw it away.
async fn refuse_in_words(talk: &Talk, send: &mut SendStream) -> Result<(), TalkError> {
    message::send(send, &Pairing::Refuse).await?;
    let _ = timeout(message::SOON, talk.connection.closed()).await;
    Ok(())
}

/// What the other side's person says; ends with a no, with the connection, or with more than one yes: whoever is there is not
/// known yet, and each word of his costs the device a turn.
async fn hear(talk: &Talk, receive: &mut RecvStream) -> Result<(), TalkError> {
    let (mut same, mut unknown) = (false, 0);
    loop {
        match message::receive(receive).await? {
            Pairing::Same if !same => {
                same = true;
                talk.tell(Step::Said(Said::Same)).await;
            }
            Pairing::Refuse => {
                talk.tell(Step::Said(Said::Refuse)).await;
                return Ok(());
            }
            Pairing::Unknown if unknown < UNKNOWN_MOST => unknown += 1,
            _ => return Err(out_of_order()),
        }
    }
}

/// Keys and numbers become the code; gives the other's name besides.
async fn meet(
    talk: &Talk,
    send: &mut SendStream,
    receive: &mut RecvStream,
) -> Result<(String, String), TalkError> {
    match talk.opener {
        Opener::Here => meet_as_caller(talk, send, receive).await,
        Opener::There => meet_as_called(talk, send, receive).await,
    }
}

async fn meet_as_caller(
    talk: &Talk,
    send: &mut SendStream,
    receive: &mut RecvStream,
) -> Result<(String, String), TalkError> {
    let pair = pairing::pair(talk.here, talk.there, talk.opener);
    let own = number()?;
    let call = Pairing::Call {
        node: talk.name.clone(),
        commitment: pair.commitment(&own).to_vec(),
    };
    message::send(send, &call).await?;
    let Pairing::Answer { node, number } = message::receive_soon(receive).await? else {
        return Err(out_of_order());
    };
    let theirs = sized(&number)?;
    let number = own.to_vec();
    message::send(send, &Pairing::Reveal { number }).await?;
    Ok((presentable(&node), pair.code(&own, &theirs)))
}

async fn meet_as_called(
    talk: &Talk,
    send: &mut SendStream,
    receive: &mut RecvStream,
) -> Result<(String, String), TalkError> {
    let pair = pairing::pair(talk.here, talk.there, talk.opener);
    let Pairing::Call { node, commitment } = message::receive_soon(receive).await? else {
        return Err(out_of_order());
    };
    let own = number()?;
    let answer = Pairing::Answer {
        node: talk.name.clone(),
        number: own.to_vec(),
    };
    message::send(send, &answer).await?;
    let Pairing::Reveal { number } = message::receive_soon(receive).await? else {
        return Err(out_of_order());
    };
    let theirs = sized(&number)?;
    if pair.commitment(&theirs)[..] != commitment[..] {
        return Err(TalkError::Nonsense(
            "its number is not the one that it was bound to".to_owned(),
        ));
    }
    Ok((presentable(&node), pair.code(&theirs, &own)))
}

fn out_of_order() -> TalkError {
    TalkError::Nonsense("its messages come in the wrong order".to_owned())
}

fn sized(number: &[u8]) -> Result<Nonce, TalkError> {
    number
        .try_into()
        .map_err(|_| TalkError::Nonsense(format!("its number has {} bytes", number.len())))
}

fn number() -> Result<Nonce, TalkError> {
    let mut number = Nonce::default();
    getrandom::fill(&mut number)
        .map_err(|error| TalkError::Nonsense(format!("Linux gives no random number: {error}")))?;
    Ok(number)
}

/// Tells a caller that it does not get to a code.
pub fn refuse(connection: &Connection, why: &str) {
    Close::Pairing.end(connection, why);
}
