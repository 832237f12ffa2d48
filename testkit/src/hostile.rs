//! Names that attack code that makes a path, a page or a command of them.

/// Names for files and tags, as text. None may ever make anything be opened outside its folder.
#[must_use]
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        ".",
        "..",
        "...",
        "../secret",
        "../../../../etc/passwd",
        "/etc/passwd",
        "//etc/passwd",
        "~/.ssh/id_rsa",
        "a/../../b",
        "./../b",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc",
        "..%252f",
        "..%c0%af..%c0%afetc",
        "..\\..\\windows\\win.ini",
        "C:\\windows\\win.ini",
        "\\\\server\\share",
        "file:///etc/passwd",
        "http://127.0.0.1:9/x",
        "concat:/etc/passwd",
        "pipe:0",
        "subfile,,start,0,end,1,,:/etc/passwd",
        "data:text/html,x",
        "-i",
        "--help",
        "-o/tmp/x",
        "; rm -rf x",
        "$(touch x)",
        "`touch x`",
        "| cat",
        "&& true",
        "%s%s%s%n",
        "${jndi:x}",
        "con",
        "nul.mp3",
        "aux.flac",
        "name.",
        "name ",
        " ",
        "\t",
        "\n",
        "a\nb",
        "a\rb",
        "a\0b",
        "\u{1b}[2J\u{1b}[H",
        "\u{7}",
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'; DROP TABLE tracks; --",
        "{{7*7}}",
        "%25",
        "?",
        "#",
        "*",
        "a?b#c",
        "\u{202e}3pm.exe",
        "\u{200b}",
        "\u{feff}x",
        "\u{2024}\u{2024}/x",
        "\u{ff0e}\u{ff0e}\u{ff0f}x",
        "ﬁ",
        "é",
        "e\u{301}",
        "İi",
        "ß",
        "\u{1f3b5}",
        "\u{10ffff}",
        "=1+1",
        "+1",
        "@x",
        "[]",
        "{}",
        "null",
        "true",
        "0",
        "-1",
        "1e309",
        "NaN",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    names.push("x".repeat(255));
    names.push("x".repeat(4096));
    names.push("é".repeat(2048));
    names.push("../".repeat(1000));
    names
}

/// The ones that a Linux file system takes as one file name.
#[must_use]
pub fn file_names() -> Vec<String> {
    let fits = |name: &String| {
        !name.contains(['/', '\0']) && name.len() <= 240 && !name.is_empty() && name != "." && name != ".."
    };
    names().into_iter().filter(fits).collect()
}
