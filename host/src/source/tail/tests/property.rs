//! Any sequence of what writers and rotation do.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Something that happens in the folder, or to the tail.
#[derive(Debug, Clone)]
enum Act {
    Append(Index, usize),
    Rename(Index),
    Shift(Index),
    CopyTruncate(Index),
    Compress(Index, bool),
    Recreate(Index),
    HardLink(Index),
    Step { budget_bytes: usize, nanos: u64 },
    Settle,
    Restart(Index),
}

fn act() -> impl Strategy<Value = Act> {
    let any_file = any::<Index>;
    prop_oneof![
        8 => (any_file(), 1..400_usize).prop_map(|(file, lines)| Act::Append(file, lines)),
        2 => any_file().prop_map(Act::Rename),
        2 => any_file().prop_map(Act::Shift),
        2 => any_file().prop_map(Act::CopyTruncate),
        2 => (any_file(), any::<bool>()).prop_map(|(file, gz)| Act::Compress(file, gz)),
        1 => any_file().prop_map(Act::Recreate),
        1 => any_file().prop_map(Act::HardLink),
        6 => (1..6_000_usize, 0..4 * SECOND)
            .prop_map(|(budget_bytes, nanos)| Act::Step { budget_bytes, nanos }),
        2 => Just(Act::Settle),
        2 => any::<Index>().prop_map(Act::Restart),
    ]
}

/// The writers' side: which text lies under which name.
struct Writers {
    rig: Rig,
    /// Text by name; compressed ones are not written to any more.
    files: BTreeMap<String, (usize, bool)>,
    texts: Vec<String>,
    header: String,
    count: usize,
}

impl Writers {
    fn number(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    /// A plain file, made if there is none.
    fn plain(&mut self, index: Index) -> String {
        let plain: Vec<_> = self
            .files
            .iter()
            .filter(|(_, (_, packed))| !packed)
            .map(|(name, _)| name.clone())
            .collect();
        match plain.is_empty() {
            true => self.begin(["app.log", "b.log", "dir/c.log"][index.index(3)]),
            false => plain[index.index(plain.len())].clone(),
        }
    }

    fn begin(&mut self, name: &str) -> String {
        self.texts.push(String::new());
        self.files.insert(name.to_owned(), (self.texts.len() - 1, false));
        let header = self.header.clone();
        self.write(name, &header);
        self.append(name, 1);
        name.to_owned()
    }

    fn append(&mut self, name: &str, lines: usize) {
        for _ in 0..lines {
            let line = format!("{} a line\n", self.number());
            self.write(name, &line);
        }
    }

    fn write(&mut self, name: &str, text: &str) {
        self.texts[self.files[name].0].push_str(text);
        self.rig.append(name, text);
    }

    fn rename(&mut self, from: &str, to: &str) {
        self.rig.rename(from, to);
        let file = self.files.remove(from).expect("it is there");
        self.files.insert(to.to_owned(), file);
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::CopyTruncate(_) | Act::Compress(..) if self.all_begin_alike() => self.rig.settle(),
            Act::Append(file, lines) => {
                let name = if file.index(4) == 0 { "app.log".to_owned() } else { self.plain(file) };
                if !self.files.contains_key(&name) {
                    self.begin(&name);
                }
                self.append(&name, lines);
            }
            Act::Rename(file) => {
                let (name, number) = (self.plain(file), self.number());
                self.rename(&name, &format!("moved-{number}.log"));
            }
            Act::Shift(file) => {
                let name = self.plain(file);
                let number = (1..1_000).find(|n| !self.files.contains_key(&format!("{name}.{n}")));
                let number = number.expect("there are enough numbers");
                for number in (1..number).rev() {
                    self.rename(&format!("{name}.{number}"), &format!("{name}.{}", number + 1));
                }
                self.rename(&name, &format!("{name}.1"));
            }
            Act::CopyTruncate(file) => {
                let (name, number) = (self.plain(file), self.number());
                // What is written between copy and truncation would be lost.
                self.rig.settle();
                let copy = format!("copy-{number}");
                self.rig.copytruncate(&name, &copy);
                let text = self.files[&name].0;
                self.files.insert(copy, (text, false));
                self.begin(&name);
            }
            Act::Compress(file, gz) => {
                let (name, number) = (self.plain(file), self.number());
                let text = fs::read(self.rig.path(&name)).expect("read");
                let packed = match gz {
                    true => super::compressed::gzip(&text),
                    false => super::compressed::zstd(&text),
                };
                let to = format!("packed-{number}");
                fs::write(self.rig.path(&to), packed).expect("written");
                self.rig.remove(&name);
                let (text, _) = self.files.remove(&name).expect("it is there");
                self.files.insert(to, (text, true));
            }
            Act::Recreate(file) => {
                let name = self.plain(file);
                // What nobody has read is lost when it is deleted.
                self.rig.settle();
                self.rig.remove(&name);
                self.begin(&name);
            }
            Act::HardLink(file) => {
                let (name, number) = (self.plain(file), self.number());
                // A second name would keep a truncated or deleted file alive.
                let link = self.rig.path(&format!("link-{number}"));
                fs::hard_link(self.rig.path(&name), &link).expect("linked");
                self.rig.step(1000);
                fs::remove_file(link).expect("removed");
            }
            Act::Step { budget_bytes, nanos } => {
                self.rig.now_nanos += nanos;
                self.rig.step(budget_bytes);
            }
            Act::Settle => self.rig.settle(),
            Act::Restart(index) => self.restart(index),
        }
    }

