//! Users and groups, read from /etc/passwd and /etc/group: a static binary has no name service, and the
//! supervisor must not depend on one.

use std::path::Path;

/// The group that all devices share: it may read the pools.
pub(crate) const SHARED_GROUP: &str = "dkvm";

/// What Linux knows a user by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Both files, as they were when they were read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    passwd: String,
    group: String,
}

impl Accounts {
    /// Reads them; a missing file knows nobody.
    pub(crate) fn read() -> Self {
        let text = |path| std::fs::read_to_string(Path::new(path)).unwrap_or_default();
        Self {
            passwd: text("/etc/passwd"),
            group: text("/etc/group"),
        }
    }

    /// By name or number.
    pub(crate) fn user(&self, name: &str) -> Option<User> {
        let found = self.passwd.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            let user = User {
                uid: fields.get(2)?.parse().ok()?,
                gid: fields.get(3)?.parse().ok()?,
            };
            (fields[0] == name || fields[2] == name).then_some(user)
        });
        found.or_else(|| name.parse().ok().map(|uid| User { uid, gid: uid }))
    }

    /// By name or number.
    pub(crate) fn group(&self, name: &str) -> Option<u32> {
        let found = self.group.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            let gid = fields.get(2)?.parse().ok()?;
            (fields[0] == name).then_some(gid)
        });
        found.or_else(|| name.parse().ok())
    }

    /// Whether /etc/group lists the user of that number in the group, or it is the user's own.
    pub(crate) fn is_member(&self, uid: u32, group: &str) -> bool {
        let Some(name) = self.name_of(uid) else {
            return false;
        };
        let gid = self.group(group);
        let own = self.user(name).map(|user| user.gid);
        own.is_some() && own == gid || self.members(group).any(|member| member == name)
    }

    pub(crate) fn name_of(&self, uid: u32) -> Option<&str> {
        self.passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
        })
    }

    fn members<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a str> {
        let line = self
            .group
            .lines()
            .find(move |line| line.split(':').next() == Some(group));
        line.and_then(|line| line.split(':').nth(3))
            .unwrap_or_default()
            .split(',')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts {
            passwd: "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000::/:/bin/sh\nben:x:1001:50::/:\nbroken\n".into(),
            group: "root:x:0:\nvideo:x:44:anna,carl\ndkvm:x:50:anna\nbad:x:\n".into(),
        }
    }

    #[test]
    fn users_and_groups_by_name_and_number() {
        let accounts = accounts();
        assert_eq!(
            accounts.user("anna"),
            Some(User {
                uid: 1000,
                gid: 1000
            })
        );
        assert_eq!(accounts.user("1001"), Some(User { uid: 1001, gid: 50 }));
        assert_eq!(accounts.user("dora"), None);
        assert_eq!(
            (
                accounts.group("video"),
                accounts.group("7"),
                accounts.group("audio")
            ),
            (Some(44), Some(7), None)
        );
    }

    #[test]
    fn membership_is_listed_or_primary() {
        let accounts = accounts();
        assert!(accounts.is_member(1000, "dkvm") && accounts.is_member(1001, "dkvm"));
        assert!(!accounts.is_member(1000, "root") && !accounts.is_member(9, "dkvm"));
    }
}
