use super::{body, Sample};
use dkvm_wire::vocab::audio::{
    AudioState, ChooseSource, Microphone, MicrophoneRef, SoundSource, Speaker,
};

pub fn all() -> Vec<Sample> {
    let who = MicrophoneRef {
        holder: 7,
        name: "10.20.0.1".into(),
    };
    vec![
        body(
            "audio-speaker",
            Speaker {
                stream: 2,
                position: 960,
                captured_ns: 5,
                data: vec![1, 0, 255, 255],
            },
        ),
        body(
            "audio-microphone",
            Microphone {
                position: None,
                who: who.clone(),
                data: vec![1, 0],
            },
        ),
        body(
            "audio-source",
            ChooseSource {
                source: "gadget".into(),
            },
        ),
        body(
            "audio-state",
            AudioState {
                source: "gadget".into(),
                sources: vec![SoundSource {
                    id: "gadget".into(),
                    title: "the target's USB speakers".into(),
                }],
                usb: true,
                playing: 48_000,
                recording: 44_100,
                heard: true,
                microphone: Some(who),
                lost: 1,
                starved: 2,
                message: Some("x".into()),
            },
        ),
    ]
}
