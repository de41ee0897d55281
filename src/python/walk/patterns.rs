//! The patterns of a `match`: what they bind, and the values and classes that they read.

use crate::python::grammar::{Kind, kind_of};
use crate::python::names::Use;
use crate::python::walk::{Job, Mode, Walk};

impl<'t> Walk<'_, 't, '_> {
    pub(super) fn case(&mut self, job: Job<'t>) {
        let mut cursor = job.node.walk();
        for child in job.node.named_children(&mut cursor).filter(|child| kind_of(*child) != Kind::Comment) {
            let mode = if kind_of(child) == Kind::CasePattern { Mode::Match } else { Mode::Load };
            self.push(job, Some(child), mode, job.scope);
        }
    }

    pub(super) fn pattern(&mut self, job: Job<'t>) {
        let node = job.node;
        match kind_of(node) {
            Kind::DottedName if node.named_child_count() == 1 => {
                if self.text_of(node) != "_" {
                    self.bind(job.scope, node);
                }
            }
            Kind::DottedName => self.dotted_value(job, true),
            Kind::ClassPattern | Kind::KeywordPattern => {
                let mut cursor = node.walk();
                for (index, child) in node.named_children(&mut cursor).enumerate() {
                    match (index, kind_of(child)) {
                        (0, Kind::DottedName) => self.dotted_value(job.on(child, Mode::Load), false),
                        (0, Kind::Identifier) => {}
                        _ => self.push(job, Some(child), Mode::Match, job.scope),
                    }
                }
            }
            Kind::Identifier => self.bind(job.scope, node),
            Kind::String | Kind::ConcatenatedString => self.push_children(job, Mode::Load),
            _ => self.push_children(job, Mode::Match),
        }
    }

    fn dotted_value(&mut self, job: Job<'t>, target: bool) {
        let mut cursor = job.node.walk();
        let mut parts = job.node.named_children(&mut cursor).map(|part| (self.text_of(part), part.byte_range()));
        if let Some((name, range)) = parts.next() {
            let attributes = parts.collect();
            self.names.uses.push(Use { scope: job.scope, name, range, attributes, called: false, quoted: false, target });
        }
    }
}
