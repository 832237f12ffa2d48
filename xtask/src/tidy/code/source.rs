//! What `tidy` remembers of one parsed file.

use std::collections::BTreeSet;

/// One file.
#[derive(Debug, Default)]
pub struct Source {
    /// Lines without those of test modules inside the file.
    pub lines: usize,
    /// Whether the file is compiled for tests only.
    pub tests: bool,
    /// What the file itself declares and names.
    pub scope: Scope,
    /// Its functions outside of tests.
    pub functions: Vec<Function>,
    /// Everything that has a name, tests included.
    pub names: Vec<Named>,
}

/// A module's own content: a file's, or that of a `mod name { ... }`.
#[derive(Debug, Default)]
pub struct Scope {
    /// Items that are defined here.
    pub items: BTreeSet<String>,
    /// Modules that are declared here.
    pub modules: Vec<Module>,
    /// Imports, one for each name.
    pub uses: Vec<Use>,
    /// Paths in the code, as they are written.
    pub paths: BTreeSet<Vec<String>>,
}

/// A declared module.
#[derive(Debug)]
pub struct Module {
    pub name: String,
    /// The value of `#[path = "..."]`.
    pub place: Option<String>,
    /// The content, where it is not in a file of its own.
    pub inline: Option<Scope>,
    /// Whether it is compiled for tests only.
    pub tests: bool,
}

/// One imported name; `*` for all of a module.
#[derive(Debug)]
pub struct Use {
    pub path: Vec<String>,
    pub name: String,
    /// Whether it is visible outside, which makes it a re-export.
    pub public: bool,
}

/// A function with its measures.
#[derive(Debug)]
pub struct Function {
    /// With the type in front, where it is a method.
    pub name: String,
    pub line: usize,
    /// From `fn` to the closing brace, without tables of data.
    pub lines: usize,
    /// Parameters, `self` included.
    pub parameters: usize,
}

/// An identifier where it is defined.
#[derive(Debug)]
pub struct Named {
    pub kind: Kind,
    pub name: String,
    pub line: usize,
}

/// What an identifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Type,
    Module,
    Function,
    /// A test: its name is a sentence.
    Test,
    Field,
    Variant,
    Constant,
    /// A local variable or a parameter.
    Variable,
    /// A file or a folder.
    File,
}

impl Kind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Type,
        Self::Module,
        Self::Function,
        Self::Test,
        Self::Field,
        Self::Variant,
        Self::Constant,
        Self::Variable,
        Self::File,
    ];

    /// The word for it in docs/glossary.md.
    pub fn word(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Module => "module",
            Self::Function => "function",
            Self::Test => "test",
            Self::Field => "field",
            Self::Variant => "variant",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::File => "file",
        }
    }
}
