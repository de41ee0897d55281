//! Where an import goes that has no old one to stand beside: among the first imports of the module.

use std::collections::BTreeMap;

use tree_sitter::Node;

use crate::edit::Edit;
use crate::python::imports::Import;
use crate::rewrite::importing::write::Changes;
use crate::rewrite::importing::{Importing, Planned};

impl<'a> Importing<'a> {
    /// Places imports at the top; those that join or follow a statement go to `changes`.
    pub(super) fn add_to_top(&self, planned: &[&Planned], changes: &mut Changes) -> Vec<Edit> {
        let head = self.head();
        let mut above: BTreeMap<usize, BTreeMap<Option<String>, Vec<String>>> = BTreeMap::new();
        let mut alone: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
        for plan in planned {
            let (module, item) = (plan.wanted.module.clone(), plan.item());
            let star =
                |at: usize| self.names.imports.iter().any(|other| other.star && other.scope == 0 && at < other.range.start);
            let early = |import: &Import| import.place.block == 0 && import.range.end <= self.before && !star(import.range.start);
            let target = module.as_ref().and_then(|module| self.joins(module, early));
            if let Some(target) = target {
                changes.entry(target).or_default().join(item);
                continue;
            }
            match self.neighbour(&head, module.as_deref()) {
                Some(Side::Above(number)) => above.entry(number).or_default().entry(module).or_default().push(item),
                Some(Side::Below(number)) => changes.entry(number).or_default().add(module, item),
                None => alone.entry(module).or_default().push(item),
            }
        }
        let mut edits: Vec<Edit> = above
            .into_iter()
            .map(|(number, group)| {
                let at = self.names.imports[number].range.start;
                let ending = self.source.line_ending(at);
                let lines: String = group.iter().map(|(module, names)| statement(module.as_deref(), names) + ending).collect();
                Edit::new(at..at, lines)
            })
            .collect();
        edits.extend((!alone.is_empty()).then(|| self.first_imports(&alone)));
        edits
    }

    /// The imports that the module starts with, by number, in order.
    fn head(&self) -> Vec<usize> {
        let end = self.before.min(self.top_end());
        let first = |import: &Import| import.place.block == 0 && import.range.end <= end;
        let own = |import: &Import| import.from.as_ref().is_none_or(|from| from.module != "__future__");
        let numbered = self.names.imports.iter().enumerate();
        let mut head: Vec<usize> =
            numbered.filter(|(_, import)| first(import) && own(import)).map(|(number, _)| number).collect();
        head.sort_by_key(|number| self.names.imports[*number].range.start);
        head
    }

    /// Where the first definition of the module begins; its end when there is none.
    pub(super) fn top_end(&self) -> usize {
        let mut cursor = self.root.walk();
        let defines = |child: &Node| matches!(child.kind(), "function_definition" | "class_definition" | "decorated_definition");
        let first = self.root.named_children(&mut cursor).find(defines);
        first.map_or(self.root.end_byte(), |definition| definition.start_byte())
    }

    /// The import beside which one of `module` belongs.
    fn neighbour(&self, head: &[usize], module: Option<&str>) -> Option<Side> {
        let imports = &self.names.imports;
        let last = *head.last()?;
        // A star import may bind the same name, so it must not come after.
        let star = head.iter().any(|number| imports[*number].star);
        let Some(module) = module.filter(|_| !star) else { return Some(Side::Below(last)) };
        let name = |number: usize| imports[number].from.as_ref().map_or("", |from| from.module.as_str());
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for number in head.iter().copied().filter(|number| imports[*number].from.as_ref().is_some_and(|from| from.level == 0)) {
            match groups.last_mut() {
                Some(group) if group.last().is_some_and(|last| self.adjoin(*last, number)) => group.push(number),
                _ => groups.push(vec![number]),
            }
        }
        let common =
            |number: usize| name(number).split('.').zip(module.split('.')).take_while(|(one, other)| one == other).count();
        let near = |group: &Vec<usize>| group.iter().map(|number| common(*number)).max();
        let Some(group) = groups.iter().max_by_key(|group| near(group)) else { return Some(Side::Below(last)) };
        let (mut exact, mut folded) = (true, true);
        for pair in group.windows(2) {
            exact &= name(pair[0]) <= name(pair[1]);
            folded &= name(pair[0]).to_lowercase() <= name(pair[1]).to_lowercase();
        }
        let later = |number: &usize| match exact {
            true => name(*number) > module,
            false => name(*number).to_lowercase() > module.to_lowercase(),
        };
        match group.iter().copied().find(|number| (exact || folded) && later(number)) {
            Some(next) => Some(Side::Above(next)),
            None => group.last().map(|last| Side::Below(*last)),
        }
    }

    /// True when two imports stand on lines next to each other.
    fn adjoin(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.names.imports[one].range, &self.names.imports[other].range);
        self.source.line(one.end) + 1 == self.source.line(other.start)
    }

    /// The imports of a module that had none: below its docstring and `__future__`, else above its first statement.
    fn first_imports(&self, group: &BTreeMap<Option<String>, Vec<String>>) -> Edit {
        let mut cursor = self.root.walk();
        let statements: Vec<Node> = self.root.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect();
        let docstring = |node: &Node| node.named_child(0).is_some_and(|inner| inner.kind().ends_with("string"));
        let mut above = None;
        for (index, node) in statements.iter().enumerate() {
            let leads = match node.kind() {
                "expression_statement" => index == 0 && docstring(node),
                "future_import_statement" => true,
                _ => false,
            };
            if !leads {
                break;
            }
            above = Some(*node);
        }
        let at = above.map_or(0, |node| node.end_byte());
        let ending = self.source.line_ending(at);
        let lines: Vec<String> = group.iter().map(|(module, names)| statement(module.as_deref(), names)).collect();
        if let Some(above) = above {
            let row = (self.source.line(above.end_byte()) - 1) as usize;
            let end = self.source.line_range(row).end;
            let rest = self.source.text()[above.end_byte()..end].trim_start();
            if rest.starts_with(';') {
                return Edit::new(above.end_byte()..above.end_byte(), format!("; {}", lines.join("; ")));
            }
            return Edit::new(end..end, format!("{ending}{ending}{}", lines.join(ending)));
        }
        let first = statements.first();
        let at = first.map_or(self.source.text().len(), Node::start_byte);
        let defines = first.is_some_and(|node| node.kind().ends_with("_definition"));
        let blank = if defines { ending.repeat(3) } else { ending.repeat(2) };
        Edit::new(at..at, format!("{}{blank}", lines.join(ending)))
    }
}

/// On which side of an import another goes.
enum Side {
    Above(usize),
    Below(usize),
}

fn statement(module: Option<&str>, names: &[String]) -> String {
    let list = names.join(", ");
    module.map_or_else(|| format!("import {list}"), |module| format!("from {module} import {list}"))
}
