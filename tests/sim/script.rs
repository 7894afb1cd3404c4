//! What happens outside the service, by a seed: the same in every life.

use std::time::Duration;

use super::smtp;
use crate::checkpoint::power_cut::Coin;

/// When a life begins: 2026-11-20T09:00:00Z, in nanoseconds since the epoch.
pub(super) const BEGIN: i64 = 1_795_165_200_000_000_000;
/// Security logs that are written and rotated. Files behind them are logs of SMTP
/// sessions, one after the other, each with a header.
pub(super) const FILES: u64 = 2;

/// What happens, and when, counted from the beginning.
pub(super) struct Script {
    pub(super) acts: Vec<(Duration, Act)>,
    /// When all is said.
    pub(super) end: Duration,
    /// All that was written.
    pub(super) bytes: u64,
}

impl Script {
    /// For whoever looks at a failure.
    pub(super) fn print(&self) {
        for (at, act) in &self.acts {
            match act {
                Act::Append(file, text) => println!("{at:?} Append({file}, {})", text.len()),
                act => println!("{at:?} {act:?}"),
            }
        }
    }
}

/// Something that happens outside.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Bytes are appended to a file, which is made if it is not there.
    Append(u64, String),
    /// The file becomes the first of the rotated ones.
    Rename(u64),
    /// It is copied to the first of the rotated ones, and truncated.
    CopyTruncate(u64),
    /// The youngest rotated one is compressed.
    Compress(u64),
    /// It is deleted; what follows is in a new one.
    Recreate(u64),
    /// The service has time to read all there is before what follows.
    Quiet,
    /// The operator changes the config.
    Reload,
    /// The peer behaves like this from now on.
    Peer(Mood),
}

/// How a peer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// It takes what it gets.
    Well,
    /// It answers with an error.
    Failing,
    /// It takes half of what it gets, and says so.
    Half,
    /// It takes what it gets, and its answer is lost.
    Silent,
}

/// How long a rest may be that the service needs to read everything.
pub(super) const QUIET: Duration = Duration::from_secs(8);

/// Writes a script.
pub(super) fn script(seed: u64) -> Script {
    let mut author = Author {
        coin: Coin(seed),
        now: Duration::ZERO,
        acts: Vec::new(),
        count: 0,
        smtp: FILES,
        sessions: 0,
    };
    for _ in 0..author.between(15, 35) {
        author.act();
    }
    let written = author.acts.iter().map(|(_, act)| match act {
        Act::Append(_, text) => text.len() as u64,
        _ => 0,
    });
    Script { bytes: written.sum(), acts: author.acts, end: author.now }
}

struct Author {
    coin: Coin,
    now: Duration,
    acts: Vec<(Duration, Act)>,
    /// Records so far.
    count: i64,
    /// The log of SMTP sessions that is written to.
    smtp: u64,
    sessions: u64,
}

