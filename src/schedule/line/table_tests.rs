//! How many judgings a phase takes, simulated: the table and the plot in `docs/batches.md`.
//!
//! `MIGRATE_WRITE=1 cargo test --lib line::table` writes both anew (a quarter of an hour); `MIGRATE_FULL=1` compares all of it.

use std::path::Path;

use crate::schedule::line::simulation_tests::{Dice, PLAIN, World, policy, simulate};

const UNITS: [usize; 2] = [230, 10_000];
const PERCENT: [u32; 6] = [0, 1, 2, 5, 10, 20];
const JOBS: [usize; 3] = [1, 2, 8];
const BATCH_MAX: usize = 64;
const SEEDS: u64 = 500;
const BEGINS: &str = "<!-- simulated, begin -->\n";
const ENDS: &str = "<!-- simulated, end -->\n";

/// What the phases of so many seeds came to, in the mean.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    runs: f64,
    most: usize,
    time: f64,
}

fn simulated(units: usize, percent: u32, jobs: usize, seeds: u64) -> Mean {
    let (mut runs, mut most, mut time) = (0, 0, 0.0);
    for seed in 0..seeds {
        let mut dice = Dice(seed);
        let world = World::random(units, percent * 10, &mut dice);
        let out = simulate(&world, policy(BATCH_MAX, jobs), PLAIN, &mut dice);
        let given_up: Vec<usize> = (0..units).filter(|unit| world.bad[*unit]).collect();
        assert_eq!(out.given_up, given_up, "{units} {percent} {jobs} {seed}");
        runs += out.runs;
        most = most.max(out.runs);
        time += out.time;
    }
    Mean { runs: runs as f64 / seeds as f64, most, time: time / seeds as f64 }
}

/// How many answers of yes or no it takes at least, in the mean, to learn which of so many units are bad.
fn least(units: usize, percent: u32) -> f64 {
    let bad = f64::from(percent) / 100.0;
    let bits = |share: f64| if share == 0.0 { 0.0 } else { -share * share.log2() };
    units as f64 * (bits(bad) + bits(1.0 - bad))
}

fn row(units: usize, percent: u32) -> String {
    let [one, two, eight] = JOBS.map(|jobs| simulated(units, percent, jobs, SEEDS));
    format!(
        "| {units} | {percent} % | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} |\n",
        least(units, percent),
        one.runs,
        one.runs / units as f64 * 100.0,
        two.time,
        eight.time
    )
}

