//! Faults planted in a small project are found (issue 14): circles, lengths, parameters.

use std::fs;

use tempfile::TempDir;

use crate::tidy::{Judged, code, known};

/// The lists of words that the planted projects have.
pub const GLOSSARY: &str = "
## Retired names

| name | matches | write instead |
|---|---|---|
| `zeppelin`, `zeppelins` | part of any name | airship |
| `Kite` | whole type | glider |

## Allowed names

| name | where | because |
|---|---|---|
| `zeppelin` | `xtask/` | it is allowed there |

## Retired phrases

| phrase | write instead |
|---|---|
| \"pulls the plug\" | ends |
| \"yonder\" (not \"yonder hill\") | a user |
| \"row twelve\" (in `crates/`) | the reason |
";

/// A project of these files, which has the lists of words.
pub fn project(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [("docs/glossary.md", GLOSSARY)].iter().chain(files) {
        let place = root.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    root
}

/// The findings in such a project.
pub fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let root = project(files);
    Judged::new(root.path()).findings(root.path())
}

/// That there is one finding, with such words.
pub fn one(found: &[String], words: &str) {
    assert!(found.len() == 1 && found[0].contains(words), "{words}: {found:?}");
}

const LIB: &str = "mod a;\nmod b;\n";

#[test]
fn a_planted_circle_between_two_files_is_found() {
    let cases: &[(&str, &str)] = &[
        ("use crate::b::B;\npub struct A(B);\n", "use crate::a::A;\npub struct B(A);\n"),
        ("pub struct A(super::b::B);\n", "use super::a;\npub struct B;\nfn f() { a::A; }\n"),
        // In the arguments of a macro, by an import of everything, behind a name of the importer's own.
        (
            "pub struct A;\nfn f() { write!(x, \"\", super::b::f()) }\n",
            "pub fn f() {}\nuse crate::a::*;\nstruct B(A);\n",
        ),
        ("use crate::b::B as C;\npub struct A(C);\n", "pub struct B;\nfn f() { crate::a::A::new() }\n"),
    ];
    for (a, b) in cases {
        let found =
            findings(&[("crates/x/src/lib.rs", LIB), ("crates/x/src/a.rs", a), ("crates/x/src/b.rs", b)]);
        assert_eq!(found.len(), 2, "{a} {b}: {found:?}");
        assert!(found.iter().all(|finding| finding.contains("is in a circle of 2 files")), "{found:?}");
    }
}

#[test]
fn an_import_by_way_of_a_re_export_leads_to_the_file_that_defines_it() {
    // `b` names `A` as `crate::A`, `a` names `B` as `super::B`: a circle of the two, not of three with `lib.rs`.
    let lib = "mod a;\nmod b;\npub use a::A;\npub(crate) use b::*;\n";
    let found = findings(&[
        ("crates/x/src/lib.rs", lib),
        ("crates/x/src/a.rs", "use super::B;\npub struct A(B);\n"),
        ("crates/x/src/b.rs", "use crate::A;\npub struct B(A);\n"),
    ]);
    assert!(
        found.len() == 2 && found.iter().all(|finding| finding.contains("circle of 2 files")),
        "{found:?}"
    );
}

#[test]
fn a_parent_that_declares_and_re_exports_and_a_test_are_no_arrows_back() {
    let found = findings(&[
        ("crates/x/src/lib.rs", "mod a;\npub use a::A;\npub struct Shared;\n"),
        (
            "crates/x/src/a/mod.rs",
            "use crate::Shared;\npub struct A(Shared);\n#[cfg(test)]\nmod tests;\nmod c;\n",
        ),
        ("crates/x/src/a/c.rs", "use super::A;\nfn f(_: A) {}\n"),
        ("crates/x/src/a/tests.rs", "use super::c::f;\n"),
    ]);
    assert_eq!(found, Vec::<String>::new());
    let found = findings(&[
        ("crates/x/src/lib.rs", "mod a;\npub struct Shared(a::A);\n"),
        ("crates/x/src/a.rs", "use crate::Shared;\npub struct A(Shared);\n"),
    ]);
    assert!(found.len() == 2 && found[0].contains("circle of 2 files"), "{found:?}");
}

