//! The list of what broke a rule before the rule was there only shrinks (issue 14).

use std::fs;

use super::planted::{findings, one, project};
use crate::tidy::{Judged, known};

const LONG: &str = "crates/x/src/lib.rs";

fn long(lines: usize) -> String {
    "const A: u8 = 1;\n".repeat(lines)
}

fn with_list(lines: usize, list: &str) -> Vec<String> {
    findings(&[(LONG, &long(lines)), (known::PLACE, list)])
}

#[test]
fn an_offender_in_the_list_passes_until_it_grows_or_is_mended() {
    let list = "# a comment\nfile | crates/x/src/lib.rs | lines | 450\n";
    assert_eq!(with_list(450, list), Vec::<String>::new());
    assert_eq!(with_list(430, list), Vec::<String>::new());
    one(
        &with_list(451, list),
        "has 451 lines; 400 at most: split it by what it holds (xtask/src/tidy/known.txt excuses 450)",
    );
    one(&with_list(400, list), "no longer breaks the rule: remove the line");
    one(&with_list(400, "file | crates/x/src/gone.rs | lines | 450\n"), "no longer breaks the rule");
    one(&with_list(400, "anything else\n"), "cannot read the line `anything else`");
    let unreadable = findings(&[(LONG, "fn f( {\n"), (known::PLACE, list)]);
    one(&unreadable, "crates/x/src/lib.rs: ");
}

#[test]
fn shrinking_follows_a_moved_file_and_refuses_a_longer_list() {
    let list = "file | crates/x/src/former.rs | lines | 450\nfile | crates/x/src/mended.rs | lines | 500\n";
    let root = project(&[(LONG, &long(430)), (known::PLACE, list)]);
    let shrink = |lines: usize| {
        fs::write(root.path().join(LONG), long(lines)).unwrap();
        known::shrink(root.path(), &Judged::new(root.path()).offences)
    };
    let written = || fs::read_to_string(root.path().join(known::PLACE)).unwrap();
    shrink(430).unwrap();
    assert!(written().ends_with("\nfile | crates/x/src/lib.rs | lines | 430\n"), "{}", written());
    assert_eq!(shrink(431).unwrap_err(), ["file : 430 before, 431 now; the list may only shrink"]);
    shrink(400).unwrap();
    assert!(written().lines().all(|line| line.starts_with('#')), "{}", written());
}

#[test]
fn a_word_in_the_list_may_be_used_as_often_as_before() {
    let used = |times: usize| {
        let code: String = (0..times).map(|n| format!("fn zeppelin_{n}() {{}}\n")).collect();
        findings(&[(LONG, &code), (known::PLACE, "name | crates/x/src/lib.rs | zeppelin | 2\n")])
    };
    assert_eq!(used(2), Vec::<String>::new());
    assert_eq!(used(1), Vec::<String>::new());
    one(&used(3), "(3 in this file; docs/glossary.md) (xtask/src/tidy/known.txt excuses 2)");
    one(&used(0), "`name | crates/x/src/lib.rs | zeppelin` no longer breaks the rule");
}
