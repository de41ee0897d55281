//! What can be typed. Nothing here says what it means.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::ArgValueCompleter;

use crate::complete;

/// A phased migration orchestrator with atomic commits.
///
/// A YAML plan lists the files of each phase. For each file `migrate` applies the transform, runs the file's validation, makes one
/// atomic commit, and reverts it when its verification fails. It can be stopped at any instant and resumed.
#[derive(Debug, Parser)]
#[command(name = "migrate", version, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done; 1 a unit, gate or check failed; 2 wrong usage or plan; 3 refused, the repository is in a \
                        state that is not touched; 4 needs you. An interrupted run dies by the signal."
)]
pub struct Cli {
    /// The plan; by default the one file that matches plans/*.yaml at the top of the repository
    #[arg(long, global = true, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Say more: the output of commands that passed, every unit of a long phase
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say less: only what failed, and the result
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Whether to use colours: auto is on a terminal, unless NO_COLOR is set, and where FORCE_COLOR is
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal that can show them.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the plan of a migration from a look at the tree: phases by risk, and the project's own tests where they pass
    Init(InitArgs),
    /// Rename one name everywhere, by a plan that is written first
    Rename(RenameArgs),
    /// Run what is pending, in the order of the plan; put in order and resume what was interrupted
    Run(RunArgs),
    /// Go on with the run that was interrupted or stopped, as it was asked for
    Resume(ResumeArgs),
    /// Take back what units committed, newest first, each by a commit of its own
    Rollback(RollbackArgs),
    /// Show where every unit stands
    Status(StatusArgs),
    /// Show what became of one file or unit: commits, reverts, failures, and where the output of its commands is
    Log(LogArgs),
    /// Write the state of the plan for a pull request
    Report(ReportArgs),
    /// Show what a run would change, as a diff that `git apply` takes
    Diff(DiffArgs),
    /// Load the plan, try its examples, resolve its files and apply its rules in memory; exit 1 when anything would fail
    Check(CheckArgs),
    /// Count what is still to be migrated: every violation of every rule in the tracked files, and the share of files without any
    Scan(ScanArgs),
    /// Try the rules' own examples; exit 1 when one is not as it should be
    Test(TestArgs),
    /// Print what a plan may hold, as JSON Schema
    Schema,
    /// Print what a shell reads to complete the command line
    Completions(CompletionsArgs),
    /// Write pages of the manual into a folder
    Man(ManArgs),
    /// Do what `{ builtin: syntax }` and `{ builtin: imports }` do in a plan
    #[command(hide = true)]
    Builtin(BuiltinArgs),
}

impl Command {
    /// True when it may write to the repository or start commands of the plan.
    #[must_use]
    pub fn acts(&self) -> bool {
        match self {
            Self::Run(args) => !args.dry_run,
            Self::Rename(args) => !args.run.dry_run,
            Self::Init(_) | Self::Resume(_) | Self::Rollback(_) => true,
            Self::Log(_) | Self::Report(_) => false,
            Self::Status(_) | Self::Diff(_) | Self::Check(_) | Self::Scan(_) | Self::Test(_) | Self::Builtin(_) => false,
            Self::Schema | Self::Completions(_) | Self::Man(_) => false,
        }
    }
}

/// `migrate init`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").args(["rename", "symbol", "before"]))]
pub struct InitArgs {
    /// The plan's name: it is written to plans/NAME.yaml. By default what it does
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Every use of the first name becomes the second, such as --rename app.old.f app.new.g
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    pub rename: Vec<String>,
    /// Every use of this name is to go; what replaces it is written into the plan by hand
    #[arg(long, value_name = "NAME")]
    pub symbol: Option<String>,
    /// Code as it is, with the imports that say what its names are; $X stands for any expression
    #[arg(long, value_name = "FILE", requires = "after")]
    pub before: Option<PathBuf>,
    /// The same code as it is to be
    #[arg(long, value_name = "FILE", requires = "before")]
    pub after: Option<PathBuf>,
    /// The ticket that each commit names, such as "#506"; none when nothing is said
    #[arg(long, value_name = "TEXT")]
    pub issue: Option<String>,
    /// Do not run the project's tests to see whether they pass
    #[arg(long)]
    pub no_try: bool,
    /// Write over a plan that is there
    #[arg(long)]
    pub force: bool,
    /// Ask nothing; off a terminal nothing is asked anyway
    #[arg(short, long)]
    pub yes: bool,
    /// Ask nothing, and print one JSON object to standard output
    #[arg(long)]
    pub json: bool,
}

