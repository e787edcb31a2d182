use super::orphans::stat_of;

/// Processes between one and the first of all: nobody's session is so deep.
const DEEPEST: usize = 256;

/// Of which of our devices a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Descent {
    /// It is this process, or was started by it.
    Of(u32),
    /// A device's that ended: it fell to us.
    Orphan,
    /// None of ours.
    Stranger,
    /// It has ended meanwhile, or what it comes from: nobody can say.
    Unknown,
}

/// By its parents. `devices` are the processes of those that run.
pub(crate) fn descent(pid: u32, devices: &[u32]) -> Descent {
    let parent = |pid| stat_of(pid).map(|stat| stat.parent);
    by_parents(pid, devices, std::process::id(), parent)
}

fn by_parents(
    mut pid: u32,
    devices: &[u32],
    us: u32,
    parent: impl Fn(u32) -> Option<u32>,
) -> Descent {
    for _ in 0..DEEPEST {
        if devices.contains(&pid) {
            return Descent::Of(pid);
        }
        pid = match parent(pid) {
            None => return Descent::Unknown,
            Some(parent) if parent == us => return Descent::Orphan,
            Some(0 | 1) => return Descent::Stranger,
            Some(parent) => parent,
        };
    }
    Descent::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 – 5 (us) – 10 and 11, devices – 20 of 10, 30 of 20; 12 fell to us, 22 of it; 40 is a person's, 50 of it.
    fn parent(pid: u32) -> Option<u32> {
        match pid {
            5 | 40 => Some(1),
            10..=12 => Some(5),
            20 => Some(10),
            30 => Some(20),
            22 => Some(12),
            50 => Some(40),
            60 => Some(60),
            70 => Some(0),
            _ => None,
        }
    }

    #[test]
    fn a_process_is_of_the_device_that_started_it() {
        let of = |pid| by_parents(pid, &[10, 11], 5, parent);
        assert_eq!([10, 20, 30].map(of), [Descent::Of(10); 3]);
        assert_eq!([12, 22].map(of), [Descent::Orphan; 2]);
        assert_eq!([5, 40, 50, 70].map(of), [Descent::Stranger; 4]);
        assert_eq!([60, 99].map(of), [Descent::Unknown; 2]);
    }

    #[test]
    fn proc_is_read() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("it starts");
        let own = child.id();
        assert_eq!(descent(own, &[own]), Descent::Of(own));
        assert_eq!(descent(own, &[]), Descent::Orphan);
        child.kill().expect("it ends");
        child.wait().expect("it ends");
        assert_eq!(descent(own, &[]), Descent::Unknown);
    }
}
