//! The plan's key `cache`: on what, beside the files of the repository, the verdict of a command depends.

use crate::plan::node::Node;
use crate::plan::reader::{Entries, Reader};
use crate::plan::view::quoted;

/// The variables of the environment that count where the plan names none.
const VARIABLES: [&str; 4] = ["PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHON*"];

/// What tells one question to a command from another, beside the tree and the command itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheKeys {
    /// Names of variables of the environment; one that ends in `*` stands for all that begin so.
    pub env: Vec<String>,
    /// Files and folders outside of git, from the top of the repository or with a leading `/`. `Some`: they are all that verdicts depend
    /// on, so that what passed is not run again by later runs either.
    pub inputs: Option<Vec<String>>,
}

impl Default for CacheKeys {
    fn default() -> Self {
        Self { env: VARIABLES.map(str::to_owned).to_vec(), inputs: None }
    }
}

impl CacheKeys {
    /// True for the name of a variable that counts.
    #[must_use]
    pub fn counts(&self, variable: &str) -> bool {
        self.env.iter().any(|name| match name.strip_suffix('*') {
            Some(start) => variable.starts_with(start),
            None => variable == name,
        })
    }
}

/// Reads the key's value.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> CacheKeys {
    let mut keys = CacheKeys::default();
    let Some(entries) = reader.map(node, "`cache`", &["env", "inputs"]) else { return keys };
    if let Some(env) = lines(reader, &entries, "env", |reader, node, name| {
        let plain = name.strip_suffix('*').unwrap_or(name);
        let is_name = !plain.is_empty() && plain.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if !is_name {
            let help = "write names such as PATH, or how several begin: `PYTHON*`";
            reader.report(node.span, format!("{} is no name of a variable", quoted(name)), help);
        }
    }) {
        keys.env = env;
    }
    keys.inputs = lines(reader, &entries, "inputs", |reader, node, path| {
        if path.contains(['*', '?', '[']) {
            let help =
                "name files, or folders of which the names of their entries count, such as `.venv/lib/python3.11/site-packages`";
            reader.report(node.span, format!("{} is a pattern, not a path", quoted(path)), help);
        }
    });
    keys
}

/// The lines of a list, each of which is looked at.
fn lines(
    reader: &mut Reader<'_>,
    entries: &Entries<'_>,
    key: &str,
    look: impl Fn(&mut Reader<'_>, &Node, &str),
) -> Option<Vec<String>> {
    let node = entries.get(key)?;
    let items = reader.list(node, &format!("`{key}` of `cache`"))?;
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        if let Some(text) = reader.line(item, &format!("an entry of `{key}`")) {
            look(reader, item, text);
            found.push(text.to_owned());
        }
    }
    Some(found)
}
