//! What `ffmpeg` says on its error output, and which line of it is the cause.

use crate::tags::text;

/// The last line that says something, cleaned and without what differs from run to run.
pub(crate) fn last_line(bytes: &[u8]) -> Option<String> {
    // Lines look like "[wv @ 0x55..] Invalid block header."; addresses differ from run to run.
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().rev().map(without_address).find(|line| says_something(line))?;
    text::clean(line.trim_end_matches('.'), 200)
}

/// Whether a line is about the file. ffmpeg counts repeated lines instead of writing them (`av_log`), ends with lines that only
/// say that it ended, and shows how far it is.
fn says_something(line: &str) -> bool {
    const NOTHING: [&str; 7] = [
        "Last message repeated",
        "Conversion failed",
        "Exiting normally",
        "Press [q]",
        "frame=",
        "size=",
        "Nothing was written into output file",
    ];
    line.contains(char::is_alphanumeric) && !NOTHING.iter().any(|start| line.trim_start().starts_with(start))
}

fn without_address(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(line, |(_, rest)| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 13: "Last message repeated 2 times" was given as a cause.
    #[test]
    fn the_last_words_are_those_that_say_something() {
        for (said, expected) in [
            (
                "[wv @ 0x55d0] Invalid block header.\n    Last message repeated 2 times\n",
                Some("Invalid block header"),
            ),
            (
                "[aac @ 0x1] channel element 1.0 is not allocated\nLast message repeated 1 times\n\nConversion failed!\n",
                Some("channel element 1.0 is not allocated"),
            ),
            (
                "Error opening input files: Invalid data found\n\nExiting normally, received signal 15.\n",
                Some("Error opening input files: Invalid data found"),
            ),
            ("[x @ 0x1] broken\r\nsize=       0kB time=00:00:00.00 bitrate=N/A\n---\n", Some("broken")),
            ("    Last message repeated 2 times\n", None),
            ("", None),
        ] {
            assert_eq!(last_line(said.as_bytes()).as_deref(), expected, "{said}");
        }
    }
}
