//! Sound of another node's devices, and a microphone for them.

use crate::{node::linked, streams::wanted};
use dkvm_testkit::Failure;
use dkvm_wire::{
    topics,
    vocab::{
        audio::{Microphone, MicrophoneRef, Speaker, CHUNK_FRAMES},
        peer::Grant,
    },
};

#[test]
fn sound_is_heard_while_somebody_listens_and_a_microphone_there() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::View, Grant::Type])?;
    desk.kernel
        .demand_from(topics::AUDIO_SPEAKER, "*/audio", 1)?;
    assert_eq!(
        wanted(&mut office)?,
        (topics::AUDIO_SPEAKER.to_owned(), true)
    );
    for position in 0..10 {
        let sound = Speaker {
            stream: 1,
            position: position * CHUNK_FRAMES as u64,
            captured_ns: 5,
            data: vec![7; CHUNK_FRAMES * 4],
        };
        office.kernel.emit("audio", topics::AUDIO_SPEAKER, &sound)?;
        let event = desk.kernel.expect_event(topics::AUDIO_SPEAKER)?;
        assert_eq!(
            event.source.as_ref().map(|(name, _)| name.as_str()),
            Some("office/audio")
        );
        assert_eq!(event.decode::<Speaker>()?, sound);
    }
    let voice = Microphone {
        position: None,
        who: MicrophoneRef {
            holder: 1,
            name: "desk".to_owned(),
        },
        data: vec![3; 9600],
    };
    let to = &["office/audio"];
    desk.kernel
        .emit_to("mic", topics::AUDIO_MICROPHONE, &voice, to)?;
    let event = office.kernel.expect_event(topics::AUDIO_MICROPHONE)?;
    assert_eq!(event.to, ["audio"]);
    assert_eq!(event.decode::<Microphone>()?, voice);
    Ok(())
}
