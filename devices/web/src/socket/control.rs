//! `/api/ws`: state to the page, input and requests from it.

use super::{
    frame::{encode, Message, Opcode},
    link::{Ending, Read, Write},
    pace::{Pace, Sent},
};
use crate::{
    actions::{self, Answer},
    app::App,
    clock::Moment,
    state::{Page, PageIn, Place},
};
use dkvm_wire::{
    vocab::{
        input::{InputState, MAX_STEPS},
        page::{Action, ToPage, ToWeb},
    },
    ErrorCode, WireError,
};
use std::{sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, sync::Semaphore, time::sleep};

/// Requests of one page under way; each may wait for a device for seconds.
const MAX_ACTIONS: usize = 8;
/// Keys that can be down: more than there are usages.
const MAX_KEYS: usize = 256;
/// Input that waits is looked at again after this.
const PACE: Duration = Duration::from_millis(1);

/// Until one side ends it.
pub async fn run(mut page: Page, reader: &mut Read, write: &mut Write, app: &Arc<App>) -> Ending {
    let inbound = Inbound::new(page.inbound(), app.clone());
    tokio::select! {
        ending = inbound.run(reader) => ending,
        ending = outbound(&mut page, write) => ending,
    }
}

async fn outbound(page: &mut Page, write: &mut Write) -> Ending {
    loop {
        if let Err(error) = tell(page, write).await {
            return error.into();
        }
        page.rung().await;
    }
}

/// One write for all that is new.
async fn tell(page: &mut Page, write: &mut Write) -> std::io::Result<()> {
    let mut frames: Vec<u8> = page
        .pongs()
        .iter()
        .flat_map(|payload| encode(Opcode::Pong, payload))
        .collect();
    for text in page.news() {
        frames.extend(encode(Opcode::Text, text.as_bytes()));
    }
    write.write_all(&frames).await?;
    write.flush().await
}

struct Inbound {
    page: Arc<PageIn>,
    app: Arc<App>,
    pace: Pace,
    actions: Arc<Semaphore>,
    /// Messages that this version does not know, told once.
    strange: Strange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strange {
    None,
    Told,
}

impl Inbound {
    fn new(page: PageIn, app: Arc<App>) -> Self {
        let (page, actions) = (Arc::new(page), Arc::new(Semaphore::new(MAX_ACTIONS)));
        Self {
            page,
            app,
            pace: Pace::new(Moment::now()),
            actions,
            strange: Strange::None,
        }
    }

    async fn run(mut self, reader: &mut Read) -> Ending {
        loop {
            if let Err(ending) = self.step(reader).await {
                return ending;
            }
        }
    }

    async fn step(&mut self, reader: &mut Read) -> Result<(), Ending> {
        tokio::select! {
            message = reader.next() => self.take(message?),
            () = sleep(PACE), if self.pace.is_waiting() => {
                let due = self.pace.due(Moment::now());
                due.map_or(Ok(()), |sent| self.forward(&sent))
            }
        }
    }

    fn take(&mut self, message: Message) -> Result<(), Ending> {
        match message {
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(message) => self.obey(message),
                Err(error) => self.wonder(&error),
            },
            Message::Ping(payload) => self
                .page
                .pong(payload)
                .map_err(|error| Ending::policy(error.to_string())),
            Message::Pong => Ok(()),
            Message::Binary(_) => Err(Ending::policy("this socket takes text messages only")),
            Message::Close => Err(Ending::Closed),
        }
    }

    /// A newer page may say more than is known here; the rest of it works all the same.
    fn wonder(&mut self, error: &serde_json::Error) -> Result<(), Ending> {
        if std::mem::replace(&mut self.strange, Strange::Told) == Strange::None {
            dkvm_sdk::warn!(
                "a page sent a message that is not known here ({error}): reload the page"
            );
        }
        Ok(())
    }

    fn obey(&mut self, message: ToWeb) -> Result<(), Ending> {
        match message {
            ToWeb::Input(state) => self.input(Place::Here, state),
            ToWeb::InputTo { node, state } => self.input(Place::At(node), state),
            ToWeb::Ping { nonce } => self.answer(ToPage::Pong { nonce }),
            ToWeb::Do { id, action } => self.act(id, action),
        }
    }

