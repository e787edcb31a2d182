//! The device as a process, with a card in a file.

use super::{
    bundle::{head_length, image, workshop},
    disk,
};
use dkvm_testkit::{
    samples::{device_info, gadget_state},
    Failure, FakeKernel, Launch, Setup,
};
use dkvm_wire::{
    encode_body,
    service::{self, BootInfo, DeviceList, ImageInfo, Nothing, Restart, RestartHow, Slot},
    topics,
    vocab::gadget::UsbState,
    vocab::update::{
        methods, Begin, Chunk, FactoryReset, Power, Stage, UpdateState, Upload, UploadRef,
    },
};
use std::{cell::RefCell, fs, path::Path, rc::Rc};

struct Node {
    folder: tempfile::TempDir,
    restarts: Rc<RefCell<Vec<Restart>>>,
}

impl Node {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Self {
            folder,
            restarts: Rc::default(),
        };
        fs::write(node.path("card"), disk::card(&image("1.0.0"))).unwrap();
        fs::write(node.path("update.pub"), workshop().public_text()).unwrap();
        fs::create_dir(node.path("state")).unwrap();
        node.boots("1.0.0", Slot::A);
        node
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The machine starts into a slot: what is in memory is gone.
    fn boots(&self, version: &str, slot: Slot) {
        let image = ImageInfo {
            board: "lab".into(),
            version: version.into(),
            slot,
            committed: self.committed(),
            persistent: true,
        };
        let info = BootInfo {
            image: Some(image),
            card: Some("/dev/none".into()),
            ..BootInfo::default()
        };
        let _ = fs::remove_dir_all(self.path("run"));
        fs::create_dir(self.path("run")).unwrap();
        fs::write(self.path("info.json"), serde_json::to_vec(&info).unwrap()).unwrap();
    }

    fn committed(&self) -> Slot {
        disk::committed(&fs::read(self.path("card")).unwrap())
    }

    /// A page that nobody serves is not waited for: Linux started long ago.
    fn start(&self, page: &str) -> Result<FakeKernel, Failure> {
        self.start_until(page, if page == NOWHERE { 1 } else { u64::MAX })
    }

    /// After the deadline, whatever the page says.
    fn start_late(&self, page: &str) -> Result<FakeKernel, Failure> {
        self.start_until(page, 1)
    }

    fn start_until(&self, page: &str, deadline_ms: u64) -> Result<FakeKernel, Failure> {
        let mut config = self.config();
        config["page"] = page.into();
        config["settle_ms"] = 0.into();
        config["deadline_ms"] = deadline_ms.into();
        let mut kernel = launch(self.folder.path(), config)?;
        let restarts = self.restarts.clone();
        kernel.answer(service::methods::SYSTEM_RESTART, move |body| {
            restarts
                .borrow_mut()
                .push(dkvm_wire::decode_body("restart", body).unwrap());
            Ok(encode_body(&Nothing {}))
        });
        kernel.ready()?;
        Ok(kernel)
    }

    fn config(&self) -> serde_json::Value {
        serde_json::json!({
            "backend": "dummy",
            "card": self.path("card"),
            "info": self.path("info.json"),
            "keys": self.path("update.pub"),
        })
    }

    fn how(&self) -> Vec<RestartHow> {
        self.restarts
            .borrow()
            .iter()
            .map(|restart| restart.how)
            .collect()
    }
}

/// Nobody listens on the discard port.
const NOWHERE: &str = "127.0.0.1:9";

fn launch(folder: &Path, config: serde_json::Value) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-update"))
        .env("DKVM_RUN_DIR", folder.join("run"))
        .env("DKVM_STATE_DIR", folder.join("state"));
    let mut kernel = FakeKernel::start(launch, Setup::new("update").config(config))?;
    kernel.answer(service::methods::DEVICES_LIST, |_| {
        Ok(encode_body(&devices()))
    });
    Ok(kernel)
}

fn devices() -> DeviceList {
    let device = |name| device_info(name, service::Phase::Running);
    DeviceList {
        devices: vec![device("web"), device("update")],
    }
}

fn begin(kernel: &mut FakeKernel, bundle: &[u8]) -> Result<Upload, Failure> {
    let head = bundle[..head_length(bundle)].to_vec();
    kernel.call(
        methods::BEGIN,
        &Begin {
            size: bundle.len() as u64,
            head,
            downgrade: false,
        },
    )
}

fn send(
    kernel: &mut FakeKernel,
    upload: Upload,
    bundle: &[u8],
    until: usize,
) -> Result<Upload, Failure> {
    let mut upload = upload;
    while (upload.offset as usize) < until {
        let at = upload.offset as usize;
        let data = bundle[at..until.min(at + 3000)].to_vec();
        upload = kernel.call(
            methods::WRITE,
            &Chunk {
                id: upload.id.clone(),
                offset: upload.offset,
                data,
            },
        )?;
    }
    Ok(upload)
}

fn stage(kernel: &mut FakeKernel, wanted: impl Fn(&Stage) -> bool) -> Result<UpdateState, Failure> {
    kernel.expect_that(topics::UPDATE_STATE, |state: &UpdateState| {
        wanted(&state.stage)
    })
}

