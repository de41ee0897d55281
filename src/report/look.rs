//! How text for one stream is dressed: for a terminal or a pipe, in colour or plain.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::sync::OnceLock;

/// What was said on the command line of colours, which is above all that the environment says.
static CHOSEN: OnceLock<bool> = OnceLock::new();

/// Has colours used everywhere or nowhere; `None` leaves it to streams and environment. The first choice of a process holds.
pub fn choose(colour: Option<bool>) {
    if let Some(colour) = colour {
        CHOSEN.get_or_init(|| colour);
    }
}

/// What the reader of a stream can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// True when the stream is a terminal: what is not ours must be escaped.
    pub terminal: bool,
    /// True when escape sequences of ours are welcome for colour.
    pub colour: bool,
    /// True when a line can be redrawn in place.
    pub live: bool,
}

/// A way to set words apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Headings.
    Bold,
    /// What matters less.
    Dim,
    /// What went well, what came in.
    Green,
    /// What went wrong, what went.
    Red,
    /// What needs an eye.
    Yellow,
    /// Where to look, what to do.
    Cyan,
}

/// The width of the terminal behind a stream, as it is now.
#[must_use]
pub fn columns(stream: &impl AsFd) -> usize {
    rustix::termios::tcgetwinsize(stream).map_or(80, |size| usize::from(size.ws_col))
}

impl Look {
    /// For a file, a pipe or a test: bytes as they are.
    pub const PLAIN: Self = Self { terminal: false, colour: false, live: false };

    /// What `stream` can take, by what was chosen, by what it is, and by `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR`, `TERM` and
    /// `CI`.
    #[must_use]
    pub fn of(stream: &impl IsTerminal) -> Self {
        let look = Self::from_env(stream.is_terminal(), |name| std::env::var_os(name));
        Self { colour: CHOSEN.get().copied().unwrap_or(look.colour), ..look }
    }

    /// The rules behind [`Look::of`], for any environment.
    #[must_use]
    pub fn from_env(terminal: bool, var: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| var(name).is_some_and(|value| !value.is_empty());
        let dumb = var("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let says = |name, no: &[&str]| set(name) && !no.iter().any(|no| var(name).is_some_and(|value| value == *no));
        let forced = says("FORCE_COLOR", &["0", "false"]) || says("CLICOLOR_FORCE", &["0"]);
        // There a line that is redrawn is a line more each time.
        let is_watched = !says("CI", &["0", "false"]);
        let refused = var("CLICOLOR").is_some_and(|value| value == "0");
        let colour = !set("NO_COLOR") && (forced || (terminal && !dumb && !refused));
        Self { terminal, colour, live: terminal && !dumb && is_watched }
    }

    /// `text` in `ink`, or as it is where colour is not welcome.
    #[must_use]
    pub fn paint(self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Green => "32",
            Ink::Red => "31",
            Ink::Yellow => "33",
            Ink::Cyan => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_the_terminal_and_the_conventions_of_the_environment() {
        for (terminal, env, colour, live) in [
            (true, &[("TERM", "xterm")][..], true, true),
            (true, &[("TERM", "dumb")], false, false),
            (true, &[], false, false),
            (true, &[("TERM", "xterm"), ("NO_COLOR", "1")], false, true),
            (true, &[("TERM", "xterm"), ("NO_COLOR", "")], true, true),
            (true, &[("TERM", "xterm"), ("CLICOLOR", "0")], false, true),
            (false, &[("TERM", "xterm")], false, false),
            (false, &[("CLICOLOR_FORCE", "1")], true, false),
            (false, &[("CLICOLOR_FORCE", "0")], false, false),
            (false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
            (true, &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true, false),
            (false, &[("FORCE_COLOR", "1")], true, false),
            (false, &[("FORCE_COLOR", "3"), ("NO_COLOR", "1")], false, false),
            (false, &[("FORCE_COLOR", "0")], false, false),
            (false, &[("FORCE_COLOR", "false")], false, false),
            (true, &[("TERM", "xterm"), ("CI", "true")], true, false),
            (true, &[("TERM", "xterm"), ("CI", "false")], true, true),
        ] {
            let var = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
            assert_eq!(Look::from_env(terminal, var), Look { terminal, colour, live }, "{terminal} {env:?}");
        }
    }
}
