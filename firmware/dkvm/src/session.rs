//! A conversation with a kernel, as the commands hold it.

use crate::connect::{broken, connect, Place};
use crate::error::CliError;
use crate::patience::{self, Patience, Way};
use crate::{names, output};
use dkvm_kernel::client::{Client, ClientError};
use dkvm_wire::service::{methods, DeviceInfo, DeviceList, KernelInfo, Named, Nothing};
use dkvm_wire::{DeviceName, ErrorCode, RequestId};
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::mem::replace;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Between two tries to reach a node whose way is lost.
const BETWEEN: Duration = Duration::from_millis(200);

/// A connection that knows where it leads, for its errors.
#[derive(Debug)]
pub struct Session {
    pub client: Client,
    pub place: Place,
    /// It broke: it has to be made anew before it is used.
    lost: bool,
    /// Something was asked over it.
    used: bool,
}

impl Session {
    pub fn open(place: Place) -> Result<Self, CliError> {
        Ok(Self {
            client: connect(&place)?,
            place,
            lost: false,
            used: false,
        })
    }

    /// Makes a connection that broke anew.
    pub fn mend(&mut self) -> Result<(), CliError> {
        if self.lost {
            self.client = connect(&self.place)?;
            self.lost = false;
        }
        Ok(())
    }

    /// Asks until there is an answer, or the way there has been lost for so long: only for what may be asked twice.
    pub fn insist<T>(
        &mut self,
        most: Duration,
        ask: impl Fn(&mut Self) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let since = Instant::now();
        loop {
            match self.mend().and_then(|()| ask(self)) {
                Err(error) if error.is_lost_way() && since.elapsed() < most => sleep(BETWEEN),
                result => return result,
            }
        }
    }

    /// Says, once for each time, that the way there broke and what follows.
    pub fn tell_lost(&self, error: &CliError, follows: &str) {
        if matches!(error, CliError::LinkBroke { .. } | CliError::Gone { .. }) {
            eprintln!(
                "\ndkvm: the link to {} broke: {follows} when it is back",
                self.place.words()
            );
        }
    }

    /// Asks. A device that is on its way is waited for, and asked again: it never got the request.
    pub fn call<A: Serialize, T: DeserializeOwned>(
        &mut self,
        method: &str,
        args: &A,
    ) -> Result<T, CliError> {
        let mut patience = Patience::new();
        loop {
            let error = match self.call_once(method, args) {
                Err(error) if error.is_unheard() => error,
                result => return result,
            };
            let device = method.split('/').next().unwrap_or_default();
            if !self.wait_for(device, &mut patience)? {
                return Err(error);
            }
        }
    }

    /// The same without waiting, for who does something else meanwhile.
    pub fn call_once<A: Serialize, T: DeserializeOwned>(
        &mut self,
        method: &str,
        args: &A,
    ) -> Result<T, CliError> {
        let id = self.begin(method, args)?;
        self.answer(id, method)
    }

    pub fn ask<T: DeserializeOwned>(&mut self, method: &str) -> Result<T, CliError> {
        self.call(method, &Nothing {})
    }

    /// Asks and does not wait; see [`Client::begin`].
    pub fn begin<A: Serialize>(&mut self, method: &str, args: &A) -> Result<RequestId, CliError> {
        let result = self.first(|client| client.begin(method, args));
        self.told(method, result)
    }

    /// See [`Client::subscribe`]; `doing` is what for.
    pub fn subscribe(&mut self, doing: &str, topics: &[&str]) -> Result<(), CliError> {
        let result = self.first(|client| client.subscribe(topics));
        self.told(doing, result)
    }

    /// Two nodes that call each other at once give up one of their links. What is first asked over it, and was not even taken by this node's end, is asked over the other.
    fn first<T>(
        &mut self,
        ask: impl Fn(&mut Client) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let result = ask(&mut self.client);
        let unsent = matches!(&result, Err(error) if error.is_unsent());
        if replace(&mut self.used, true) || !unsent {
            return result;
        }
        match connect(&self.place) {
            Ok(client) => self.client = client,
            // The way itself is lost: what happened first says more.
            Err(_) => return result,
        }
        ask(&mut self.client)
    }

    pub fn answer<T: DeserializeOwned>(
        &mut self,
        id: RequestId,
        method: &str,
    ) -> Result<T, CliError> {
        let result = self.client.answer(id, method);
        self.told(method, result)
    }

    /// What a use of the client gave, which `doing` was for.
    pub fn told<T>(&mut self, doing: &str, result: Result<T, ClientError>) -> Result<T, CliError> {
        result.map_err(|error| {
            self.lost |= matches!(error, ClientError::Broken(_));
            broken(&self.place, doing, error)
        })
    }

    pub fn devices(&mut self) -> Result<DeviceList, CliError> {
        self.ask(methods::DEVICES_LIST)
    }

    /// Where a device is; nothing where that may not be asked.
    fn device(&mut self, name: &str) -> Result<Option<DeviceInfo>, CliError> {
        let Ok(name) = DeviceName::try_from(name) else {
            return Ok(None);
        };
        let found = self.call_once(methods::DEVICES_GET, &Named { name });
        allowed(found)
    }

    /// Whether it is worth asking a device again. Returns when it is there, or a moment later.
    fn wait_for(&mut self, name: &str, patience: &mut Patience) -> Result<bool, CliError> {
        let found = self.device(name)?;
        let way = found.as_ref().map_or(Way::Coming, patience::way);
        Ok(way != Way::Not && patience.goes_on(name))
    }

    /// What people know the node by.
    pub fn node_name(&mut self) -> Result<String, CliError> {
        if let Some(node) = &self.place.node {
            return Ok(output::harmless(node));
        }
        let info: KernelInfo = self.ask(methods::KERNEL_INFO)?;
        Ok(output::harmless(&info.node))
    }

    /// An error with all names, if no device has this one. `also` are names beyond the devices'. Whoever may not see the list
    /// is told by the kernel instead.
    pub fn check_name(&mut self, name: &str, also: &[&str]) -> Result<(), CliError> {
        let devices = self.devices();
        let Some(list) = allowed(devices)? else {
            return Ok(());
        };
        let known: Vec<&str> = list
            .devices
            .iter()
            .map(|d| d.name.as_str())
            .chain(also.iter().copied())
            .collect();
        names::check(name, &known)
    }
}

/// Nothing for what the session may not ask.
pub fn allowed<T>(result: Result<T, CliError>) -> Result<Option<T>, CliError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(CliError::Client(ClientError::Refused(error)))
            if error.code == ErrorCode::Forbidden =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