fn docs(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn page() -> String {
    std::fs::read_to_string(docs("batches.md")).unwrap()
}

fn table(page: &str) -> &str {
    let (_, rest) = page.split_once(BEGINS).expect("the table begins");
    rest.split_once(ENDS).expect("the table ends").0
}

/// The rows of the table as numbers.
fn rows(table: &str) -> Vec<Vec<f64>> {
    let cells = |row: &str| -> Vec<f64> {
        row.trim_matches(['|', ' ']).split('|').map(|cell| cell.trim().trim_end_matches(" %").parse().unwrap()).collect()
    };
    table.lines().skip(2).map(cells).collect()
}

const HEAD: &str = "| units | bad | at least | runs, jobs 1 | per 100 units | turns, jobs 2 | turns, jobs 8 |
|---|---|---|---|---|---|---|
";

#[test]
fn the_table_in_the_docs_is_what_the_simulation_gives() {
    let full = std::env::var_os("MIGRATE_FULL").is_some();
    if std::env::var_os("MIGRATE_WRITE").is_some() {
        let (text, new) =
            (page(), UNITS.iter().flat_map(|units| PERCENT.map(|percent| row(*units, percent))).collect::<String>());
        let (before, rest) = text.split_once(BEGINS).unwrap();
        let (_, after) = rest.split_once(ENDS).unwrap();
        std::fs::write(docs("batches.md"), format!("{before}{BEGINS}{HEAD}{new}{ENDS}{after}")).unwrap();
        std::fs::write(docs("batches.svg"), plot(&rows(table(&page())))).unwrap();
    }
    let page = page();
    let table = table(&page);
    assert!(table.starts_with(HEAD), "{table}");
    assert_eq!(rows(table).len(), UNITS.len() * PERCENT.len());
    for units in UNITS.iter().take(if full { UNITS.len() } else { 1 }) {
        for percent in PERCENT.iter().filter(|percent| full || **percent <= 2) {
            let row = row(*units, *percent);
            assert!(table.contains(&row), "the table does not have this row: {row}");
        }
    }
    assert_eq!(std::fs::read_to_string(docs("batches.svg")).unwrap(), plot(&rows(table)), "the plot is not that of the table");
}

#[test]
fn no_more_is_run_than_a_fifth_over_what_any_way_of_asking_takes() {
    let full = std::env::var_os("MIGRATE_FULL").is_some();
    for units in UNITS {
        for percent in PERCENT {
            let seeds = if full { SEEDS } else { 4_600 / units as u64 + 2 };
            let Mean { runs, most, .. } = simulated(units, percent, 1, seeds);
            let batches = units.div_ceil(BATCH_MAX);
            let bound = 1.2 * least(units, percent) + batches as f64 + 1.0;
            assert!(runs <= bound, "{units} {percent}: {runs}, and {bound} is the bound");
            assert!(most <= units + units / 20, "{units} {percent}: {most}");
        }
    }
    // Where nearly everything fails, a batch is one unit.
    for percent in [30, 50, 80, 100] {
        let runs = simulated(230, percent, 1, 40).runs;
        assert!(runs <= 1.05 * 230.0, "{percent}: {runs}");
    }
}

#[test]
fn several_workers_are_never_slower_than_one() {
    for percent in [0, 1, 5, 10, 20, 30, 50, 100] {
        let one = simulated(230, percent, 1, 40).time;
        for jobs in [2, 4, 8] {
            let several = simulated(230, percent, jobs, 40).time;
            assert!(several <= 1.02 * one, "{percent} {jobs}: {several}, and {one} with one");
        }
    }
}

/// Runs for each 100 units over the share of bad ones.
fn plot(rows: &[Vec<f64>]) -> String {
    let (left, bottom, wide, high) = (50.0, 250.0, 400.0, 220.0);
    let x = |percent: f64| left + wide * percent / 20.0;
    let y = |runs: f64| bottom - high * runs / 110.0;
    let line = |units: f64, column: usize, look: &str| {
        let points: Vec<String> = rows
            .iter()
            .filter(|row| row[0] == units)
            .map(|row| {
                let runs = if column == 2 { least(100, row[1] as u32) } else { row[column] };
                format!("{:.1},{:.1}", x(row[1]), y(runs))
            })
            .collect();
        format!("<polyline fill=\"none\" {look} points=\"{}\"/>\n", points.join(" "))
    };
    let text = |x: f64, y: f64, anchor: &str, text: &str| {
        format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-family=\"sans-serif\" font-size=\"11\" fill=\"#444\">{text}</text>\n"
        )
    };
    let mut svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 620 300\" role=\"img\">\n\
        <title>Runs of the command for each 100 units, over the share of bad units</title>\n\
        <rect width=\"620\" height=\"300\" fill=\"#fff\"/>\n"
        .to_owned();
    for runs in [0.0, 25.0, 50.0, 75.0, 100.0] {
        svg += &format!("<path d=\"M{left} {:.1}h{wide}\" stroke=\"#ddd\"/>\n", y(runs));
        svg += &text(left - 6.0, y(runs) + 4.0, "end", &format!("{runs:.0}"));
    }
    for percent in PERCENT {
        svg += &text(x(f64::from(percent)), bottom + 16.0, "middle", &format!("{percent} %"));
    }
    svg += &text(left + wide / 2.0, bottom + 36.0, "middle", "bad units");
    svg += &text(left - 40.0, 18.0, "start", "runs for each 100 units");
    for (label, at, color, drawn) in [
        (
            "one by one",
            100.0,
            "#999",
            format!("<path d=\"M{left} {:.1}h{wide}\" stroke=\"#999\" stroke-width=\"2\"/>\n", y(100.0)),
        ),
        ("230 units", 80.0, "#06c", line(230.0, 4, "stroke=\"#06c\" stroke-width=\"2\"")),
        ("10000 units", 70.0, "#c60", line(10_000.0, 4, "stroke=\"#c60\" stroke-width=\"2\"")),
        ("at least", 60.0, "#000", line(10_000.0, 2, "stroke=\"#000\" stroke-dasharray=\"4 3\"")),
    ] {
        svg += &drawn;
        svg += &format!("<path d=\"M470 {:.1}h24\" stroke=\"{color}\" stroke-width=\"2\"/>\n", y(at));
        svg += &text(500.0, y(at) + 4.0, "start", label);
    }
    svg + "</svg>\n"
}