/// Uploads version 2 and asks for its trial.
fn try_new(node: &Node, kernel: &mut FakeKernel) -> Result<(), Failure> {
    let bundle = workshop().bundle(&image("2.0.0"));
    let upload = begin(kernel, &bundle)?;
    let upload = send(kernel, upload, &bundle, bundle.len())?;
    let _: Nothing = kernel.call(methods::FINISH, &UploadRef { id: upload.id })?;
    stage(
        kernel,
        |stage| matches!(stage, Stage::Staged { version } if version == "2.0.0"),
    )?;
    let _: Nothing = kernel.call(methods::TRY, &Nothing {})?;
    assert_eq!(node.how(), [RestartHow::Trial]);
    stage(kernel, |stage| *stage == Stage::Restarting)?;
    Ok(())
}

#[test]
fn an_image_that_is_well_is_committed() -> Result<(), Failure> {
    let node = Node::new();
    let page = page::serve("HTTP/1.1 200 OK\r\n\r\n");
    let mut kernel = node.start(&page)?;
    try_new(&node, &mut kernel)?;
    kernel.goodbye()?;
    node.boots("2.0.0", Slot::B);
    let mut kernel = node.start(&page)?;
    let state = kernel.expect_that(topics::UPDATE_STATE, |state: &UpdateState| {
        state.last.is_some()
    })?;
    assert!(state.last.unwrap().committed);
    assert_eq!(
        (state.committed, node.committed()),
        (Some(Slot::B), Slot::B)
    );
    assert!(state.slots[1].healthy);
    kernel.goodbye()?;
    // What `dkvm boot` found is old now: the card is believed.
    let mut kernel = node.start(&page)?;
    assert_eq!(
        kernel.expect::<UpdateState>(topics::UPDATE_STATE)?.stage,
        Stage::Idle
    );
    Ok(())
}

#[test]
fn an_image_whose_page_does_not_answer_goes_back_and_says_so() -> Result<(), Failure> {
    for page in [NOWHERE.to_owned(), page::serve("HTTP/1.1 500 Oh\r\n\r\n")] {
        let node = Node::new();
        let mut kernel = node.start(&page)?;
        try_new(&node, &mut kernel)?;
        kernel.goodbye()?;
        node.boots("2.0.0", Slot::B);
        // Its deadline has passed in either case.
        let mut kernel = node.start_late(&page)?;
        stage(&mut kernel, |stage| *stage == Stage::Restarting)?;
        kernel.ping()?;
        assert_eq!(node.how(), [RestartHow::Trial, RestartHow::Restart]);
        kernel.goodbye()?;
        node.boots("1.0.0", Slot::A);
        let mut kernel = node.start(&page)?;
        let last = kernel
            .expect::<UpdateState>(topics::UPDATE_STATE)?
            .last
            .unwrap();
        assert!(
            !last.committed && last.reason.contains("page: it"),
            "{}",
            last.reason
        );
        assert_eq!(node.committed(), Slot::A);
    }
    Ok(())
}

#[test]
fn the_image_before_is_gone_back_to_by_a_trial_of_its_own() -> Result<(), Failure> {
    let node = Node::new();
    let page = page::serve("HTTP/1.1 200 OK\r\n\r\n");
    let mut kernel = node.start(&page)?;
    let refused = kernel.refused(methods::ROLLBACK, &Nothing {})?;
    assert!(refused.message.contains("no image that was healthy"));
    kernel.expect_that(topics::UPDATE_STATE, |state: &UpdateState| {
        state.slots[0].healthy
    })?;
    assert!(!node.path("state/fallback").exists());
    try_new(&node, &mut kernel)?;
    kernel.goodbye()?;
    node.boots("2.0.0", Slot::B);
    let mut kernel = node.start(&page)?;
    stage(&mut kernel, |stage| *stage == Stage::Idle)?;
    assert!(node.path("state/fallback").exists());
    let _: Nothing = kernel.call(methods::ROLLBACK, &Nothing {})?;
    assert_eq!(node.how(), [RestartHow::Trial, RestartHow::Trial]);
    kernel.goodbye()?;
    node.boots("1.0.0", Slot::A);
    let mut kernel = node.start(&page)?;
    let state = stage(&mut kernel, |stage| *stage == Stage::Idle)?;
    assert_eq!((state.running, node.committed()), (Some(Slot::A), Slot::A));
    assert!(state.last.unwrap().committed);
    Ok(())
}

#[test]
fn a_killed_device_goes_on_with_the_upload() -> Result<(), Failure> {
    let node = Node::new();
    let bundle = workshop().bundle(&image("2.0.0"));
    let mut kernel = node.start(NOWHERE)?;
    let upload = begin(&mut kernel, &bundle)?;
    let half = send(&mut kernel, upload, &bundle, bundle.len() / 2)?;
    kernel.kill()?;
    let mut kernel = node.start(NOWHERE)?;
    stage(
        &mut kernel,
        |stage| matches!(stage, Stage::Receiving { bytes, .. } if *bytes == half.offset),
    )?;
    assert_eq!(begin(&mut kernel, &bundle)?, half);
    let upload = send(&mut kernel, half, &bundle, bundle.len())?;
    let _: Nothing = kernel.call(methods::FINISH, &UploadRef { id: upload.id })?;
    let state: UpdateState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!(state.slots[1].version.as_deref(), Some("2.0.0"));
    Ok(())
}