    /// Nothing but its inode tells a text from others, and a copy has another one.
    fn all_begin_alike(&self) -> bool {
        self.header.len() >= super::super::PREFIX_BYTES_MAX
    }

    /// The last records of some stream were not committed.
    fn restart(&mut self, index: Index) {
        if self.all_begin_alike() {
            // Another run knows texts by these beginnings alone.
            return self.rig.settle();
        }
        let seen = &mut self.rig.seen;
        let is_there = |position: &&Position| {
            let is_packed = position.path.to_string_lossy().contains("packed");
            let bytes = fs::read(&position.path).unwrap_or_default();
            !bytes.is_empty() && (is_packed || bytes.starts_with(&seen.texts[&position.file]))
        };
        let there: Vec<_> = seen.positions.values().filter(is_there).collect();
        if !there.is_empty() {
            let file = there[index.index(there.len())].file;
            let text = seen.texts.get_mut(&file).expect("it was opened");
            text.truncate(index.index(text.len() + 1));
            let offset = text.len() as u64;
            seen.positions.get_mut(&file).expect("it was opened").offset = offset;
        }
        self.rig.restart();
    }
}

fn run(acts: Vec<Act>, header: String, watch: bool) {
    let rig = Rig::with(|settings| {
        settings.chunk_bytes = 700;
        settings.files_open_max = 3;
        settings.close_idle_after = Duration::from_secs(9);
        settings.rotated_wait = Duration::from_secs(5);
        settings.watch = watch;
    });
    fs::create_dir(rig.path("dir")).expect("made");
    let mut writers = Writers { rig, files: BTreeMap::new(), texts: Vec::new(), header, count: 0 };
    for act in acts {
        writers.act(act);
    }
    for _ in 0..4 {
        writers.rig.pass(6);
    }
    let expected = sorted(writers.texts.clone());
    assert_eq!(writers.rig.texts(), expected, "{:?}", writers.rig.seen.log);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: random sequences of writing, every kind of rotation, restarts and
    /// steps with random budgets; files that all begin with the same lines, too.
    /// Guarantees: every byte that was written is handed on once and in order, under
    /// one stream for each text.
    #[test]
    fn every_byte_arrives_once(
        acts in prop::collection::vec(act(), 1..40),
        header_lines in prop_oneof![Just(0_usize), Just(1), Just(400)],
        watch in any::<bool>(),
    ) {
        run(acts, "# the same header\n".repeat(header_lines), watch);
    }
}
