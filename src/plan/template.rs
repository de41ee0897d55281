//! The template of a commit message: the fields it may use, the environment it runs in, and what can be wrong with it.

use std::collections::BTreeSet;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};

use crate::plan::reader::nearest;
use crate::plan::view::quoted;

/// Everything a message template can name.
pub const FIELDS: [&str; 20] = [
    "scope",
    "issue",
    "plan",
    "title",
    "summary",
    "transform",
    "footer",
    "phase.id",
    "phase.ordinal",
    "phase.title",
    "unit.name",
    "unit.path",
    "unit.risk",
    "unit.impact",
    "unit.recovery",
    "unit.rules",
    "changes.remove",
    "changes.add",
    "changes.lines",
    "changes.validate",
];

/// Fields that are lists, of which parts such as `first` or an index may be named.
const LISTS: [&str; 4] = ["unit.rules", "changes.remove", "changes.add", "changes.validate"];

/// The longest template.
const LONGEST: usize = 64 * 1024;

/// How many unknown fields are spoken of.
const MOST_FAULTS: usize = 20;

/// Something wrong with a template, and where to look for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line of the template, counted from 1, when it is known.
    pub line: Option<usize>,
    /// The word to look for, when it is about a word.
    pub word: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The environment in which message templates run: unknown fields are errors, nothing is escaped, nothing is loaded.
#[must_use]
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters with other blanks"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    for name in ["range", "dict", "debug", "namespace"] {
        environment.remove_global(name);
    }
    environment
}

/// What is wrong with a template, as far as that shows without values.
#[must_use]
pub fn faults(text: &str) -> Vec<Fault> {
    if text.len() > LONGEST {
        return vec![Fault {
            line: None,
            word: None,
            message: "the message template is longer than 64 KiB".to_owned(),
            help: "a commit message is read by people: shorten it".to_owned(),
        }];
    }
    let environment = environment();
    let template = match environment.template_from_str(text) {
        Ok(template) => template,
        Err(error) => {
            let detail = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
            return vec![Fault {
                line: error.line(),
                word: None,
                message: format!("the message template does not parse: {detail}"),
                help: "fields stand in `{{ … }}`, as in `{{ unit.name }}`".to_owned(),
            }];
        }
    };
    let mut unknown: Vec<String> = template.undeclared_variables(true).into_iter().filter(|name| !is_known(name)).collect();
    unknown.sort_unstable();
    unknown.truncate(MOST_FAULTS);
    let fields = unknown.into_iter().map(|name| Fault {
        line: None,
        message: format!("the message template names the unknown field {}", quoted(&name)),
        help: nearest(&name, &FIELDS)
            .map_or_else(|| format!("known fields: {}", FIELDS.join(", ")), |near| format!("did you mean `{near}`?")),
        word: Some(name),
    });
    let filters = filters(text).into_iter().filter(|name| {
        let tried = environment.empty_state().apply_filter(name, &[]);
        tried.is_err_and(|error| matches!(error.kind(), ErrorKind::UnknownFilter))
    });
    let filters = filters.map(|name| Fault {
        line: None,
        message: format!("the message template uses the unknown filter {}", quoted(name)),
        help: "the filters are those of minijinja, such as `join`, `upper` and `default`".to_owned(),
        word: Some(name.to_owned()),
    });
    fields.chain(filters).collect()
}

/// True for a field, for a group of fields as a whole, and for a part of a list.
fn is_known(name: &str) -> bool {
    FIELDS.iter().any(|field| *field == name || field.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
        || LISTS.iter().any(|list| name.strip_prefix(list).is_some_and(|rest| rest.starts_with('.')))
}

/// The names that follow a `|` inside `{{ }}` and `{% %}`, string literals left out.
fn filters(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        rest = &rest[open + 2..];
        let mut quote = None;
        let mut chars = rest.char_indices();
        let mut end = rest.len();
        while let Some((at, c)) = chars.next() {
            match (quote, c) {
                (Some(_), '\\') => drop(chars.next()),
                (Some(open), c) if c == open => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (None, '}') if rest[at..].starts_with("}}") || rest[..at].ends_with('%') => {
                    end = at;
                    break;
                }
                (None, '|') => {
                    let name = rest[at + 1..].trim_start();
                    let len = name.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(name.len());
                    if len > 0 {
                        found.insert(&name[..len]);
                    }
                }
                _ => {}
            }
        }
        rest = &rest[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_the_field_and_its_neighbour() {
        for (text, message, help) in [
            ("{{ unit.nam }}", "unknown field `unit.nam`", "did you mean `unit.name`?"),
            ("{{ isue }}", "unknown field `isue`", "did you mean `issue`?"),
            ("{{ wholly_other }}", "unknown field `wholly_other`", "known fields: scope"),
            ("a\n{{ unit.name", "does not parse", "fields stand in"),
            ("{% if issue %}", "does not parse", "fields stand in"),
            ("{{ title | shout }}", "unknown filter `shout`", "join"),
            ("{{ range(5) }}", "unknown field `range`", "known fields"),
            ("{{ plan.name }}", "unknown field `plan.name`", "known fields"),
        ] {
            let found = faults(text);
            assert!(found.iter().any(|fault| fault.message.contains(message) && fault.help.contains(help)), "{text}: {found:?}");
        }
        assert_eq!(faults("a\n\n{{ x | }}")[0].line, Some(3));
    }

    #[test]
    fn a_sound_template_has_no_fault() {
        for text in [
            "fix({{ scope }}): {{ title }} in {{ unit.name }} - Issue {{ issue }}\n",
            "{% for name in changes.remove %}- {{ name | upper }} {{ loop.index }}\n{% endfor %}{{ unit.rules | join(', |x') }}",
            "{% if unit.risk %}{{ unit.risk|lower }}{% endif %}{% set n = phase.id %}{{ n }}{{ unit.rules[0] }}{{ unit.rules.0 }}",
            "no field at all, 100% {plain}",
        ] {
            assert_eq!(faults(text), [], "{text}");
        }
    }
}