impl Author {
    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.coin.next() % (most - least + 1)
    }

    fn rest(&mut self, most_ms: u64) {
        self.now += Duration::from_millis(self.coin.next() % (most_ms + 1));
    }

    fn put(&mut self, act: Act) {
        self.acts.push((self.now, act));
    }

    fn act(&mut self) {
        let file = self.coin.next() % FILES;
        match self.between(0, 23) {
            0..=10 => self.write(file),
            20..=23 => self.write_sessions(),
            11 | 12 => self.put(Act::Rename(file)),
            13 => {
                // Who writes waits for the copy.
                self.rest(2_000);
                self.put(Act::CopyTruncate(file));
                self.rest(1_000);
            }
            14 => self.put(Act::Compress(file)),
            15 => self.recreate(file),
            16 => self.put(Act::Reload),
            17 | 18 => {
                let mood = [Mood::Well, Mood::Failing, Mood::Half, Mood::Silent];
                let mood = mood[self.between(0, 3) as usize];
                self.put(Act::Peer(mood));
            }
            _ => self.rest(60_000),
        }
        self.rest(4_000);
    }

    /// Some records.
    fn write(&mut self, file: u64) {
        let records = self.between(1, 8);
        let text = (0..records).map(|_| self.record(file)).collect::<Vec<_>>().concat();
        self.write_in_halves(file, &text);
    }

    /// Some SMTP sessions, maybe in the next log.
    fn write_sessions(&mut self) {
        let mut text = String::new();
        if self.sessions == 0 || self.between(0, 3) == 0 {
            self.smtp += 1;
            text.push_str(smtp::HEADER);
        }
        for _ in 0..self.between(1, 2) {
            self.sessions += 1;
            let begin = self.moment();
            let peer = self.between(0, 2);
            text.push_str(&smtp::session(self.sessions, peer, begin));
            self.count += smtp::ROWS_MAX;
        }
        self.write_in_halves(self.smtp, &text);
    }

    /// Half a record is not one.
    fn write_in_halves(&mut self, file: u64, text: &str) {
        let half = self.coin.next() as usize % text.len();
        let (first, second) = text.split_at(half);
        self.put(Act::Append(file, first.to_owned()));
        self.rest(3_000);
        self.put(Act::Append(file, second.to_owned()));
    }

    /// What nobody has read is lost when it is deleted.
    fn recreate(&mut self, file: u64) {
        self.put(Act::Peer(Mood::Well));
        self.put(Act::Quiet);
        self.now += QUIET;
        self.put(Act::Recreate(file));
    }

    /// The present, or a moment ago. No two are the same: which is first would be up to
    /// inodes.
    fn moment(&mut self) -> i64 {
        let ago = (self.coin.next() % 2_000) as i64 * 1_000_000;
        BEGIN + self.now.as_nanos() as i64 - ago + self.count * 100
    }

    fn record(&mut self, file: u64) -> String {
        self.count += 1;
        let (number, nanos) = (self.count, self.moment());
        let time = jiff::Timestamp::from_nanosecond(i128::from(nanos)).expect("a time");
        let user = format!("user{}", self.between(0, 4));
        let (id, data) = match self.between(0, 9) {
            0..=5 => (4776, bad_password(&user)),
            6 | 7 => (4740, lockout(&user)),
            8 => (4767, unlock(&user)),
            _ => (4624, logon(&user)),
        };
        let record = format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
             <Provider Name='Microsoft-Windows-Security-Auditing' \
             Guid='{{54849625-5478-4994-a5ba-3e3b0328c30d}}'/><EventID>{id}</EventID>\
             <Version>0</Version><Level>0</Level><Task>14336</Task><Opcode>0</Opcode>\
             <Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='{time:.9}'/>\
             <EventRecordID>{number}</EventRecordID><Correlation/>\
             <Execution ProcessID='724' ThreadID='4012'/><Channel>Security</Channel>\
             <Computer>DC0{}.contoso.com</Computer><Security/></System>\
             <EventData>{data}</EventData></Event>\n",
            file + 1
        );
        // Of an even length: so positions tell whole lines.
        if record.len().is_multiple_of(2) { record } else { format!(" {record}") }
    }
}

fn data(fields: &[(&str, &str)]) -> String {
    let data = |(name, value): &(&str, &str)| format!("<Data Name='{name}'>{value}</Data>");
    fields.iter().map(data).collect::<Vec<_>>().concat()
}

fn bad_password(user: &str) -> String {
    data(&[
        ("PackageName", "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0"),
        ("TargetUserName", user),
        ("Workstation", "EXCH01"),
        ("Status", "0xc000006a"),
    ])
}

fn lockout(user: &str) -> String {
    data(&[
        ("TargetUserName", user),
        ("TargetDomainName", "EXCH01"),
        ("TargetSid", "S-1-5-21-3457937927-2839227994-823803824-1109"),
        ("SubjectUserSid", "S-1-5-18"),
        ("SubjectUserName", "DC01$"),
        ("SubjectDomainName", "CONTOSO"),
        ("SubjectLogonId", "0x3e7"),
    ])
}

fn unlock(user: &str) -> String {
    data(&[
        ("TargetUserName", user),
        ("TargetDomainName", "CONTOSO"),
        ("TargetSid", "S-1-5-21-3457937927-2839227994-823803824-1109"),
        ("SubjectUserSid", "S-1-5-21-3457937927-2839227994-823803824-500"),
        ("SubjectUserName", "admin"),
        ("SubjectDomainName", "CONTOSO"),
        ("SubjectLogonId", "0x4711"),
    ])
}

fn logon(user: &str) -> String {
    data(&[
        ("TargetUserName", user),
        ("TargetDomainName", "CONTOSO"),
        ("LogonType", "3"),
        ("AuthenticationPackageName", "Kerberos"),
        ("WorkstationName", "-"),
        ("IpAddress", "10.0.7.20"),
        ("IpPort", "51003"),
    ])
}