#[test]
fn a_machine_that_does_not_restart_keeps_the_image_staged() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start(NOWHERE)?;
    let bundle = workshop().bundle(&image("2.0.0"));
    let upload = begin(&mut kernel, &bundle)?;
    let upload = send(&mut kernel, upload, &bundle, bundle.len())?;
    let _: Nothing = kernel.call(methods::FINISH, &UploadRef { id: upload.id })?;
    kernel.answer(service::methods::SYSTEM_RESTART, |_| {
        Err(dkvm_wire::WireError::new(
            dkvm_wire::ErrorCode::Forbidden,
            "not you",
        ))
    });
    let refused = kernel.refused(methods::TRY, &Nothing {})?;
    assert_eq!(refused.message, "not you");
    stage(&mut kernel, |stage| *stage == Stage::Restarting)?;
    stage(&mut kernel, |stage| matches!(stage, Stage::Staged { .. }))?;
    Ok(())
}

#[test]
fn a_reset_must_be_confirmed_and_restarts() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start(NOWHERE)?;
    kernel.refused(methods::FACTORY_RESET, &FactoryReset { confirmed: false })?;
    assert_eq!(disk::data_type(&fs::read(node.path("card")).unwrap()), 0x83);
    let _: Nothing = kernel.call(methods::FACTORY_RESET, &FactoryReset { confirmed: true })?;
    assert_eq!(disk::data_type(&fs::read(node.path("card")).unwrap()), 0xda);
    assert_eq!(node.how(), [RestartHow::Restart]);
    Ok(())
}

#[test]
fn without_a_card_there_are_no_slots_and_the_machine_can_be_switched_off() -> Result<(), Failure> {
    let folder = tempfile::tempdir().unwrap();
    let mut kernel = launch(
        folder.path(),
        serde_json::json!({ "info": folder.path().join("none") }),
    )?;
    kernel.answer(service::methods::SYSTEM_RESTART, |body| {
        let restart: Restart = dkvm_wire::decode_body("restart", body).unwrap();
        assert_eq!(restart.how, RestartHow::PowerOff);
        Ok(encode_body(&Nothing {}))
    });
    kernel.ready()?;
    assert_eq!(
        kernel.expect::<UpdateState>(topics::UPDATE_STATE)?.stage,
        Stage::None
    );
    assert!(kernel
        .refused(methods::TRY, &Nothing {})?
        .message
        .contains("does not run from a card"));
    let off = dkvm_wire::vocab::update::Restart { power: Power::Off };
    let _: Nothing = kernel.call(methods::RESTART, &off)?;
    Ok(())
}

#[test]
fn a_card_that_cannot_be_read_is_told() -> Result<(), Failure> {
    let node = Node::new();
    fs::write(node.path("card"), [0; 4096]).unwrap();
    let mut kernel = launch(node.folder.path(), node.config())?;
    let degraded = kernel.ready()?.degraded.unwrap();
    assert!(degraded.contains("partition 1"), "{degraded}");
    assert_eq!(kernel.refused(methods::TRY, &Nothing {})?.message, degraded);
    Ok(())
}

#[test]
fn a_card_that_comes_late_is_found_and_what_was_told_before_it_counts() -> Result<(), Failure> {
    let node = Node::new();
    fs::rename(node.path("card"), node.path("later")).unwrap();
    let mut kernel = node.start(NOWHERE)?;
    let gadget = gadget_state(UsbState::Configured);
    kernel.emit("gadget", topics::GADGET_STATE, &gadget)?;
    kernel.ping()?;
    fs::rename(node.path("later"), node.path("card")).unwrap();
    stage(&mut kernel, |stage| *stage == Stage::Idle)?;
    try_new(&node, &mut kernel)?;
    let record = fs::read_to_string(node.path("state/slots.json")).unwrap();
    assert!(record.contains("\"configured\": true"), "{record}");
    Ok(())
}

#[test]
fn a_trial_that_could_never_pass_is_a_wrong_configuration() -> Result<(), Failure> {
    let folder = tempfile::tempdir().unwrap();
    let mut kernel = launch(
        folder.path(),
        serde_json::json!({ "settle_ms": 5, "deadline_ms": 5 }),
    )?;
    kernel.expect_end(78)
}

/// A page that answers one thing over TLS, with a certificate of its own.
mod page {
    use rustls::{pki_types::PrivateKeyDer, ServerConfig, ServerConnection, StreamOwned};
    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::Arc,
        thread,
    };

    pub fn serve(answer: &'static str) -> String {
        let made = rcgen::generate_simple_self_signed(vec!["node".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let config = Arc::new(config);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = StreamOwned::new(
                    ServerConnection::new(config.clone()).unwrap(),
                    stream.unwrap(),
                );
                let mut request = [0; 1024];
                if stream.read(&mut request).is_ok() {
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        address
    }
}
