//! How many checks a program ran, read from what it printed.

/// Passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Checks that passed.
    pub passed: usize,
    /// Checks that failed.
    pub failed: usize,
}

/// How a program tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It is one check: its exit code.
    Whole,
    /// Lines with `N passed` and `M failed` (nextest's summary, `cargo test`'s results, vitest, our browser test).
    Lines,
}

impl Counted {
    /// The count, from the exit code and the lines printed. A bad exit is at least one failure.
    pub fn count(self, ok: bool, lines: &[String]) -> Count {
        let mut count = Count::default();
        if self == Self::Lines {
            for line in lines.iter().filter(|line| tells(line)) {
                count.passed += number_before(line, "passed");
                count.failed += number_before(line, "failed");
                count.failed += number_before(line, "timed out");
            }
        }
        if !ok && count.failed == 0 {
            count.failed = 1;
        }
        if ok && count == Count::default() && self == Self::Whole {
            count.passed = 1;
        }
        count
    }
}

/// Whether it is a line of totals, not one of a single test or file.
fn tells(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("Summary [")
        || line.starts_with("test result:")
        || line.starts_with("Tests  ")
        || only_totals(line)
}

/// `N passed, M failed` and nothing else: our browser test's last line.
fn only_totals(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words.as_slice(), [_, "passed,", _, "failed"])
}

/// The number right before that word, 0 when there is none.
fn number_before(line: &str, word: &str) -> usize {
    line.split(word)
        .next()
        .filter(|before| before.len() < line.len())
        .and_then(|before| before.trim_end().rsplit(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_from_each_kind_of_output() {
        for (line, passed, failed) in [
            ("     Summary [   0.022s] 4 tests run: 4 passed, 0 skipped", 4, 0),
            (
                "     Summary [   9.1s] 312 tests run: 310 passed (2 slow), 1 failed, 1 timed out, 3 skipped",
                310,
                2,
            ),
            ("test result: ok. 13 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out", 13, 0),
            ("      Tests  2 failed | 41 passed (43)", 41, 2),
            ("12 passed, 0 failed", 12, 0),
            (" Test Files  5 passed (5)", 0, 0),
        ] {
            let count = Counted::Lines.count(true, &[line.to_owned()]);
            assert_eq!(count, Count { passed, failed }, "{line}");
        }
        assert_eq!(Counted::Whole.count(true, &[]), Count { passed: 1, failed: 0 });
        assert_eq!(Counted::Whole.count(false, &[]), Count { passed: 0, failed: 1 });
        assert_eq!(Counted::Lines.count(false, &[]), Count { passed: 0, failed: 1 });
    }
}
