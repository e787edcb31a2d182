//! What `wpa_supplicant` tells on its standard output, and what that means to a person.
//!
//! The name of a network is a stranger's bytes; the supplicant writes what is not plain as `\xNN`.

/// Where joining stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Wifi {
    /// `dkvm.txt` names none.
    #[default]
    Off,
    /// Looking for it.
    Searching,
    /// Asking to be let in.
    Joining(String),
    /// In.
    Joined(String),
    /// The password is wrong, or something between us and the access point spoils it.
    WrongPassword(String),
    /// Heard, and refused.
    Refused(String),
    /// The settings make no sense to the supplicant.
    BadSettings,
    /// The radio is switched off by `rfkill`.
    Blocked,
}

impl Wifi {
    /// After a line of the supplicant's.
    #[must_use]
    pub fn after(&self, line: &str) -> Self {
        if let Some(name) = tried(line) {
            return self.trying(name);
        }
        let has = |text| line.contains(text);
        match self.name() {
            _ if has("Failed to read or parse configuration") => Self::BadSettings,
            _ if has("rfkill: WLAN") && has("blocked") => Self::Blocked,
            Some(name) if has("CTRL-EVENT-CONNECTED") => Self::Joined(name.to_owned()),
            name if has("CTRL-EVENT-SSID-TEMP-DISABLED") && has("reason=WRONG_KEY") => {
                Self::WrongPassword(
                    between(line, "ssid=\"", '"')
                        .or(name)
                        .unwrap_or("?")
                        .to_owned(),
                )
            }
            Some(name) if has("pre-shared key may be incorrect") => {
                Self::WrongPassword(name.to_owned())
            }
            Some(name) if has("CTRL-EVENT-ASSOC-REJECT") || has("CTRL-EVENT-AUTH-REJECT") => {
                Self::Refused(name.to_owned())
            }
            _ if has("CTRL-EVENT-NETWORK-NOT-FOUND") => Self::Searching,
            _ if has("CTRL-EVENT-DISCONNECTED") => self.let_go(),
            _ => self.clone(),
        }
    }

    /// A trouble is told until the network has let us in.
    fn trying(&self, name: &str) -> Self {
        match self {
            Self::WrongPassword(of) | Self::Refused(of) if of == name => self.clone(),
            _ => Self::Joining(name.to_owned()),
        }
    }

    fn let_go(&self) -> Self {
        match self {
            Self::Joined(_) => Self::Searching,
            other => other.clone(),
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Joining(name)
            | Self::Joined(name)
            | Self::WrongPassword(name)
            | Self::Refused(name) => Some(name),
            _ => None,
        }
    }

    /// The Wi-Fi's name, once joined.
    pub fn joined(&self) -> Option<&str> {
        match self {
            Self::Joined(name) => Some(name),
            _ => None,
        }
    }

    /// What is wrong and what to do, when there is something to say.
    pub fn trouble(&self) -> Option<String> {
        Some(match self {
            Self::Off | Self::Joined(_) | Self::Joining(_) => return None,
            Self::Searching => "the Wi-Fi is not to be found: look at its name in dkvm.txt, at the distance, and whether this board can do its band".to_owned(),
            Self::WrongPassword(name) => format!("the Wi-Fi {name:?} refuses the password: correct it in dkvm.txt on the card"),
            Self::Refused(name) => format!("the Wi-Fi {name:?} refuses this node: look whether it lets in only devices that it knows"),
            Self::BadSettings => "the Wi-Fi settings make no sense: look at name, password and country in dkvm.txt on the card".to_owned(),
            Self::Blocked => "the radio is switched off (rfkill): set `country` of the Wi-Fi in dkvm.txt on the card".to_owned(),
        })
    }
}

fn tried(line: &str) -> Option<&str> {
    if !(line.contains("Trying to associate with") || line.contains("Trying to authenticate with"))
    {
        return None;
    }
    let (_, rest) = line
        .split_once("SSID='")
        .or_else(|| line.split_once("SSID '"))?;
    // The name may hold a quote itself; what follows it cannot.
    rest.rsplit_once('\'').map(|(name, _)| name)
}

fn between<'a>(line: &'a str, before: &str, after: char) -> Option<&'a str> {
    let (_, rest) = line.split_once(before)?;
    rest.split_once(after).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(lines: &[&str]) -> Wifi {
        lines
            .iter()
            .fold(Wifi::Searching, |wifi, line| wifi.after(line))
    }

    const TRYING: &str = "wlan0: SME: Trying to authenticate with 02:00:00:00:00:00 (SSID='my 'home'' freq=2412 MHz)";
    const ASSOCIATING: &str = "wlan0: Trying to associate with SSID 'home'";
    const CONNECTED: &str =
        "wlan0: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed [id=0 id_str=]";
    const LET_GO: &str = "wlan0: CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:00 reason=3";
    const WRONG: &str = "wlan0: CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid=\"home\" auth_failures=1 duration=10 reason=WRONG_KEY";

    #[test]
    fn joining_and_losing() {
        assert_eq!(after(&[TRYING]), Wifi::Joining("my 'home'".into()));
        assert_eq!(after(&[ASSOCIATING, CONNECTED]).joined(), Some("home"));
        assert_eq!(after(&[ASSOCIATING, CONNECTED, LET_GO]), Wifi::Searching);
    }

    #[test]
    fn a_wrong_password_is_told_until_it_works() {
        let wrong = after(&[ASSOCIATING, LET_GO, WRONG, LET_GO, ASSOCIATING]);
        assert!(
            wrong
                .trouble()
                .is_some_and(|text| text.contains("\"home\" refuses the password")),
            "{wrong:?}"
        );
        assert_eq!(wrong.after(CONNECTED).joined(), Some("home"));
    }

    #[test]
    fn what_cannot_work_is_told() {
        assert_eq!(
            after(&["Failed to read or parse configuration '/x'."]),
            Wifi::BadSettings
        );
        assert_eq!(after(&["rfkill: WLAN soft blocked"]), Wifi::Blocked);
        assert_eq!(
            after(&[ASSOCIATING, "wlan0: CTRL-EVENT-ASSOC-REJECT status_code=1"]),
            Wifi::Refused("home".into())
        );
    }

    proptest! {
        #[test]
        fn any_line_is_survived(lines in prop::collection::vec(".{0,200}|.*SSID='.{0,40}|.*CTRL-EVENT-.{0,40}", 0..20)) {
            let wifi = lines.iter().fold(Wifi::Searching, |wifi, line| wifi.after(line));
            let _ = wifi.trouble();
        }
    }
}
