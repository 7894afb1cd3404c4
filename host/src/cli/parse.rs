//! `logwasp parse`: the normalized events themselves.

use std::io::Write;

use logwasp_core::interest::Interest;
use logwasp_core::scan::Plan;

use super::args::{self, Output};
use super::detect::load_config;
use super::output::{self, Out};
use super::{Exit, Failure, report};
use crate::clock;
use crate::event_line::EventLine;
use crate::pipeline::{Finding, ReadOptions, read_events};
use crate::source::{Input, expand};

pub(super) fn run(args: &args::Parse) -> Result<Exit, Failure> {
    let config = load_config(args.config.as_deref())?;
    let (inputs, mut problems) = expand(&args.paths);
    let options = ReadOptions {
        format: args::named_format(&args.format),
        zones: config.zones,
        now_nanos: clock::now_nanos(),
    };
    let plan = Plan::new(Interest::new(Vec::new()), false);
    let mut printer = Printer {
        out: output::stdout(),
        form: output::choose(args.output),
        damaged: args.damaged,
        error: None,
    };
    for input in &inputs {
        if let Err(problem) = printer.print(input, &plan, &options) {
            problems.push(problem);
        }
        if let Some(error) = printer.error.take() {
            return Err(error.into());
        }
    }
    printer.out.flush()?;
    problems.iter().for_each(report::error);
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Operating })
}

struct Printer {
    out: Out,
    form: Output,
    damaged: bool,
    /// Why nothing can be printed any more.
    error: Option<std::io::Error>,
}

impl Printer {
    fn print(
        &mut self,
        input: &Input,
        plan: &Plan,
        options: &ReadOptions,
    ) -> Result<(), crate::problem::Problem> {
        let name = input.name();
        let mut findings = Vec::new();
        let (out, error, form, damaged) = (&mut self.out, &mut self.error, self.form, self.damaged);
        let ledger = read_events(
            input,
            plan,
            options,
            &mut |event, position, arena| {
                if damaged || error.is_some() {
                    return;
                }
                let line = EventLine::new(event, &name, position, arena);
                let text = match form {
                    Output::Ndjson => line.to_json(),
                    Output::Pretty => line.to_text(),
                };
                *error = output::line(out, &text).err();
            },
            &mut |finding| {
                if findings.len() < FINDINGS_MAX || damaged {
                    findings.push(finding);
                }
            },
        )?;
        if self.damaged {
            self.print_damaged(&findings);
        } else {
            report::findings(&findings, ledger.damaged);
        }
        Ok(())
    }

    fn print_damaged(&mut self, findings: &[Finding]) {
        for finding in findings {
            let Finding::Damaged { reason, place, sample } = finding else { continue };
            let text = match self.form {
                Output::Ndjson => {
                    serde_json::json!({"source": place, "reason": reason, "sample": sample})
                        .to_string()
                }
                Output::Pretty => format!("{place}: {reason}\n    {}", sample.escape_debug()),
            };
            self.error = output::line(&mut self.out, &text).err().or(self.error.take());
        }
    }
}

/// Findings that are kept when nobody asked for them.
const FINDINGS_MAX: usize = 100;
