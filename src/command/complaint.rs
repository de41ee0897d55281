//! What a shell, or a program such as `env` that starts another, says of a program that it could not start.
//!
//! They exit with 127 when it is not there and with 126 when it may not be executed. So may any program for reasons of its own:
//! only together with such a line does the status say that the command is wrong.

/// Who may leave out the number of the line.
const SHELLS: [&str; 7] = ["sh", "ash", "bash", "busybox", "dash", "ksh", "mksh"];

/// Programs that start another and speak as one of them. This one starts commands in their copies.
const STARTERS: [&str; 8] = ["env", "migrate", "nice", "nohup", "setsid", "stdbuf", "timeout", "xargs"];

/// What they say with 127.
const NOT_THERE: &[&str] =
    &[": command not found", ": not found", ": cannot execute: required file not found", ": No such file or directory"];

/// What they say with 126.
const NOT_EXECUTABLE: &[&str] =
    &[": Permission denied", ": cannot execute binary file: Exec format error", ": Exec format error", ": Is a directory"];

/// The program that could not be started, by the exit status and the last of the output.
pub(super) fn unstarted(status: i32, tail: &[u8]) -> Option<String> {
    let complaints = match status {
        127 => NOT_THERE,
        126 => NOT_EXECUTABLE,
        _ => return None,
    };
    String::from_utf8_lossy(tail).lines().rev().find_map(|line| named(line, complaints))
}

/// `NAME` of `sh: 1: NAME: not found`, `sh: line 1: NAME: command not found` or `env: 'NAME': No such file or directory`.
fn named(line: &str, complaints: &[&str]) -> Option<String> {
    let said = complaints.iter().find_map(|complaint| line.strip_suffix(complaint))?;
    let (speaker, said) = said.split_once(": ")?;
    let program = speaker.rsplit('/').next()?;
    let name = match said.split_once(": ") {
        Some((place, name)) if is_place(place) => name.strip_prefix("exec: ").unwrap_or(name),
        _ if SHELLS.contains(&program) => said,
        _ if STARTERS.contains(&program) => said.rsplit("command ").next()?.trim_matches(['\'', '"', '`', '‘', '’']),
        _ => return None,
    };
    (!name.is_empty()).then(|| name.to_owned())
}

/// True for the number of a line, as a shell writes it.
fn is_place(text: &str) -> bool {
    text.strip_prefix("line ").unwrap_or(text).parse::<u32>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_one_that_the_line_names() {
        for (status, tail, program) in [
            (127, "sh: 1: mypy: not found\n", "mypy"),
            (127, "sh: line 1: mypy: command not found\n", "mypy"),
            (127, "bash: mypy: command not found\n", "mypy"),
            (127, "/bin/sh: 1: exec: mypy: not found\n", "mypy"),
            (127, "sh: line 1: ./a b: No such file or directory\n", "./a b"),
            (127, "tools/check: line 3: mypy: command not found\n", "mypy"),
            (127, "bash: line 1: ./x: cannot execute: required file not found\n", "./x"),
            (127, "/usr/bin/env: ‘python9’: No such file or directory\n", "python9"),
            (127, "timeout: failed to run command 'mypy': No such file or directory\n", "mypy"),
            (127, "migrate: failed to run command 'a: b': No such file or directory\n", "a: b"),
            (127, "checking\nsh: 1: mypy: not found\ncleaned up\n", "mypy"),
            (126, "sh: 1: ./x: Permission denied\n", "./x"),
            (126, "sh: line 1: ./x: Is a directory\n", "./x"),
        ] {
            assert_eq!(unstarted(status, tail.as_bytes()).as_deref(), Some(program), "{tail}");
        }
    }

    #[test]
    fn what_a_program_says_of_its_own_work_names_none() {
        for (status, tail) in [
            (127, ""),
            (127, "all is well\n"),
            (127, "cat: b.py: No such file or directory\n"),
            (127, "check.py: module old: not found\n"),
            (127, "FileNotFoundError: [Errno 2] No such file or directory: 'b.py'\n"),
            (126, "sh: 1: mypy: not found\n"),
            (126, "cat: b.py: Permission denied\n"),
            (1, "sh: 1: mypy: not found\n"),
            (127, "sh: 1: : not found\n"),
        ] {
            assert_eq!(unstarted(status, tail.as_bytes()), None, "{status} {tail}");
        }
    }
}
