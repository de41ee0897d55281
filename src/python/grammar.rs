//! The kinds and fields of tree-sitter's grammar of Python by number, and which kinds belong together.
//!
//! A tree gives the name of a kind, and takes the name of a field, by searching for it: too slow for a walk over every node of a file.

use std::num::NonZeroU16;
use std::sync::LazyLock;

use tree_sitter::{Language, Node, TreeCursor};

macro_rules! named {
    ($(#[$doc:meta])* $names:ident, $all:ident { $($variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $names { $($variant,)* }

        const $all: &[(&str, $names)] = &[$(($name, $names::$variant),)*];
    };
}

named! {
    /// The kinds of node that bear on names; a keyword of the same spelling has the same kind.
    Kind, KINDS {
        AsPattern = "as_pattern",
        AsPatternTarget = "as_pattern_target",
        Assignment = "assignment",
        Attribute = "attribute",
        AugmentedAssignment = "augmented_assignment",
        Block = "block",
        Call = "call",
        CaseClause = "case_clause",
        CasePattern = "case_pattern",
        ClassDefinition = "class_definition",
        ClassPattern = "class_pattern",
        Comment = "comment",
        ConcatenatedString = "concatenated_string",
        ConstrainedType = "constrained_type",
        DefaultParameter = "default_parameter",
        DeleteStatement = "delete_statement",
        DictionaryComprehension = "dictionary_comprehension",
        DictionarySplatPattern = "dictionary_splat_pattern",
        DottedName = "dotted_name",
        ElifClause = "elif_clause",
        ElseClause = "else_clause",
        ExceptClause = "except_clause",
        ExpressionList = "expression_list",
        ExpressionStatement = "expression_statement",
        FinallyClause = "finally_clause",
        ForInClause = "for_in_clause",
        ForStatement = "for_statement",
        FunctionDefinition = "function_definition",
        FutureImportStatement = "future_import_statement",
        GeneratorExpression = "generator_expression",
        GenericType = "generic_type",
        GlobalStatement = "global_statement",
        Identifier = "identifier",
        IfStatement = "if_statement",
        ImportFromStatement = "import_from_statement",
        ImportStatement = "import_statement",
        KeywordArgument = "keyword_argument",
        KeywordPattern = "keyword_pattern",
        KeywordSeparator = "keyword_separator",
        Lambda = "lambda",
        List = "list",
        ListComprehension = "list_comprehension",
        ListPattern = "list_pattern",
        ListSplat = "list_splat",
        ListSplatPattern = "list_splat_pattern",
        MemberType = "member_type",
        Module = "module",
        NamedExpression = "named_expression",
        NonlocalStatement = "nonlocal_statement",
        NotOperator = "not_operator",
        ParenthesizedExpression = "parenthesized_expression",
        PatternList = "pattern_list",
        PositionalSeparator = "positional_separator",
        SetComprehension = "set_comprehension",
        SplatType = "splat_type",
        String = "string",
        StringContent = "string_content",
        Subscript = "subscript",
        TryStatement = "try_statement",
        Tuple = "tuple",
        TuplePattern = "tuple_pattern",
        Type = "type",
        TypeAliasStatement = "type_alias_statement",
        TypeParameter = "type_parameter",
        TypedDefaultParameter = "typed_default_parameter",
        TypedParameter = "typed_parameter",
        WhileStatement = "while_statement",
        WithClause = "with_clause",
        WithStatement = "with_statement",
        Other = "",
    }
}

named! {
    /// The fields that bear on names.
    Field, FIELDS {
        Alias = "alias",
        Alternative = "alternative",
        Argument = "argument",
        Arguments = "arguments",
        Attribute = "attribute",
        Body = "body",
        Condition = "condition",
        Function = "function",
        Left = "left",
        Name = "name",
        Object = "object",
        Parameters = "parameters",
        ReturnType = "return_type",
        Right = "right",
        Superclasses = "superclasses",
        Type = "type",
        TypeParameters = "type_parameters",
        Value = "value",
    }
}

/// What the grammar's numbers stand for.
struct Numbers {
    /// By the number of a kind.
    kinds: Vec<Kind>,
    /// By the number of a field.
    fields: Vec<Option<Field>>,
    /// By a field's place among [`FIELDS`], which is that of its variant.
    ids: Vec<Option<NonZeroU16>>,
}

static NUMBERS: LazyLock<Numbers> = LazyLock::new(|| {
    let language: Language = tree_sitter_python::LANGUAGE.into();
    let kind = |id: u16| language.node_kind_for_id(id).and_then(|name| KINDS.iter().find(|(known, _)| *known == name));
    let kinds = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
    let field = |id: u16| language.field_name_for_id(id).and_then(|name| FIELDS.iter().find(|(known, _)| *known == name));
    let fields = 0..=u16::try_from(language.field_count()).unwrap_or(u16::MAX);
    Numbers {
        kinds: kinds.map(|id| kind(id).map_or(Kind::Other, |(_, kind)| *kind)).collect(),
        fields: fields.map(|id| field(id).map(|(_, field)| *field)).collect(),
        ids: FIELDS.iter().map(|(name, _)| language.field_id_for_name(name)).collect(),
    }
});

/// True for the kinds of what stands in a block.
#[must_use]
pub fn is_statement(kind: &str) -> bool {
    kind.ends_with("_statement") || matches!(kind, "function_definition" | "class_definition" | "decorated_definition")
}

/// True for the kinds of what can stand wherever an expression can; the lists of names without brackets are not among them.
#[must_use]
pub fn is_expression(kind: &str) -> bool {
    let is_operation = || {
        matches!(
            kind,
            "await"
                | "binary_operator"
                | "boolean_operator"
                | "comparison_operator"
                | "conditional_expression"
                | "lambda"
                | "named_expression"
                | "not_operator"
                | "unary_operator"
        )
    };
    let is_primary = || matches!(kind, "attribute" | "call" | "identifier" | "parenthesized_expression" | "subscript");
    is_literal(kind) || kind == "ellipsis" || is_display(kind) || is_comprehension(kind) || is_primary() || is_operation()
}

/// True for the kinds of a value that is written out.
#[must_use]
pub fn is_literal(kind: &str) -> bool {
    matches!(kind, "true" | "false" | "none" | "string" | "concatenated_string" | "integer" | "float")
}

/// True for the kinds of a collection of which each element is written.
#[must_use]
pub fn is_display(kind: &str) -> bool {
    matches!(kind, "list" | "tuple" | "set" | "dictionary")
}

/// True for the kinds of what goes through something to make another.
#[must_use]
pub fn is_comprehension(kind: &str) -> bool {
    matches!(kind, "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression")
}

/// What a node is.
pub(super) fn kind_of(node: Node) -> Kind {
    NUMBERS.kinds.get(usize::from(node.kind_id())).copied().unwrap_or(Kind::Other)
}

/// The first child in a field.
pub(super) fn child_in<'t>(node: Node<'t>, field: Field) -> Option<Node<'t>> {
    node.child_by_field_id(NUMBERS.ids[field as usize]?.get())
}