/// `migrate rename`.
#[derive(Debug, Args)]
pub struct RenameArgs {
    /// The name as it is, such as app.old.f
    #[arg(value_name = "OLD")]
    pub from: String,
    /// The name as it is to be, such as app.new.g
    #[arg(value_name = "NEW")]
    pub to: String,
    /// The plan's name; by default made of the two names
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The ticket that each commit names, such as "#506"; none when nothing is said
    #[arg(long, value_name = "TEXT")]
    pub issue: Option<String>,
    /// Do not run the project's tests to see whether they pass
    #[arg(long)]
    pub no_try: bool,
    /// As of `migrate run`.
    #[command(flatten)]
    pub run: RunArgs,
}

/// `migrate run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Only this phase: its place in the plan counted from 1, or its id such as P0
    #[arg(long, value_name = "N|ID", add = ArgValueCompleter::new(complete::phases))]
    pub phase: Option<String>,
    /// Only this file, or those that match a pattern such as "tests/**/*.py", even if they were given up before; may be repeated
    #[arg(long, value_name = "FILE", add = ArgValueCompleter::new(complete::files))]
    pub file: Vec<OsString>,
    /// Try again the units in these states too: failed, quarantined, rolled-back
    #[arg(long, value_name = "STATE", num_args = 1.., value_parser = ["failed", "quarantined", "rolled-back"])]
    pub retry: Vec<String>,
    /// Begin a phase although an earlier one is not done
    #[arg(long)]
    pub out_of_order: bool,
    /// Go on without asking this command of the plan, which is known to fail, and say so in each commit; may be repeated
    #[arg(long, value_name = "COMMAND")]
    pub red_ok: Vec<String>,
    /// Go on after a gate that paused, with what was measured there
    #[arg(long = "continue", conflicts_with = "dry_run")]
    pub go_on: bool,
    /// Make this branch where HEAD is, and run on it
    #[arg(long, value_name = "NAME", conflicts_with = "dry_run")]
    pub branch: Option<String>,
    /// Ask nothing; off a terminal nothing is asked anyway
    #[arg(short, long)]
    pub yes: bool,
    /// Show what would change and which commands would be run; write nothing, run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object per event to standard output; of a dry run, one per file
    #[arg(long)]
    pub json: bool,
    /// Write a JUnit report at the end, with each unit as a test case and each phase as a suite
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub junit: Option<PathBuf>,
    /// Where commands run.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// What is let pass.
    #[command(flatten)]
    pub leave: LeaveArgs,
}

/// `migrate resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// Print one JSON object per event to standard output
    #[arg(long)]
    pub json: bool,
    /// Write a JUnit report at the end, with each unit as a test case and each phase as a suite
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Where commands run.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// What is let pass.
    #[command(flatten)]
    pub leave: LeaveArgs,
}

/// Where the plan's commands run.
#[derive(Debug, Clone, Args)]
pub struct PlaceArgs {
    /// Run the plan's commands in the work tree itself and not in copies of it
    #[arg(long, env = "MIGRATE_IN_PLACE", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new(), num_args = 0)]
    pub in_place: bool,
    /// Judge so many candidates side by side, in copies of the work tree; as many as there are cores when nothing is said
    #[arg(short, long, value_name = "N", env = "MIGRATE_JOBS", hide_env_values = true, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Run every command, even one that passed on the same files before
    #[arg(long)]
    pub no_cache: bool,
    /// Keep what copies of the work tree hold in this folder
    #[arg(long, value_name = "FOLDER", env = "MIGRATE_SCRATCH", hide_env_values = true)]
    pub scratch: Option<PathBuf>,
}

