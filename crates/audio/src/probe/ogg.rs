//! Ogg behind bytes that belong to nothing (RFC 3533, section 6).

/// The head of a page without its table of segments.
const HEAD_BYTES: usize = 27;
/// Continued, first and last page of a stream; the other flags are not used.
const FLAGS: u8 = 7;

/// Where the first page begins that another one follows at its end.
pub fn find_ogg(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).find(|at| page_end(bytes, *at).is_some_and(|end| bytes[end..].starts_with(b"OggS")))
}

/// Where the page that begins there ends, if it does in these bytes.
fn page_end(bytes: &[u8], at: usize) -> Option<usize> {
    let page = bytes[at..].strip_prefix(b"OggS\0")?;
    if page.first()? & !FLAGS != 0 {
        return None;
    }
    let segments = usize::from(*bytes.get(at + HEAD_BYTES - 1)?);
    let table = bytes.get(at + HEAD_BYTES..at + HEAD_BYTES + segments)?;
    let body: usize = table.iter().map(|length| usize::from(*length)).sum();
    let end = at + HEAD_BYTES + segments + body;
    (end <= bytes.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_where_another_one_follows() {
        let page = |body: usize| {
            let mut page = b"OggS\0\x02".to_vec();
            page.extend([0; 20]);
            page.push(1);
            page.push(u8::try_from(body).unwrap());
            page.resize(page.len() + body, 9);
            page
        };
        let stream = [page(30), page(7)].concat();
        assert_eq!(find_ogg(&stream), Some(0));
        assert_eq!(find_ogg(&[b"junk".as_slice(), &stream].concat()), Some(4));
        assert_eq!(find_ogg(&page(30)), None, "one alone");
        assert_eq!(find_ogg(&[page(30), b"junk".to_vec(), page(7)].concat()), None);
        assert_eq!(find_ogg(b"OggS"), None);
    }
}
