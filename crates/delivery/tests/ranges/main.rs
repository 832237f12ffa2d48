//! A million generated requests: the plan equals the verdict of an independent oracle.
// The workspace's test allowance does not reach functions outside `#[test]`.
#![allow(clippy::unwrap_used)]

mod generate;
mod oracle;

use fanfare_delivery::{EntityTag, Plan, Representation, ranges};
use http::{HeaderMap, HeaderValue, Method, header};
use oracle::{Fields, Verdict, World};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const TAGS: &[&str] =
    &["\"v1\"", "\"v2\"", "W/\"v1\"", "W/\"v2\"", DATE, "Sun, 06 Nov 1994 08:49:36 GMT", "v1", ""];

fn header_map(fields: &Fields) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in [
        (header::RANGE, &fields.range),
        (header::IF_RANGE, &fields.if_range),
        (header::IF_MATCH, &fields.if_match),
        (header::IF_NONE_MATCH, &fields.if_none_match),
    ] {
        if let Some(value) = value {
            map.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
    }
    map
}

#[test]
fn a_million_requests_agree_with_the_oracle() {
    let seed = std::env::var("FANFARE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(2);
    println!("seed {seed} (set FANFARE_SEED to change it)");
    let mut dice = generate::Dice(seed);
    let mut seen = [0_u32; 5];
    for round in 0..1_000_000 {
        let len = [0, 1, 2, 10, 1_000, 10_000][dice.below(6) as usize];
        let head = dice.below(10) == 0;
        let fields = generate::fields(&mut dice, len, TAGS);
        let representation = Representation {
            len,
            etag: EntityTag::parse(TAGS[0].as_bytes()).unwrap(),
            last_modified_s: Some(784_111_777),
            date_is_strong: true,
        };
        let method = if head { Method::HEAD } else { Method::GET };
        let got = match ranges::plan(&method, &header_map(&fields), &representation) {
            Plan::Whole => Verdict::Status(200),
            Plan::Part(part) => Verdict::Parts(vec![(part.first, part.last)]),
            Plan::Parts(parts) => Verdict::Parts(parts.iter().map(|part| (part.first, part.last)).collect()),
            Plan::NotModified => Verdict::Status(304),
            Plan::PreconditionFailed => Verdict::Status(412),
            Plan::Unsatisfiable => Verdict::Status(416),
        };
        let expected = oracle::verdict(head, &fields, &World { len, etag: TAGS[0], date: DATE });
        assert_eq!(got, expected, "round {round}, length {len}, {method} {fields:?}");
        seen[match expected {
            Verdict::Status(200) => 0,
            Verdict::Status(304) => 1,
            Verdict::Status(412) => 2,
            Verdict::Status(_) => 3,
            Verdict::Parts(_) => 4,
        }] += 1;
    }
    println!("200: {}, 304: {}, 412: {}, 416: {}, 206: {}", seen[0], seen[1], seen[2], seen[3], seen[4]);
    assert!(seen.iter().all(|count| *count > 10_000), "the generator reaches every outcome: {seen:?}");
}