/// `migrate rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The files to take back; of a group that the plan names, and of a move, all files go back with one
    #[arg(value_name = "FILE", required_unless_present_any = ["phase", "all", "group"], conflicts_with_all = ["phase", "all"], add = ArgValueCompleter::new(complete::files))]
    pub files: Vec<OsString>,
    /// Take back a whole group: by the name that the plan gives it, or as `migrate status` shows it; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with_all = ["phase", "all"])]
    pub group: Vec<String>,
    /// Take back these files alone, out of whatever group
    #[arg(long, requires = "files")]
    pub only: bool,
    /// Take back all units of this phase
    #[arg(long, value_name = "N|ID", conflicts_with = "all", add = ArgValueCompleter::new(complete::phases))]
    pub phase: Option<String>,
    /// Take back everything the plan committed
    #[arg(long)]
    pub all: bool,
    /// Show which commits would be taken back, the files that would change, and the conflicts; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take back all that a bigger commit did to the unit's file, although that is more than the unit's rules do
    #[arg(long)]
    pub whole_file: bool,
    /// Ask nothing; off a terminal nothing is asked anyway
    #[arg(short, long)]
    pub yes: bool,
    /// Print one JSON object per event to standard output
    #[arg(long)]
    pub json: bool,
    /// Work on a detached HEAD
    #[arg(long)]
    pub allow_detached: bool,
    /// Commit although there are hooks, without running them
    #[arg(long)]
    pub no_verify: bool,
}

/// `migrate status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only these files, and those below these folders
    #[arg(value_name = "PATH", add = ArgValueCompleter::new(complete::files))]
    pub paths: Vec<OsString>,
    /// Only this phase: its place in the plan counted from 1, or its id such as P0
    #[arg(long, value_name = "N|ID", add = ArgValueCompleter::new(complete::phases))]
    pub phase: Option<String>,
    /// Exit with 1 unless every unit is done and no gate failed
    #[arg(long)]
    pub fail: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `migrate log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// The file, or the name of the unit as `migrate status` shows it
    #[arg(value_name = "FILE", add = ArgValueCompleter::new(complete::files))]
    pub subject: OsString,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `migrate report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// As Markdown: phases, units that did not land with the reasons, violations left, commits; to standard output without FILE
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-", required_unless_present = "json")]
    pub markdown: Option<PathBuf>,
    /// Print the same as one JSON object to standard output
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
}

/// `migrate diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Only these files, or those that match a pattern such as "tests/**/*.py"
    #[arg(value_name = "FILE", add = ArgValueCompleter::new(complete::files))]
    pub files: Vec<OsString>,
    /// Only this phase: its place in the plan counted from 1, or its id such as P0
    #[arg(long, value_name = "N|ID", add = ArgValueCompleter::new(complete::phases))]
    pub phase: Option<String>,
    /// Print one JSON object per file to standard output
    #[arg(long, conflicts_with_all = ["stat", "word_diff"])]
    pub json: bool,
    /// Show how many lines change in each file, and not which
    #[arg(long)]
    pub stat: bool,
    /// Show which words change, as [-old-]{+new+}; `git apply` does not take that
    #[arg(long, conflicts_with = "stat")]
    pub word_diff: bool,
    /// Do not show it by git's pager; off a terminal none is used anyway
    #[arg(long)]
    pub no_pager: bool,
    /// Start the commands that draft too: codemods, `format` and a `pre-commit` hook, in copies of the work tree
    #[arg(long)]
    pub run_commands: bool,
    /// Where these commands run.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// `migrate check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Only this phase
    #[arg(long, value_name = "N|ID", add = ArgValueCompleter::new(complete::phases))]
    pub phase: Option<String>,
    /// Instead, hold the violations against this record: exit 1 where there are more, lower it where there are fewer
    #[arg(long, value_name = "FILE", conflicts_with_all = ["phase", "run_commands"])]
    pub ratchet: Option<PathBuf>,
    /// Write the record as things are now, also where violations rose, with the units that are quarantined here
    #[arg(long, requires = "ratchet")]
    pub update: bool,
    /// Print one JSON object to standard output
    #[arg(long)]
    pub json: bool,
    /// Start the commands that draft too: codemods, `format` and a `pre-commit` hook, in copies of the work tree
    #[arg(long)]
    pub run_commands: bool,
    /// Where commands would run.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// `migrate scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Only these files, and those below these folders
    #[arg(value_name = "PATH")]
    pub paths: Vec<OsString>,
    /// Only these rules
    #[arg(long, value_name = "NAME", num_args = 1.., add = ArgValueCompleter::new(complete::rules))]
    pub rule: Vec<String>,
    /// Only the files of this phase: its place in the plan counted from 1, or its id such as P0
    #[arg(long, value_name = "N|ID", add = ArgValueCompleter::new(complete::phases))]
    pub phase: Option<String>,
    /// Look for the uses of this dotted name instead of a plan's rules, such as package.module.function
    #[arg(long, value_name = "NAME", conflicts_with_all = ["rule", "phase", "plan"])]
    pub symbol: Option<String>,
    /// Tell why places stay, each reason once: how many files it holds for, an example, and what to do
    #[arg(long, conflicts_with_all = ["symbol", "json", "sarif"])]
    pub by_reason: bool,
    /// Print one JSON object
    #[arg(long, conflicts_with = "sarif")]
    pub json: bool,
    /// Print a SARIF 2.1.0 log
    #[arg(long)]
    pub sarif: bool,
    /// Exit with 1 when there are more violations than this, or when a file could not be read
    #[arg(long, value_name = "N")]
    pub fail_over: Option<usize>,
}

