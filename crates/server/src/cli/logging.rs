//! Log lines on standard error, as text or JSON.
//!
//! Invariant: an event is one line, whatever file names and messages of others hold: a name with a line break in it must
//! not look like an event of its own, and none may talk to the terminal.

use std::io::{self, IsTerminal as _, Write};

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

/// Starts logging for this process. A second call changes nothing.
pub fn start(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    // A line that cannot be written (nobody reads standard error, its disk is full) is lost. Told there by a macro that panics, it
    // would end the task that logs, and with it what a signal to end is for.
    let lines = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    // Already started is the only way to fail.
    let _ = match settings.format {
        // JSON escapes by itself.
        LogFormat::Json => {
            lines.with_writer(io::stderr).json().flatten_event(true).with_current_span(false).try_init()
        }
        LogFormat::Text => {
            let colours = io::stderr().is_terminal();
            let writer = move || OneLine { inner: io::stderr(), colours };
            lines.with_writer(writer).compact().with_target(false).with_ansi(colours).try_init()
        }
    };
}

/// Writes each event, which comes in one piece, as one line of printable characters.
struct OneLine<W> {
    inner: W,
    /// Whether escape sequences are the formatter's own (it escapes those of others).
    colours: bool,
}

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        let mut plain = String::with_capacity(event.len());
        for letter in line.chars() {
            match letter {
                '\u{1b}' if self.colours => plain.push(letter),
                '\n' | '\r' | '\t' => plain.extend(letter.escape_default()),
                _ if breaks_a_line(letter) => plain.extend(letter.escape_unicode()),
                _ => plain.push(letter),
            }
        }
        plain.push_str(end);
        self.inner.write_all(plain.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Whether that character moves the cursor, ends a line, or changes the direction of what follows.
fn breaks_a_line(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// issue 12
    #[test]
    fn an_event_is_one_line_whatever_names_hold() {
        for (event, colours, written) in [
            ("WARN a song\n", false, "WARN a song\n"),
            ("WARN a\nERROR b\r\n", false, "WARN a\\nERROR b\\r\n"),
            ("red \u{1b}[31m \u{9b}31m\u{7f}\n", false, "red \\u{1b}[31m \\u{9b}31m\\u{7f}\n"),
            ("\u{1b}[33mWARN\u{1b}[0m a\nb\n", true, "\u{1b}[33mWARN\u{1b}[0m a\\nb\n"),
            ("3pm\u{202e}exe\u{2028}Björk\n", false, "3pm\\u{202e}exe\\u{2028}Björk\n"),
        ] {
            let mut line = OneLine { inner: Vec::new(), colours };
            line.write_all(event.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(line.inner).unwrap(), written);
        }
    }
}
