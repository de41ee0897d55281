//! The stage: each command line is printed as a person would type it, run, and held to the exit code that it must end with.
//!
//! `migrate` on the stage is this very program under another name, so that nothing but the example has to be built. The commands
//! write to the terminal themselves, unless a part of what they say is to be kept.

use std::env;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use migrate::git_env::LOCAL_VARS;
use migrate::report::look::{Ink, Look};

/// The first argument that makes this program be `migrate`.
pub const MIGRATE: &str = "migrate";

/// Why the example ends before its end.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The machine lacks something.
    #[error("{0}")]
    Needs(String),
    /// The system refused something.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// A command ended otherwise than it must.
    #[error("`{command}` must end with exit code {expected}, and it ended with {status}")]
    Ended {
        /// As it was typed.
        command: String,
        /// The exit code it must end with.
        expected: i32,
        /// How it ended.
        status: ExitStatus,
    },
    /// Something is not as it must be.
    #[error("{what} must be {expected:?}, and it is {found:?}")]
    Differs {
        /// What.
        what: String,
        /// As it must be.
        expected: String,
        /// As it is.
        found: String,
    },
}

/// Gives a system's error the sentence it belongs to.
pub fn cannot(what: impl Into<String>) -> impl FnOnce(io::Error) -> Trouble {
    let what = what.into();
    |source| Trouble::System { what, source }
}

/// Fails unless `found` is `expected`.
///
/// # Errors
/// [`Trouble::Differs`].
pub fn must_be(what: &str, expected: impl ToString, found: impl ToString) -> Result<(), Trouble> {
    let (expected, found) = (expected.to_string(), found.to_string());
    if expected == found { Ok(()) } else { Err(Trouble::Differs { what: what.to_owned(), expected, found }) }
}

/// Where commands are run, and with what.
pub struct Stage {
    /// The folder they are run in.
    pub folder: PathBuf,
    program: PathBuf,
    env: Vec<(&'static str, &'static str)>,
    look: Look,
}

impl Stage {
    /// A stage in `folder`.
    ///
    /// # Errors
    /// When the system does not say which program this is.
    pub fn new(folder: PathBuf) -> Result<Self, Trouble> {
        let program = env::current_exe().map_err(cannot("find the program that this is"))?;
        // A pager would stop at every page, and an editor for ever.
        let env = vec![("GIT_PAGER", "cat"), ("GIT_EDITOR", "true")];
        Ok(Self { folder, program, env, look: Look::of(&io::stdout()) })
    }

    /// Sets a variable for every command from now on.
    pub fn set(&mut self, name: &'static str, value: &'static str) {
        self.env.push((name, value));
    }

    /// Prints what the next commands are about.
    ///
    /// # Errors
    /// When standard output is closed, here and below.
    pub fn title(&self, text: &str) -> Result<(), Trouble> {
        self.say(&format!("\n{}", self.look.paint(Ink::Bold, &format!("== {text}"))))
    }

    /// Prints a remark.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn say(&self, text: &str) -> Result<(), Trouble> {
        writeln!(io::stdout(), "{text}").map_err(cannot("write to standard output"))
    }

    /// Prints a command line that is about to be run.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn prompt(&self, words: &[&str]) -> Result<(), Trouble> {
        self.say(&format!("\n{}", self.look.paint(Ink::Cyan, &format!("$ {}", typed(words)))))
    }

    /// Runs a command for everybody to see.
    ///
    /// # Errors
    /// [`Trouble::Ended`] unless it ends with `code`.
    pub fn run(&self, words: &[&str], code: i32) -> Result<(), Trouble> {
        let status = self.start(words)?.wait().map_err(cannot(format!("wait for {}", words[0])))?;
        ended(words, code, status)
    }

    /// Starts a command for everybody to see.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, words: &[&str]) -> Result<Child, Trouble> {
        self.prompt(words)?;
        self.command(words).spawn().map_err(cannot(format!("run {}", words[0])))
    }

    /// Runs a command for everybody to see and gives what it wrote to standard error.
    ///
    /// # Errors
    /// [`Trouble::Ended`] unless it ends with `code`.
    pub fn overhear(&self, words: &[&str], code: i32) -> Result<String, Trouble> {
        self.prompt(words)?;
        let mut command = self.command(words);
        command.stderr(Stdio::piped());
        if io::stderr().is_terminal() {
            command.env("CLICOLOR_FORCE", "1");
        }
        let mut child = command.spawn().map_err(cannot(format!("run {}", words[0])))?;
        let mut heard = String::new();
        if let Some(stderr) = child.stderr.take() {
            for line in BufReader::new(stderr).lines() {
                let line = line.map_err(cannot(format!("read what {} says", words[0])))?;
                writeln!(io::stderr(), "{line}").map_err(cannot("write to standard error"))?;
                heard.push_str(&line);
                heard.push('\n');
            }
        }
        let status = child.wait().map_err(cannot(format!("wait for {}", words[0])))?;
        ended(words, code, status).map(|()| heard)
    }

    /// Runs a command and shows the first `most` lines of its standard output.
    ///
    /// # Errors
    /// [`Trouble::Ended`] unless it ends with 0.
    pub fn run_shortened(&self, words: &[&str], most: usize) -> Result<(), Trouble> {
        self.prompt(words)?;
        let mut command = self.command(words);
        if self.look.colour {
            command.env("CLICOLOR_FORCE", "1");
        }
        let text = self.output(command, words)?;
        for line in text.lines().take(most) {
            self.say(line)?;
        }
        match text.lines().count().saturating_sub(most) {
            0 => Ok(()),
            more => self.say(&self.look.paint(Ink::Dim, &format!("... and {more} more lines"))),
        }
    }

    /// Runs a command out of sight and gives its standard output.
    ///
    /// # Errors
    /// [`Trouble::Ended`] unless it ends with 0.
    pub fn ask(&self, words: &[&str]) -> Result<String, Trouble> {
        self.output(self.command(words), words).map(|text| text.trim_end().to_owned())
    }

    /// True when a command, run out of sight, ends with 0.
    #[must_use]
    pub fn works(&self, words: &[&str]) -> bool {
        self.command(words).output().is_ok_and(|output| output.status.success())
    }

    fn output(&self, mut command: Command, words: &[&str]) -> Result<String, Trouble> {
        let output = command.output().map_err(cannot(format!("run {}", words[0])))?;
        if !output.status.success() {
            io::stderr().write_all(&output.stderr).map_err(cannot("write to standard error"))?;
        }
        ended(words, 0, output.status).map(|()| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = match words[0] {
            MIGRATE => Command::new(&self.program),
            program => Command::new(program),
        };
        let skip = usize::from(words[0] != MIGRATE);
        command.args(&words[skip..]).current_dir(&self.folder).stdin(Stdio::null());
        // Run from a hook, git would serve the hook's repository and not this one.
        for name in LOCAL_VARS {
            command.env_remove(name);
        }
        command.envs(self.env.iter().copied());
        command
    }
}

/// Words as they are typed in a shell; there are no quotes in them here.
fn typed(words: &[&str]) -> String {
    let quoted = words.iter().map(|word| if word.contains([' ', '*']) { format!("'{word}'") } else { (*word).to_owned() });
    quoted.collect::<Vec<_>>().join(" ")
}

fn ended(words: &[&str], expected: i32, status: ExitStatus) -> Result<(), Trouble> {
    if status.code() == Some(expected) { Ok(()) } else { Err(Trouble::Ended { command: typed(words), expected, status }) }
}
