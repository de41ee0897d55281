//! What was measured of a plan's metrics, as a table: before, now, target, tolerance, verdict.

use std::fmt::Write as _;

use crate::metric::Stands;
use crate::report::escape;
use crate::report::look::{Ink, Look};
use crate::table::Kpi;

/// The heads of the columns.
pub const HEADS: [&str; 6] = ["metric", "before", "now", "target", "tolerance", "verdict"];

/// The cells of a row.
#[must_use]
pub fn cells(kpi: &Kpi) -> [String; 6] {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let verdict = match &kpi.at {
        Some(at) => format!("{} (at {at})", kpi.verdict.word()),
        None => kpi.verdict.word().to_owned(),
    };
    [
        kpi.metric.clone(),
        or_dash(&kpi.before_shown),
        or_dash(&kpi.now_shown),
        or_dash(&kpi.target),
        or_dash(&kpi.tolerance),
        verdict,
    ]
}

/// The table as text, indented by two; nothing where there is no metric.
#[must_use]
pub fn text(look: Look, kpis: &[Kpi]) -> String {
    if kpis.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; 6]> = kpis.iter().map(|kpi| cells(kpi).map(|cell| escape::line(cell.as_bytes()))).collect();
    let heads = HEADS.map(ToOwned::to_owned);
    let width = |column: usize| {
        let all = rows.iter().chain([&heads]);
        all.map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| -> String {
        let padded: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut out = String::from("\nmetrics\n");
    writeln!(out, "  {}", look.paint(Ink::Dim, &line(&heads))).unwrap_or_default();
    for (kpi, row) in kpis.iter().zip(&rows) {
        let ink = match kpi.verdict {
            Stands::Met => Ink::Green,
            Stands::Missed | Stands::Worse => Ink::Red,
            Stands::Noise | Stands::Told | Stands::Unknown => Ink::Dim,
        };
        writeln!(out, "  {}", look.paint(ink, &line(row))).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_stand_in_columns() {
        let kpi = |metric: &str, now: Option<&str>, verdict| Kpi {
            metric: metric.into(),
            before: Some(500.0),
            before_shown: Some("500".into()),
            now: None,
            now_shown: now.map(Into::into),
            target: Some("< 550".into()),
            tolerance: None,
            verdict,
            at: None,
        };
        let kpis = [kpi("p95", Some("512.5"), Stands::Met), kpi("error\u{1b}", None, Stands::Unknown)];
        let want = "
metrics
  metric     before  now    target  tolerance  verdict
  p95        500     512.5  < 550   -          met
  error\\x1b  500     -      < 550   -          not measured
";
        assert_eq!(text(Look::PLAIN, &kpis), want);
        assert_eq!(text(Look::PLAIN, &[]), "");
    }
}