/// The field of the node that the cursor is at.
pub(super) fn field_of(cursor: &TreeCursor) -> Option<Field> {
    NUMBERS.fields.get(usize::from(cursor.field_id()?.get())).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_has_every_kind_and_field_that_is_looked_for() {
        let missing = KINDS.iter().filter(|(_, kind)| *kind != Kind::Other && !NUMBERS.kinds.contains(kind));
        assert_eq!(missing.map(|(name, _)| *name).collect::<Vec<&str>>(), Vec::<&str>::new());
        for (at, (name, field)) in FIELDS.iter().enumerate() {
            let id = NUMBERS.ids[at].expect(name);
            assert_eq!((*field as usize, NUMBERS.fields[usize::from(id.get())]), (at, Some(*field)), "{name}");
        }
    }

    #[test]
    fn the_expressions_are_those_of_the_grammar() {
        let language: Language = tree_sitter_python::LANGUAGE.into();
        let kinds = 0..u16::try_from(language.node_kind_count()).unwrap();
        let named = kinds.filter(|id| language.node_kind_is_named(*id) && language.node_kind_is_visible(*id));
        let mut found: Vec<&str> =
            named.filter_map(|id| language.node_kind_for_id(id)).filter(|kind| is_expression(kind)).collect();
        found.sort_unstable();
        found.dedup();
        let inner = ["primary_expression", "expression"].map(|name| language.id_for_node_kind(name, true));
        let mut known: Vec<&str> = inner
            .iter()
            .flat_map(|id| language.subtypes_for_supertype(*id))
            .filter_map(|id| language.node_kind_for_id(*id))
            .collect();
        known.push("named_expression");
        known.retain(|kind| !matches!(*kind, "primary_expression" | "as_pattern" | "list_splat"));
        known.sort_unstable();
        known.dedup();
        assert_eq!(found, known);
    }
}
