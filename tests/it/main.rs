//! The promises of the README, each a sentence over a real repository, real git, real Python and real signals.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail loudly and say why they skip")]

mod flaws;
mod index;
mod kinds;
mod kit;
mod published;
mod support;
mod terminal;

/// What guards find that only the rest of the tree shows.
mod across;
/// What is told afterwards: the end of a run, log, status of some, reports, and how long logs are kept.
mod after;
/// What is told before a run, and what is asked: the table of `check`, the question of `run`, the views of `diff`.
mod ahead;
/// Kinds of repositories, and what becomes of a unit there beside what git does.
mod asgit;
/// Where the module ends in the name that a rename leads to.
mod borders;
/// How the branch moves and what its log says.
mod branch;
/// Commands that are built in: whether files parse, and whether what they import is there.
mod builtin;
/// Bytes outside an edit.
mod bytes;
/// Text in any alphabet, and text that is broken.
mod characters;
/// What `check` finds wrong in a sound plan: commands that are not there, counts that are others.
mod checks;
/// External codemods on one file.
mod codemods;
/// What each command shows, writes and leaves alone.
mod commands;
/// What git converts between work tree and repository, and the kinds of index.
mod conversions;
/// Isolated copies of a work tree at its own path: what a command sees in one, what it leaves there, how it ends.
mod copies;
/// Renames over the standard library and published packages, judged by CPython and pyflakes.
mod corpus;
/// Killed at any instant, a run that is started again ends as if nothing had happened.
mod crash;
/// Rules that match nothing.
mod dead;
/// A published code base, migrated whole and taken back.
mod django;
mod documents;
/// Packages that are installed editable, by three installers.
mod editable;
/// A unit's own before/after blocks, and the guards on what they make.
mod edits;
/// Calls of the system that fail, and disks that are full.
mod errors;
/// Every exit code, and death by a signal.
mod exit;
/// What stands below a finding.
mod findings;
/// What is kept of a quick look at files.
mod glimpses;
/// Units of several files, and files that come and go.
mod groups;
/// What is looked for in every result, and how much each finding weighs.
mod guards;
/// Readers that go away, terminals of one column, names that act, and more violations than anyone reads.
mod hostile;
/// Whose commits they are, and what else git keeps: hooks, signatures, the user's own work, where HEAD stands.
mod identity;
/// What is in flight, while git tidies up, others hold locks or names, and branches go.
mod inflight;
/// The first plan, written from a look at the tree, and a rename in one line.
mod init;
/// What pip and cargo make of the source.
mod install;
/// Signals in every step.
mod interrupt;
/// Commands that run in copies of the work tree.
mod isolated;
/// A journal that is lost, torn, damaged or foreign.
mod journal;
/// JSON for programs.
mod json;
/// What is brought out of copies, what runs in the work tree all the same, and where one is told so.
mod kept;
/// The same renames by LibCST's codemod, file by file, and who is right where the two differ.
mod libcst;
mod line;
/// Two at once.
mod lock;
/// What is written does what it did, with CPython as the judge.
mod meanings;
/// Somebody at work in the repository while a run is.
mod meddle;
/// What commits say.
mod message;
/// Commands of a plan that do what they should not.
mod misbehaviour;
/// Files of any name.
mod names;
/// Numbers decide: metrics, triggers, pauses.
mod numbers;
/// Kills while numbers decide.
mod numbers_killed;
/// Where what is told of a unit's file stands.
mod picture;
mod places;
/// Plans: found, read, refused with all their mistakes, changed half-way.
mod plan;
/// What a terminal shows while the files are looked at.
mod polish;
mod progress;
/// Strings, doctests and documents that name what is renamed.
mod prose;
/// The record of violations that may not rise.
mod ratchet;
/// What a file is, and what is told of one that the rules of a plan cannot read or find nothing in.
mod readable;
/// The recipes for external codemods, by the tools themselves.
mod recipes;
/// The recorded results of test runners, made again by the runners themselves.
mod recorded;
mod red_suite;
/// States of a repository in which nothing is done.
mod refusals;
/// Rewrite rules through the whole loop.
mod rewrites;
/// Taking units back.
mod rollback;
/// Rules and their examples.
mod rules;
/// The loop: transform, validation, commit, verification, revert, gate.
mod run;
/// What is still to be migrated: text, JSON, SARIF, exit codes, files that cannot be read.
mod scan;
/// What a terminal, a pipe and CI show while a run is at work.
mod screens;
/// The schema of plans, what shells offer, and the manual.
mod shell;
/// Rewrite rules over the standard library and published packages, judged by CPython and pyflakes.
mod sound;
/// Squashed commits: what is taken back of them.
mod squash;
/// Where units stand, read from git alone.
mod standing;
/// Where units stand, as `migrate status` says it.
mod status;
/// Names as CPython's own compiler resolves them.
mod symbols;
/// The same at system calls.
mod syscalls;
/// Files that cannot be migrated, each refused with its own word.
mod targets;
/// Layers, sizes, leftovers, and that the documents are true.
mod tidy;
/// Done means done: what is said is what the files say, however the old text came back.
mod truth;
/// Verdicts that are read: by exit status, report and output, against what was red before.
mod verdicts;
