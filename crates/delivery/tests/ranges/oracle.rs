//! A second, independent reading of RFC 9110 sections 13 and 14, to compare answers with. Slow, plain, by sets of bytes.
#![allow(dead_code)]

/// What the oracle knows of the representation: a length, a tag, a date in Unix seconds. Both validators are strong.
pub struct World<'a> {
    pub len: u64,
    pub etag: &'a str,
    pub date: &'a str,
}

/// The header fields the oracle understands, as text; dates are one of three known strings.
#[derive(Default, Debug, Clone)]
pub struct Fields {
    pub range: Option<String>,
    pub if_range: Option<String>,
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Verdict {
    Status(u16),
    /// 206 with these (first, last).
    Parts(Vec<(u64, u64)>),
}

fn tags(list: &str) -> Vec<String> {
    // Generated tags hold no comma, so splitting is right here.
    list.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()
}

/// The verdict on a GET (or, with `head`, a HEAD).
pub fn verdict(head: bool, fields: &Fields, world: &World<'_>) -> Verdict {
    if let Some(list) = &fields.if_match {
        let strong = |tag: &String| tag == world.etag && !tag.starts_with("W/");
        if list != "*" && !tags(list).iter().any(strong) {
            return Verdict::Status(412);
        }
    }
    if let Some(list) = &fields.if_none_match {
        let bare = |tag: &str| tag.trim_start_matches("W/").to_owned();
        if list == "*" || tags(list).iter().any(|tag| bare(tag) == bare(world.etag)) {
            return Verdict::Status(304);
        }
    }
    let whole = Verdict::Status(200);
    let Some(range) = fields.range.as_deref().filter(|_| !head) else { return whole };
    if let Some(validator) = &fields.if_range
        && validator != world.etag
        && validator != world.date
    {
        return whole;
    }
    let lower = range.to_ascii_lowercase();
    let Some(set) = lower.strip_prefix("bytes=") else { return whole };
    let elements: Vec<&str> =
        set.split(',').map(|e| e.trim_matches(|c| c == ' ' || c == '\t')).filter(|e| !e.is_empty()).collect();
    let mut parts = Vec::new();
    for element in &elements {
        if element.chars().any(|c| !c.is_ascii_digit() && c != '-') || element.matches('-').count() != 1 {
            return whole;
        }
        // Generated numbers have at most 30 digits, which u128 holds.
        let number = |text: &str| text.parse::<u128>().ok();
        let (left, right) = element.split_at(element.find('-').unwrap());
        let len = u128::from(world.len);
        let (from, to) = match (number(left), number(&right[1..])) {
            (None, None) => return whole,
            (Some(from), Some(to)) if to < from => return whole,
            (Some(from), to) => (from, to.map_or(len, |to| to + 1).min(len)),
            (None, Some(0)) => (0, 0),
            (None, Some(_)) if len == 0 => return whole,
            (None, Some(size)) => (len - size.min(len), len),
        };
        if from < to {
            parts.push((from as u64, to as u64 - 1));
        }
    }
    let overlap =
        (0..parts.len()).any(|a| (0..a).any(|b| parts[a].0 <= parts[b].1 && parts[b].0 <= parts[a].1));
    if elements.is_empty() || elements.len() > 4 || overlap {
        return whole;
    }
    if parts.is_empty() { Verdict::Status(416) } else { Verdict::Parts(parts) }
}