    fn input(&mut self, place: Place, state: InputState) -> Result<(), Ending> {
        if state.steps.len() > MAX_STEPS || state.keys.len() > MAX_KEYS {
            return Err(Ending::policy(
                "an input state holds more steps or keys than there can be",
            ));
        }
        let due = self.pace.take(place, state, Moment::now());
        due.iter().try_for_each(|sent| self.forward(sent))
    }

    fn forward(&self, (place, state): &Sent) -> Result<(), Ending> {
        match self.page.input(place, state) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Ending::policy("a page speaks for one holder")),
            // The link's own loop ends the device.
            Err(_) => Err(Ending::Gone),
        }
    }

    fn act(&self, id: u32, action: Action) -> Result<(), Ending> {
        let Ok(turn) = self.actions.clone().try_acquire_owned() else {
            let message = format!(
                "{MAX_ACTIONS} requests of this page are under way already: wait for one of them"
            );
            let error = WireError::new(ErrorCode::Exhausted, message);
            return self.answer(done(id, Err(error)));
        };
        let (page, app) = (self.page.clone(), self.app.clone());
        tokio::spawn(async move {
            let done = done(id, actions::perform(&app.hub, action).await);
            drop(turn);
            // A page that reads nothing is cut by its own socket.
            let _ = page.answer(done);
        });
        Ok(())
    }

    fn answer(&self, message: ToPage) -> Result<(), Ending> {
        self.page
            .answer(message)
            .map_err(|error| Ending::policy(error.to_string()))
    }
}

fn done(id: u32, result: Result<Answer, WireError>) -> ToPage {
    let (answer, error) = match result {
        Ok(answer) => (answer, None),
        Err(error) => (Answer::default(), Some(error)),
    };
    ToPage::Done {
        id,
        error,
        deaths: answer.deaths,
        config: answer.config,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::input::{Motion, Position, Step};
    use proptest::prelude::*;

    /// Holders are below 2^53, as far as a browser counts.
    const HOLDERS: u64 = 1 << 53;

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let at = || {
            proptest::option::of((any::<u16>(), any::<u16>()).prop_map(|(x, y)| Position { x, y }))
        };
        let key = (any::<u8>(), any::<bool>()).prop_map(|(usage, down)| Step::Key { usage, down });
        let button = (any::<u8>(), any::<bool>(), at())
            .prop_map(|(button, down, at)| Step::Button { button, down, at });
        proptest::collection::vec(prop_oneof![key, button], 0..MAX_STEPS)
    }

    fn states() -> impl Strategy<Value = InputState> {
        let motion = any::<[i32; 4]>().prop_map(|[x, y, wheel, pan]| Motion {
            x,
            y,
            wheel,
            pan,
            ..Default::default()
        });
        (
            0..HOLDERS,
            any::<[u32; 3]>(),
            steps(),
            any::<Vec<u8>>(),
            motion,
        )
            .prop_map(|(holder, [focus, seq, first], steps, keys, motion)| {
                let (buttons, at) = (keys.len() as u8, None);
                InputState {
                    holder,
                    focus,
                    seq,
                    first,
                    steps,
                    keys,
                    buttons,
                    at,
                    motion,
                    extra: Default::default(),
                }
            })
    }

    proptest! {
        #[test]
        fn what_a_page_holds_reaches_hid_as_it_was(state in states()) {
            let json = serde_json::to_string(&ToWeb::Input(state.clone())).unwrap();
            let ToWeb::Input(parsed) = serde_json::from_str(&json).unwrap() else { panic!("no input") };
            let packed = dkvm_wire::encode_body(&parsed);
            prop_assert_eq!(dkvm_wire::decode_body::<InputState>("input.hid", &packed).unwrap(), state);
            prop_assert!(json.len() <= super::super::frame::MAX_MESSAGE);
        }

        #[test]
        fn any_text_is_a_message_or_an_error(text in r#"\{?("type":"(input|do|ping)",?)?("[a-z]{1,6}":[0-9eE.{}\[\]"-]{0,8},?){0,5}\}?"#) {
            let _ = serde_json::from_str::<ToWeb>(&text);
        }
    }
}
