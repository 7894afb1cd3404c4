//! `logwasp run` and `logwasp reload`.

use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{Exit, Failure, args};
use crate::checkpoint::holder;
use crate::config::Config;
use crate::problem::Problem;
use crate::service;

pub(super) fn run(args: &args::Run) -> Result<Exit, Failure> {
    if !args.once {
        compile_beside(&args.config);
    }
    match service::run(&args.config, args.once) {
        Ok(()) => Ok(Exit::Done),
        Err(service::Failure::Config(problem)) => Err(Failure::Usage(problem)),
        Err(service::Failure::Operating(problem)) => Err(Failure::Operating(problem)),
    }
}

/// Has detectors that were never compiled here compiled by a process of its own, which
/// leaves the code in the cache: a process that once compiled keeps 20 MiB more for as
/// long as it runs. Whatever goes wrong there is found and told by the service itself.
fn compile_beside(config: &Path) {
    let Ok(program) = std::env::current_exe() else { return };
    let mut check = Command::new(program);
    check.args(["check", "--config"]).arg(config);
    check.env_remove("LISTEN_FDS").env_remove("NOTIFY_SOCKET");
    drop(check.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status());
}

pub(super) fn reload(args: &args::Reload) -> Result<Exit, Failure> {
    let config = Config::load(&args.config).map_err(Failure::Usage)?;
    let dir = config.state_dir.ok_or_else(|| {
        Failure::Usage(Problem::new("`state_dir` is missing").hint("name that of the service"))
    })?;
    let problem =
        |what: String| Failure::Operating(Problem::new(what).at(dir.display().to_string()));
    let pid = holder(&dir).map_err(Failure::Operating)?.and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| problem("no service runs on this state directory".to_owned()))?;
    kill_process(pid, Signal::HUP)
        .map_err(|error| problem(format!("the service cannot be reached: {error}")))?;
    Ok(Exit::Done)
}
