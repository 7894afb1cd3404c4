//! rsyslog and syslog-ng, as Debian has them. Their packages exclude each other, so
//! that syslog-ng may be unpacked somewhere: `LOGWASP_SYSLOG_NG` says where.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process::Process;

/// rsyslog with a config of its own.
pub(crate) fn rsyslog(folder: &Path, globals: &str, rules: &str) -> Result<Process> {
    let config = folder.join("rsyslog.conf");
    let text = format!("global(workDirectory=\"{}\" {globals})\n{rules}\n", folder.display());
    fs::write(&config, text)?;
    let mut command = Command::new("rsyslogd");
    command.args(["-n", "-f"]).arg(&config).arg("-i").arg(folder.join("pid"));
    start(command, folder).context("rsyslogd")
}

/// rsyslog that reads a file and forwards it.
pub(crate) fn rsyslog_sender(
    folder: &Path,
    input: &Path,
    globals: &str,
    action: &str,
) -> Result<Process> {
    let rules = format!(
        "module(load=\"imfile\")\n\
         input(type=\"imfile\" file=\"{}\" tag=\"soak:\")\n\
         action(type=\"omfwd\" target=\"127.0.0.1\" protocol=\"tcp\" \
         tcp_framing=\"octet-counted\" template=\"RSYSLOG_SyslogProtocol23Format\" \
         action.resumeRetryCount=\"-1\" {action})",
        input.display()
    );
    rsyslog(folder, globals, &rules)
}

/// syslog-ng that reads a file and forwards it; `None` when it is not there.
pub(crate) fn syslog_ng_sender(
    folder: &Path,
    input: &Path,
    destination: &str,
) -> Result<Option<Process>> {
    let root =
        std::env::var_os("LOGWASP_SYSLOG_NG").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let program = root.join("usr/sbin/syslog-ng");
    if !program.exists() {
        return Ok(None);
    }
    let config = folder.join("syslog-ng.conf");
    fs::write(
        &config,
        format!(
            "@version: 3.38\n\
             source s {{ file(\"{}\" follow-freq(0.1) flags(no-parse)); }};\n\
             destination d {{ {destination} }};\n\
             log {{ source(s); destination(d); flags(flow-control); }};\n",
            input.display()
        ),
    )?;
    let libraries = ["usr/lib/syslog-ng", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
    let libraries = libraries.map(|folder| root.join(folder).display().to_string()).join(":");
    let mut command = Command::new(program);
    command
        .env("LD_LIBRARY_PATH", libraries)
        .args(["-F", "--no-caps", "-f"])
        .arg(&config)
        .arg(format!("--module-path={}", root.join("usr/lib/syslog-ng/3.38").display()))
        .arg("--persist-file")
        .arg(folder.join("persist"))
        .arg("--pidfile")
        .arg(folder.join("pid"))
        .arg("--control")
        .arg(folder.join("control"));
    start(command, folder).map(Some)
}

fn start(mut command: Command, folder: &Path) -> Result<Process> {
    let log = fs::File::create(folder.join("log"))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    Ok(Process(command.spawn()?))
}

/// A root, and a certificate of it for 127.0.0.1: `ca.pem`, `cert.pem`, `key.pem`.
pub(crate) fn certificates(folder: &Path) -> Result<()> {
    let script = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-root \
                    -keyout ca-key.pem -out ca.pem && \
                  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
                    -keyout key.pem -out cert.csr && \
                  printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' >extensions && \
                  openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
                    -days 2 -extfile extensions -out cert.pem";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}
