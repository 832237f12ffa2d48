//! Random header fields around the edges of a length, from a seed.
#![allow(dead_code)]

use crate::oracle::Fields;

/// A small generator of numbers (SplitMix64), so that a run is repeated by its seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    pub fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

fn position(dice: &mut Dice, len: u64) -> String {
    match dice.below(12) {
        0 => "0".into(),
        1 => len.to_string(),
        2 => len.saturating_sub(1).to_string(),
        3 => (len + 1).to_string(),
        4 => "18446744073709551615".into(),
        5 => "18446744073709551616".into(),
        6 => format!("{:030}", dice.below(len + 3)),
        7 => "999999999999999999999999999999".into(),
        _ => dice.below(len + 2).to_string(),
    }
}

fn element(dice: &mut Dice, len: u64) -> String {
    match dice.below(16) {
        0..=6 => {
            let first = dice.below(len + 1);
            format!("{first}-{}", first + dice.below(len / 3 + 2))
        }
        7 | 8 => format!("{}-", position(dice, len)),
        9 | 10 => format!("-{}", position(dice, len)),
        11..=13 => format!("{}-{}", position(dice, len), position(dice, len)),
        14 => String::new(),
        _ => dice
            .pick(&["-", "a-b", "1 - 2", "--5", "1-2-3", "+1-2", "0x1-2", "5", "1-\u{b2}", ";", "1.0-2"])
            .to_owned(),
    }
}

/// Random fields; `tags` are candidates for validators, the first the current one.
pub fn fields(dice: &mut Dice, len: u64, tags: &[&str]) -> Fields {
    let count = [1, 1, 1, 2, 2, 3, 4, 5, 6][dice.below(9) as usize];
    let elements: Vec<String> = (0..count).map(|_| element(dice, len)).collect();
    let unit = match dice.below(20) {
        0 => dice.pick(&["BYTES=", "Bytes=", "items=", "bytes", "bytes =", " bytes=", "=", "bytes=="]),
        _ => "bytes=",
    };
    let separator = dice.pick(&[",", ",", ",", ", ", " ,\t", ",,"]);
    let mut fields =
        Fields { range: Some(format!("{unit}{}", elements.join(separator))), ..Fields::default() };
    if dice.below(10) == 0 {
        fields.range = None;
    }
    if dice.below(3) == 0 {
        fields.if_range = Some(if dice.below(2) == 0 { tags[0] } else { dice.pick(tags) }.to_owned());
    }
    let list = |dice: &mut Dice| match dice.below(6) {
        0 => "*".to_owned(),
        1 | 2 => tags[0].to_owned(),
        _ => format!("{}, {}", dice.pick(&tags[..4]), dice.pick(&tags[..4])),
    };
    if dice.below(8) == 0 {
        fields.if_match = Some(list(dice));
    }
    if dice.below(8) == 0 {
        fields.if_none_match = Some(list(dice));
    }
    fields
}