/// `migrate test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Only these rules
    #[arg(value_name = "RULE", add = ArgValueCompleter::new(complete::rules))]
    pub rules: Vec<String>,
    /// Print one JSON object per rule to standard output
    #[arg(long)]
    pub json: bool,
}

/// `migrate completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "For bash: echo 'source <(migrate completions bash)' >> ~/.bashrc\nFor zsh:  echo 'source <(migrate completions zsh)' >> \
                  ~/.zshrc\nFor fish: migrate completions fish > ~/.config/fish/completions/migrate.fish"
)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish", "elvish", "powershell"])]
    pub shell: String,
}

/// `migrate man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Where the pages go, such as ~/.local/share/man/man1
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// `migrate builtin`.
#[derive(Debug, Args)]
pub struct BuiltinArgs {
    /// What to look at
    #[arg(value_name = "WHAT", value_parser = ["syntax", "imports"])]
    pub what: String,
    /// Only these files; by default every tracked Python file
    #[arg(value_name = "FILE")]
    pub files: Vec<OsString>,
}

/// What a run lets pass.
#[derive(Debug, Clone, Args)]
pub struct LeaveArgs {
    /// Go on although tracked files that are not the plan's have changes; they are left as they are
    #[arg(long)]
    pub allow_dirty: bool,
    /// Commit onto a detached HEAD
    #[arg(long)]
    pub allow_detached: bool,
    /// Commit although there are hooks, without running them; each commit says so in a trailer
    #[arg(long)]
    pub no_verify: bool,
    /// Resume although the plan changed since the run that was interrupted
    #[arg(long)]
    pub plan_changed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_is_told_from_what_acts() {
        for (args, acts) in [
            (&["run"][..], true),
            (&["run", "--dry-run"], false),
            (&["resume"], true),
            (&["rollback", "--all"], true),
            (&["status"], false),
            (&["log", "a.py"], false),
            (&["report", "--markdown"], false),
            (&["diff"], false),
            (&["check"], false),
            (&["scan", "--symbol", "a.b"], false),
            (&["test"], false),
            (&["init", "x", "--symbol", "a.b"], true),
            (&["rename", "a.b", "a.c"], true),
            (&["rename", "a.b", "a.c", "--dry-run"], false),
        ] {
            let cli = Cli::try_parse_from([&["migrate"], args].concat()).unwrap();
            assert_eq!(cli.command.acts(), acts, "{args:?}");
        }
    }
}
