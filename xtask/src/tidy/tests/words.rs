//! Retired names and phrases are found where they are used, and nowhere else (issue 14).

use super::planted::{findings, one};

#[test]
fn a_planted_retired_name_is_found() {
    for (path, text) in [
        ("crates/x/src/lib.rs", "struct TrackZeppelin;\n"),
        ("crates/x/src/lib.rs", "fn zeppelin_of() {}\n"),
        ("crates/x/src/lib.rs", "struct S { old_zeppelins: u8 }\n"),
        ("crates/x/src/lib.rs", "enum E { Zeppelin }\n"),
        ("crates/x/src/lib.rs", "fn f() { let zeppelin = 1; }\n"),
        ("crates/x/src/lib.rs", "const MAX_ZEPPELIN: u8 = 1;\n"),
        ("crates/x/src/lib.rs", "mod zeppelin {}\n"),
        ("crates/x/src/lib.rs", "struct S;\nimpl S { fn zeppelin(&self) {} }\n"),
        ("crates/x/src/lib.rs", "#[cfg(test)]\nmod tests { struct Zeppelin; }\n"),
        ("crates/x/src/zeppelin.rs", "//! x\n"),
        ("crates/x/src/zeppelin/mod.rs", "//! x\n"),
        ("web/src/lib/zeppelin.svelte.ts", "const a = 1;\n"),
        ("testkit/src/lib.rs", "struct Zeppelin;\n"),
    ] {
        one(&findings(&[(path, text)]), "the name \"zeppelin\" is retired, write airship");
    }
    one(
        &findings(&[("crates/x/src/lib.rs", "struct Kite;\n")]),
        "the name \"Kite\" is retired, write glider",
    );
}

#[test]
fn a_word_that_only_looks_like_a_retired_name_passes() {
    for (path, text) in [
        ("crates/x/src/lib.rs", "//! A zeppelin in prose.\nconst A: &str = \"zeppelin\";\n"),
        ("crates/x/src/lib.rs", "struct Zeppelinesque;\nfn kite() {}\nstruct KiteTail;\n"),
        ("crates/x/src/lib.rs", "impl Other for S { fn zeppelin() {} }\n"),
        ("crates/x/src/lib.rs", "#[cfg(test)]\nmod tests { #[test]\n fn a_zeppelin_flies() {} }\n"),
        ("xtask/src/zeppelin.rs", "fn zeppelin() {}\n"),
        ("docs/zeppelin.md", "A page.\n"),
    ] {
        assert_eq!(findings(&[(path, text)]), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn a_planted_retired_phrase_is_found() {
    for (path, text, line) in [
        ("crates/x/src/lib.rs", "// A server pulls the plug.\n", 1),
        ("crates/x/src/lib.rs", "/// A server pulls\n/// the plug.\nfn f() {}\n", 1),
        ("crates/x/src/lib.rs", "/*\n * It Pulls the\n * plug.\n */\n", 2),
        ("crates/x/src/lib.rs", "const A: char = '\"';\nconst B: &str = \"pulls the plug\";\n", 2),
        ("crates/x/src/lib.rs", "const A: &str = \"a\\\" \\\n    pulls the plug\";\n", 2),
        ("crates/x/src/lib.rs", "const A: &str = r#\"a\"\npulls the plug\"#;\n", 2),
        ("crates/x/src/lib.rs", "fn f<'a>(_: &'a u8) {} // pulls the plug\n", 1),
        ("tests/tests/a.rs", "#[test]\nfn a_user_pulls_the_plug() {}\n", 2),
        ("docs/a.md", "# A\n\nA server\npulls the plug.\n", 4),
        ("README.md", "It pulls the plug.\n", 1),
        ("web/src/lib/a.svelte", "<p>It pulls\n   the plug.</p>\n", 1),
        ("web/src/lib/a.ts", "// It pulls\n// the plug.\n", 1),
    ] {
        let found = findings(&[(path, text)]);
        one(&found, "the phrase \"pulls the plug\" is retired, write ends");
        assert!(found[0].starts_with(&format!("{path}:{line}: ")), "{found:?}");
    }
}

#[test]
fn a_text_without_the_whole_phrase_passes() {
    for (path, text) in [
        ("crates/x/src/lib.rs", "// It pulls the plugs, and yonder hill waits.\n"),
        ("crates/x/src/lib.rs", "// It pulls\n\n// the plug.\n"),
        ("docs/a.md", "It pulls\n\nthe plug.\n"),
        ("CHANGELOG.md", "It pulls the plug.\n"),
        ("web/src/lib/schema.gen.ts", "// It pulls the plug.\n"),
        ("web/node_modules/a/a.ts", "// It pulls the plug.\n"),
    ] {
        assert_eq!(findings(&[(path, text)]), Vec::<String>::new(), "{path}: {text}");
    }
    assert_eq!(findings(&[("docs/a.md", "Row twelve.\n")]), Vec::<String>::new());
    one(&findings(&[("crates/x/src/lib.rs", "// Row twelve.\n")]), "the phrase \"row twelve\" is retired");
    one(&findings(&[("docs/a.md", "Yonder waits.\n")]), "`yonder`: the phrase \"yonder\" is retired");
}

#[test]
fn a_page_without_its_lists_is_found() {
    let without = |part: &str| super::planted::GLOSSARY.replace(part, "");
    for (page, expected) in [
        (without("## Retired names\n"), "has no table"),
        (without("| phrase | write instead |"), "has no table"),
        (without("part of any name"), "cannot read the row of names"),
    ] {
        one(&findings(&[("docs/glossary.md", &page)]), expected);
    }
}
