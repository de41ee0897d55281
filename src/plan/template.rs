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

/// How many steps one message may take: a template with loops in loops ends, in an error.
const FUEL: u64 = 1_000_000;

/// Fields that are lists, of which parts such as `first` or an index may be named.
const LISTS: [&str; 4] = ["unit.rules", "changes.remove", "changes.add", "changes.validate"];

/// Beginnings of lines at which readers of messages and patches cut, or which only this program may write.
const RESERVED: [&str; 5] = ["---", "diff ", "Index: ", "Migration-", "This reverts commit "];

/// The longest template.
const LONGEST: usize = 64 * 1024;

/// The most `{{ }}` and `{% %}` of a template.
const MOST_TAGS: usize = 200;

/// The longest of them.
const LONGEST_TAG: usize = 300;

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

/// True for a line that git or this program would take for more than text.
#[must_use]
pub fn is_reserved(line: &str) -> bool {
    RESERVED.iter().any(|start| line.starts_with(start))
}

/// The environment in which message templates run: unknown fields are errors, nothing is escaped, nothing is loaded.
#[must_use]
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters with other blanks"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
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
    let tags = tags(text);
    // The template's parser recurses over long expressions, so their length is what keeps the stack small.
    if tags.len() > MOST_TAGS || tags.iter().any(|tag| tag.len() > LONGEST_TAG) {
        return vec![Fault {
            line: None,
            word: None,
            message: format!("the message template has more than {MOST_TAGS} tags, or one longer than {LONGEST_TAG} bytes"),
            help: "a commit message is read by people: simplify it".to_owned(),
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
    let mut filters_used = BTreeSet::new();
    tags.iter().for_each(|tag| filters(tag, &mut filters_used));
    let filters = filters_used.into_iter().filter(|name| {
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

/// The names that follow a `|` in a tag, string literals left out.
fn filters<'t>(tag: &'t str, found: &mut BTreeSet<&'t str>) {
    for (at, c) in outside_strings(tag) {
        if c == '|' {
            let name = tag[at + 1..].trim_start();
            let len = name.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(name.len());
            found.insert(&name[..len]);
        }
    }
    found.remove("");
}

/// The insides of all `{{ }}` and `{% %}`; comments and raw blocks are left out.
fn tags(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = match rest.as_bytes().get(open + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                let end = rest[open..].find("#}").map_or(rest.len(), |len| open + len);
                rest = &rest[end..];
                continue;
            }
            _ => {
                rest = &rest[open + 1..];
                continue;
            }
        };
        let inside = &rest[open + 2..];
        let end = end_of_tag(inside, close);
        let tag = &inside[..end];
        found.push(tag);
        rest = &inside[end..];
        if tag.trim_matches(['-', '+', ' ']) == "raw" {
            rest = rest.find("endraw").map_or("", |at| &rest[at..]);
        }
    }
    found
}

/// Where a tag ends: at its closing mark, outside strings and brackets.
fn end_of_tag(inside: &str, close: &str) -> usize {
    let mut open = 0_isize;
    for (at, c) in outside_strings(inside) {
        if open == 0 && inside[at..].starts_with(close) {
            return at;
        }
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open -= 1,
            _ => {}
        }
    }
    inside.len()
}

/// The characters of an expression that are not in string literals.
fn outside_strings(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut chars = text.char_indices();
    let mut quote = None;
    std::iter::from_fn(move || {
        loop {
            let (at, c) = chars.next()?;
            match (quote, c) {
                // What a backslash escapes cannot end the string.
                (Some(_), '\\') => drop(chars.next()),
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, c) => return Some((at, c)),
            }
        }
    })
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
    fn deep_templates_end_in_a_fault_or_not_but_end() {
        let many = |part: &str| part.repeat(LONGEST / part.len() - 8);
        for text in [
            format!("{{{{ {}", many("(")),
            format!("{{{{ {}issue }}}}", many("not ")),
            format!("{{{{ {}1 }}}}", many("-")),
            format!("{{{{ issue{} }}}}", many(".a")),
            format!("{{{{ issue{} }}}}", many("[0]")),
            format!("{{{{ issue{} }}}}", many("|upper")),
            format!("{{{{ issue{} }}}}", many("~issue")),
            format!("{{{{ issue{} }}}}", many(" if issue else issue")),
            format!("{{{{ 1{} }}}}", many("**1")),
            format!("{{% if issue %}}{}{{% endif %}}", many("{% elif issue %}")),
            many("{% if issue %}"),
            many("{{ issue }}"),
        ] {
            assert!(!faults(&text).is_empty(), "{text:.30}");
        }
        for part in ["(", "not ", "-", ".a", "[0]", "|upper", "~issue", " if issue else issue", "**1", "(", "[", "{"] {
            let text = format!("{{{{ {0}issue{0} }}}}", part.repeat(140 / part.len())).repeat(200);
            assert!(faults(&text).len() <= 2 * MOST_FAULTS, "{text:.30}");
        }
        for text in ["{% if issue %}".repeat(200), format!("{{% if issue %}}{}{{% endif %}}", "{% elif issue %}".repeat(198))] {
            assert!(faults(&text).len() <= 1);
        }
        assert_eq!(
            tags("a {# {{ #} {{ b['}}'] }}{% raw %}{{ c }}{% endraw %}{{ {'d': {}}}} {"),
            [" b['}}'] ", " raw ", " {'d': {}}"]
        );
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
