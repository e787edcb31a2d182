//! A well-behaved device written with the SDK: says on topic `echo.said` what it hears on `echo.say`.
//! The tests of the kernel and of the SDK run it as a real process.

use dkvm_sdk::{info, wire::QueueClass, Fault, Identity, Incoming, Link};
use serde::{Deserialize, Serialize};

const IDENTITY: Identity = Identity {
    consumes: &["echo.say"],
    produces: &[("echo.said", QueueClass::Stream)],
    ..Identity::new("echo", env!("CARGO_PKG_VERSION"))
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    /// Said before each text.
    prefix: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Text {
    text: String,
}

async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    let sender = link.sender();
    link.ready()?;
    loop {
        match link.next().await? {
            Incoming::Event { topic, body, .. } if topic == "echo.say" => {
                match body.decode::<Text>(&topic) {
                    Ok(said) => sender.emit(
                        "echo.said",
                        &Text {
                            text: format!("{}{}", config.prefix, said.text),
                        },
                    )?,
                    Err(error) => info!("ignored: {error}"),
                }
            }
            Incoming::Request(request) => match request.method() {
                // What a careless library does.
                "print" => {
                    println!("this went to stdout");
                    request.reply(&())?;
                }
                // A fault on purpose.
                #[allow(clippy::panic)]
                "panic" => panic!("asked to"),
                // A loop that hangs, so that no ping is answered.
                "hang" => std::thread::park(),
                _ => request.unknown()?,
            },
            Incoming::Goodbye { .. } => return Ok(()),
            _ => {}
        }
    }
}

fn main() {
    std::process::exit(dkvm_sdk::main(IDENTITY, run));
}
