//! Shapes of severities: told apart without colours.

use crate::alert::Severity;

/// The mark of a severity around a point, as a path: ring, disc, square, triangle,
/// diamond.
pub(super) fn shape(severity: Severity, x: i32, y: i32) -> String {
    let d = match severity {
        Severity::Info => {
            "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0m2.5 0a2.5 2.5 0 1 1 5 0a2.5 2.5 0 1 1-5 0"
        }
        Severity::Low => "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
        Severity::Medium => "m-4.5-4.5h9v9h-9z",
        Severity::High => "m0-6l6 10.5h-12z",
        Severity::Critical => "m0-7l7 7-7 7-7-7z",
    };
    format!("<path class=\"shape\" d=\"M{x} {y}{d}\"/>")
}

/// The shape as an image beside its severity's name.
pub(super) fn badge(severity: Severity) -> String {
    let name = severity.name();
    format!(
        "<span class=\"badge {name}\"><svg width=\"14\" height=\"14\" aria-hidden=\"true\">{}</svg> {name}</span>",
        shape(severity, 7, 7)
    )
}
