use super::*;

fn representation() -> Representation {
    Representation {
        len: 10_000,
        etag: EntityTag::strong("v1"),
        last_modified_s: Some(784_111_777),
        date_is_strong: true,
    }
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(*name, value.parse().unwrap());
    }
    map
}

fn get(fields: &[(&'static str, &str)]) -> Plan {
    plan(&Method::GET, &headers(fields), &representation())
}

const fn part(first: u64, last: u64) -> Plan {
    Plan::Part(ByteRange { first, last })
}

#[test]
fn ranges() {
    let parts = |list: &[(u64, u64)]| {
        Plan::Parts(list.iter().map(|(first, last)| ByteRange { first: *first, last: *last }).collect())
    };
    for (range, expected) in [
        // Examples of RFC 9110 section 14.1.2 on a representation of 10,000 bytes.
        ("bytes=0-499", part(0, 499)),
        ("bytes=500-999", part(500, 999)),
        ("bytes=-500", part(9_500, 9_999)),
        ("bytes=9500-", part(9_500, 9_999)),
        ("bytes=0-0,-1", parts(&[(0, 0), (9_999, 9_999)])),
        ("bytes= 0-999, 4500-5499, -1000", parts(&[(0, 999), (4_500, 5_499), (9_000, 9_999)])),
        ("bytes=500-700,601-999", Plan::Whole),
        // Clamping and huge numbers.
        ("bytes=9999-10000", part(9_999, 9_999)),
        ("bytes=0-99999999999999999999999999", part(0, 9_999)),
        ("bytes=-99999999999999999999999999", part(0, 9_999)),
        ("bytes=99999999999999999999-99999999999999999998", Plan::Whole),
        ("bytes=00000000000000000000000000005-000007", part(5, 7)),
        // Beyond the end.
        ("bytes=10000-", Plan::Unsatisfiable),
        ("bytes=-0", Plan::Unsatisfiable),
        ("bytes=10000-,5-6", part(5, 6)),
        // Order is kept, neighbours do not overlap.
        ("bytes=5-9,0-4", parts(&[(5, 9), (0, 4)])),
        ("bytes=0-0,2-2,4-4,6-6", parts(&[(0, 0), (2, 2), (4, 4), (6, 6)])),
        ("bytes=0-0,2-2,4-4,6-6,8-8", Plan::Whole),
        // Syntax.
        ("BYTES=1-2", part(1, 2)),
        ("bytes=,1-2,\t,", part(1, 2)),
        ("bytes=", Plan::Whole),
        ("bytes=,", Plan::Whole),
        ("bytes", Plan::Whole),
        ("bytes=-", Plan::Whole),
        ("bytes=2-1", Plan::Whole),
        ("bytes=1-2,5-3", Plan::Whole),
        ("bytes=1 -2", Plan::Whole),
        ("bytes=+1-2", Plan::Whole),
        ("bytes=1-2-3", Plan::Whole),
        ("bytes=--1", Plan::Whole),
        ("items=1-2", Plan::Whole),
    ] {
        assert_eq!(get(&[("range", range)]), expected, "{range}");
    }
    assert_eq!(get(&[("range", "bytes=0-1"), ("range", "bytes=4-5")]), Plan::Whole);
}

#[test]
fn preconditions() {
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
    for (fields, expected) in [
        (&[("if-match", "\"v1\"")][..], Plan::Whole),
        (&[("if-match", "*")], Plan::Whole),
        (&[("if-match", "W/\"v1\"")], Plan::PreconditionFailed),
        (&[("if-match", "\"v2\"")], Plan::PreconditionFailed),
        (&[("if-match", "junk")], Plan::PreconditionFailed),
        (&[("if-match", "\"v2\", \"v1\""), ("if-unmodified-since", EARLIER)], Plan::Whole),
        (&[("if-unmodified-since", EARLIER)], Plan::PreconditionFailed),
        (&[("if-unmodified-since", DATE)], Plan::Whole),
        (&[("if-unmodified-since", "yesterday")], Plan::Whole),
        (&[("if-none-match", "W/\"v1\"")], Plan::NotModified),
        (&[("if-none-match", "\"v2\""), ("if-modified-since", LATER)], Plan::Whole),
        (&[("if-none-match", "*"), ("range", "bytes=0-1")], Plan::NotModified),
        (&[("if-modified-since", DATE)], Plan::NotModified),
        (&[("if-modified-since", EARLIER)], Plan::Whole),
        (&[("if-match", "\"v1\""), ("if-none-match", "\"v1\"")], Plan::NotModified),
        (&[("range", "bytes=1-2"), ("if-range", "\"v1\"")], part(1, 2)),
        (&[("range", "bytes=1-2"), ("if-range", "W/\"v1\"")], Plan::Whole),
        (&[("range", "bytes=1-2"), ("if-range", "\"v2\"")], Plan::Whole),
        (&[("range", "bytes=1-2"), ("if-range", DATE)], part(1, 2)),
        (&[("range", "bytes=1-2"), ("if-range", LATER)], Plan::Whole),
        (&[("range", "bytes=1-2"), ("if-range", "junk")], Plan::Whole),
        (&[("range", "bytes=99999-"), ("if-range", "\"v2\"")], Plan::Whole),
        (&[("range", "bytes=1-2"), ("if-range", "\"v1\""), ("if-range", "\"v1\"")], Plan::Whole),
    ] {
        assert_eq!(get(fields), expected, "{fields:?}");
    }
}

#[test]
fn a_weak_tag_or_a_fresh_date_never_allows_a_part() {
    let weak = Representation { etag: EntityTag::weak("v1"), date_is_strong: false, ..representation() };
    for validator in ["\"v1\"", "W/\"v1\"", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let headers = headers(&[("range", "bytes=0-1"), ("if-range", validator)]);
        assert_eq!(plan(&Method::GET, &headers, &weak), Plan::Whole);
    }
}

#[test]
fn other_methods_ignore_range_and_an_empty_file_has_no_parts() {
    let range = headers(&[("range", "bytes=0-1")]);
    assert_eq!(plan(&Method::HEAD, &range, &representation()), Plan::Whole);
    let empty = Representation { len: 0, ..representation() };
    assert_eq!(plan(&Method::GET, &range, &empty), Plan::Unsatisfiable);
    assert_eq!(plan(&Method::GET, &headers(&[("range", "bytes=-1")]), &empty), Plan::Whole);
    let known = headers(&[("if-none-match", "\"v1\"")]);
    assert_eq!(plan(&Method::PUT, &known, &representation()), Plan::PreconditionFailed);
}
