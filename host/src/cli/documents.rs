//! `logwasp completions` and `logwasp man`, made from the arguments themselves.

use std::io::Write;

use clap::CommandFactory;

use super::args::{self, Args};
use super::{Exit, Failure, output};
use crate::problem::{Problem, nearest};

pub(super) fn completions(args: &args::Completions) -> Result<Exit, Failure> {
    // The generator panics when the pipe is closed, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "logwasp", &mut script);
    print(&script)
}

pub(super) fn man(args: &args::Man) -> Result<Exit, Failure> {
    let mut root = Args::command();
    root.build();
    let command = match &args.command {
        None => root,
        Some(name) => match root.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                let known = root.get_subcommands().map(clap::Command::get_name);
                let problem = Problem::new(format!("there is no command `{name}`"));
                return Err(Failure::Usage(match nearest(name, known) {
                    Some(near) => problem.hint(format!("did you mean `{near}`?")),
                    None => problem.hint("`logwasp --help` lists them"),
                }));
            }
        },
    };
    let mut page = Vec::new();
    let title =
        args.command.as_ref().map_or("logwasp".to_owned(), |name| format!("logwasp-{name}"));
    clap_mangen::Man::new(command).title(title).render(&mut page)?;
    print(&page)
}

fn print(bytes: &[u8]) -> Result<Exit, Failure> {
    let mut out = output::stdout();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(Exit::Done)
}
