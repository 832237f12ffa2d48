//! Texts for people: comments, string literals and names of tests in Rust, everything in other files.

/// A text in lower case with single spaces, and where its lines begin.
pub struct Block {
    pub text: String,
    /// Offset in the text and number of the line, ascending.
    lines: Vec<(usize, usize)>,
}

impl Block {
    /// The line of the file for an offset of the text.
    pub fn line(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|(start, _)| *start <= offset);
        self.lines.get(after.saturating_sub(1)).map_or(0, |(_, line)| *line)
    }

    fn new() -> Self {
        Self { text: String::new(), lines: Vec::new() }
    }

    /// Adds a line without the marks of a comment, so that a phrase that is broken over two lines is found.
    fn push(&mut self, number: usize, line: &str) {
        let line = line.trim_start().trim_start_matches(['/', '*', '!', '>']);
        self.lines.push((self.text.len(), number));
        for word in line.split_whitespace() {
            self.text.push_str(&word.to_ascii_lowercase());
            self.text.push(' ');
        }
    }
}

/// Paragraphs of a document or of a file of the web UI.
pub fn plain(text: &str) -> Vec<Block> {
    let mut blocks = vec![Block::new()];
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            blocks.push(Block::new());
        } else if let Some(block) = blocks.last_mut() {
            block.push(number + 1, line);
        }
    }
    blocks
}

/// Comments (lines that follow each other are one text), literals, and names of tests.
pub fn rust(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut reader = Reader { text, at: 0, line: 1 };
    let mut comment: Option<(usize, Block)> = None;
    while let Some(piece) = reader.next() {
        match piece {
            Piece::Comment(number, words) => {
                let follows = comment.as_ref().is_some_and(|(last, _)| last + 1 == number);
                if !follows {
                    blocks.extend(comment.take().map(|(_, block)| block));
                }
                let (last, block) = comment.get_or_insert_with(|| (number, Block::new()));
                for (more, line) in words.lines().enumerate() {
                    block.push(number + more, line);
                    *last = number + more;
                }
            }
            Piece::Literal(number, words) => {
                let mut block = Block::new();
                for (more, line) in words.lines().enumerate() {
                    block.push(number + more, line.trim_end_matches('\\'));
                }
                blocks.push(block);
            }
            // Names of tests are sentences of three words and more.
            Piece::Function(number, name) if name.matches('_').count() >= 2 => {
                let mut block = Block::new();
                block.push(number, &name.replace('_', " "));
                blocks.push(block);
            }
            Piece::Function(..) => {}
        }
    }
    blocks.extend(comment.map(|(_, block)| block));
    blocks
}

enum Piece<'a> {
    Comment(usize, &'a str),
    Literal(usize, &'a str),
    Function(usize, &'a str),
}

/// Finds comments, literals and names of functions, nothing else of the language.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        let bytes = self.text.as_bytes();
        while let Some(first) = bytes.get(self.at) {
            let line = self.line;
            let begins = self.at == 0 || !is_in_word(bytes[self.at - 1]);
            let rest = &bytes[self.at..];
            match first {
                b'/' if rest.starts_with(b"//") => {
                    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                    return Some(Piece::Comment(line, self.take(end)));
                }
                b'/' if rest.starts_with(b"/*") => {
                    let end = rest.windows(2).position(|two| two == b"*/").map_or(rest.len(), |end| end + 2);
                    return Some(Piece::Comment(line, self.take(end)));
                }
                b'"' => return Some(Piece::Literal(line, self.take(quoted_end(rest)))),
                b'r' | b'b' if begins && raw_end(rest).is_some() => {
                    let end = raw_end(rest).unwrap_or(rest.len());
                    return Some(Piece::Literal(line, self.take(end)));
                }
                b'f' if begins && rest.starts_with(b"fn ") => {
                    self.at += 3;
                    let end = rest[3..].iter().position(|byte| !is_in_word(*byte)).unwrap_or(rest.len() - 3);
                    return Some(Piece::Function(line, self.take(end)));
                }
                b'\'' => drop(self.take(letter_end(rest).unwrap_or(1))),
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        None
    }

    /// The next bytes as text; a piece begins and ends with ASCII or at the end of a letter.
    fn take(&mut self, count: usize) -> &'a str {
        let piece = self.text.get(self.at..self.at + count).unwrap_or_default();
        self.line += piece.bytes().filter(|byte| *byte == b'\n').count();
        self.at += count;
        piece
    }
}

fn is_in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Behind the closing quote of `"..."`.
fn quoted_end(text: &[u8]) -> usize {
    let mut escaped = false;
    for (at, letter) in text.iter().enumerate().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Behind the end of `r#"..."#`, where the text begins with one.
fn raw_end(text: &[u8]) -> Option<usize> {
    let start = if text.starts_with(b"br") { 2 } else { usize::from(text.starts_with(b"r")) };
    let marks = text[start..].iter().take_while(|byte| **byte == b'#').count();
    let body = start + marks + 1;
    if start == 0 || text.get(body - 1) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(marks + 1, b'#');
    let end = text[body..].windows(close.len()).position(|part| part == close);
    Some(end.map_or(text.len(), |end| body + end + close.len()))
}

/// Behind `'x'` or `'\n'`, where the text begins with one: `'"'` opens no literal. A lifetime has no second quote.
fn letter_end(text: &[u8]) -> Option<usize> {
    // The longest letter has four bytes, the longest escape is `\u{10ffff}`.
    let (from, most) = if text.get(1) == Some(&b'\\') { (3, 12) } else { (2, 6) };
    let close = text.iter().enumerate().take(most).skip(from).find(|(_, byte)| **byte == b'\'')?.0;
    let letter = std::str::from_utf8(&text[1..close]).ok()?;
    (letter.starts_with('\\') || letter.chars().count() == 1).then_some(close + 1)
}
