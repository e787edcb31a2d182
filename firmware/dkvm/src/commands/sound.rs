//! `dkvm sound`: the target's sound, and a microphone for it.

use super::Session;
use crate::args::SoundDo;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::audio::{methods, AudioState, ChooseSource};

/// The device, by its name in the configuration.
const DEVICE: &str = "audio";

pub fn run(session: &mut Session, what: Option<SoundDo>, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    if let Some(SoundDo::Source { source }) = what {
        let method = format!("{DEVICE}/{}", methods::SOURCE);
        let _: Nothing = session.call(&method, &ChooseSource { source })?;
    }
    let state: AudioState = session.ask(&format!("{DEVICE}/{}", methods::GET))?;
    match form {
        Form::Json => output::json(&state),
        Form::Text => output::lines(&tell(&state)),
    }
}

fn tell(state: &AudioState) -> Vec<String> {
    let heard = if state.heard {
        "heard by a page"
    } else {
        "heard by nobody"
    };
    let microphone = state.microphone.as_ref().map_or_else(
        || "closed".to_owned(),
        |who| format!("open at {}", who.name),
    );
    let mut lines = vec![
        format!("source      {}, {heard}", state.source),
        format!("target      {}", target(state)),
        format!("microphone  {microphone}"),
        format!(
            "gaps        {} from the target, {} towards it",
            state.lost, state.starved
        ),
    ];
    lines.extend(state.message.clone());
    lines.push("can be heard:".to_owned());
    let source =
        |one: &dkvm_wire::vocab::audio::SoundSource| format!("  {:<14} {}", one.id, one.title);
    lines.extend(state.sources.iter().map(source));
    lines.iter().map(|line| output::harmless(line)).collect()
}

fn target(state: &AudioState) -> String {
    if !state.usb {
        return "has no sound card of this node: its USB profile has none (dkvm usb)".to_owned();
    }
    let rate = |does: &str, rate: u32| match rate {
        0 => format!("does not {does}"),
        rate => format!("{does}s at {rate} Hz"),
    };
    format!(
        "{}, {}",
        rate("play", state.playing),
        rate("record", state.recording)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::audio::{MicrophoneRef, SoundSource};

    #[test]
    fn what_a_card_or_a_page_calls_itself_does_nothing_to_the_terminal() {
        let state = AudioState {
            source: "gadget".into(),
            sources: vec![SoundSource {
                id: "Evil".into(),
                title: "\u{1b}[2J".into(),
            }],
            usb: true,
            playing: 48_000,
            microphone: Some(MicrophoneRef {
                holder: 1,
                name: "10.0.0.1".into(),
            }),
            ..AudioState::default()
        };
        let told = tell(&state).join("\n");
        assert!(
            told.contains("plays at 48000 Hz, does not record"),
            "{told}"
        );
        assert!(
            told.contains("open at 10.0.0.1") && !told.contains('\u{1b}'),
            "{told}"
        );
    }
}