#[test]
fn the_graph_shows_layers_imports_and_circles() {
    let root = project(&[
        ("crates/x/src/lib.rs", "mod a;\nmod b;\nmod worker;\n"),
        ("crates/x/src/a.rs", "use crate::b::B;\npub struct A(B);\n"),
        ("crates/x/src/b.rs", "pub struct B(crate::a::A);\n"),
        ("crates/x/src/worker/mod.rs", "fn f() { crate::a::A::new() }\n"),
    ]);
    let code = code::read(root.path());
    let expected = "crate x: 4 files, 3 arrows, 2 layers, 1 circles

layer 0
  circle of 2 files
    a.rs
      -> b.rs (B) [circle]
    b.rs
      -> a.rs (A) [circle]
  lib.rs

layer 1
  worker/mod.rs
    -> a.rs (A)
";
    assert_eq!(code.graph("x").unwrap(), expected);
    assert_eq!(code.graph("").unwrap(), expected);
    assert!(code.graph("y").unwrap_err().contains("no crate `y`; there are x"));
}

#[test]
fn a_file_of_401_lines_a_function_of_81_and_seven_parameters_are_found() {
    let lines = |count: usize| "    f();\n".repeat(count);
    let file = |count: usize| format!("//! x\n{}", "const A: u8 = 1;\n".repeat(count - 1));
    let function = |count: usize| format!("fn f() {{\n{}}}\n", lines(count - 2));
    let table = format!("fn f() {{\n    const T: &[u8] = &[\n{}    ];\n}}\n", "        1,\n".repeat(200));
    let tests =
        format!("#[cfg(test)]\nmod tests {{\n{}{}}}\n", function(100), "const A: u8 = 1;\n".repeat(400));
    let method = format!("struct S;\nimpl S {{\n{}}}\n", function(81));
    let seven = "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) {}\n";
    for (text, expected) in [
        (file(401), Some("has 401 lines; 400 at most")),
        (file(400), None),
        (function(81), Some("f has 81 lines; 80 at most")),
        (function(80), None),
        (method, Some("S::f has 81 lines")),
        (table, None),
        (tests, None),
        (seven.to_owned(), Some("f has 7 parameters; 6 at most")),
        (seven.replace("a: u8, ", ""), None),
    ] {
        let found = findings(&[("crates/x/src/lib.rs", &text)]);
        match expected {
            Some(expected) => one(&found, expected),
            None => assert_eq!(found, Vec::<String>::new(), "{text}"),
        }
    }
    // Files of tests may be longer.
    let long = file(401);
    let found =
        findings(&[("crates/x/src/lib.rs", "#[cfg(test)]\nmod long;\n"), ("crates/x/src/long.rs", &long)]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_figures_count_product_code_only() {
    let root = project(&[
        ("crates/x/src/lib.rs", "mod a;\nfn f(a: u8) {\n}\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n"),
        ("crates/x/src/a.rs", "use crate::f;\nfn g() { f(1) }\n"),
        ("crates/x/tests/t.rs", "fn h() {}\n"),
        ("crates/y/src/main.rs", "fn main() {}\n"),
        ("docs/a.md", "It pulls the plug.\n"),
    ]);
    let figures = Judged::new(root.path()).figures;
    assert_eq!(
        figures,
        [
            "product code: 3 files, 6 lines; a file has 2 (median), 3 (p90), at most 3; 0 over 400",
            "lines of each crate: x 5, y 1",
            "functions: 3; the longest has 2 lines (f in crates/x/src/lib.rs), 0 over 80; at most 1 parameters (f in \
             crates/x/src/lib.rs), 0 with more than 6",
            "circles between files of a crate: none",
            "retired words: 0 names in 0 files, 1 phrases in 1 files",
        ]
    );
}

#[test]
fn a_file_that_cannot_be_parsed_is_found() {
    one(&findings(&[("crates/x/src/lib.rs", "fn f( {\n")]), "crates/x/src/lib.rs:");
    let root = project(&[]);
    assert!(known::shrink(root.path(), &[]).is_err(), "there is no folder for the list");
}
