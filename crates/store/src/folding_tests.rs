use proptest::prelude::*;

use super::*;

/// Issue 13: what is typed finds what is written.
#[test]
fn what_is_typed_and_what_is_written_fold_alike() {
    for (typed, written) in [
        ("lodz", "Łódź"),
        ("oresund", "Øresund"),
        ("strasse", "Straße"),
        ("strasse", "STRAẞE"),
        ("aeon", "Æon"),
        ("aether", "ÆTHER"),
        ("oeuvre", "Œuvre"),
        ("thorir", "Þórir"),
        ("sigur ros", "Sigur Rós"),
        ("heima i kvold", "Heima í kvöld"),
        ("guðrun", "Guðrún"),
        ("gudrun", "Guðrún"),
        ("dordevic", "Đorđević"),
        ("isik", "Işık"),
        ("istanbul", "İstanbul"),
        ("haz", "Ħaż"),
        ("bjork", "Bjo\u{308}rk"),
        ("motley crue", "Mötley  Crüe"),
        ("dont", "Don't"),
        ("dont", "Don’t"),
        ("dont", "Don`t"),
        ("journeys end", "Journey’s End"),
        ("oconnor", "O'Connor"),
        ("hawaii", "Hawaiʻi"),
        ("mc2", "MC²"),
        ("abc", "ＡＢＣ"),
        ("fin", "ﬁn"),
        ("spider-man", "Spider‐Man"),
        ("a - b", "A\u{a0}–\u{3000}B"),
        ("\"heroes\"", "“Heroes”"),
        ("odos", "ODOS"),
        ("οδοσ", "ΟΔΟΣ"),
        ("οδοσ", "οδός"),
        ("ελλαδα", "Ελλάδα"),
        ("еж", "Ёж"),
        ("カタカナ", "ｶﾀｶﾅ"),
        ("soft", "so\u{ad}ft"),
        ("vietnam", "Việt\u{200b}nam"),
    ] {
        assert_eq!(fold(typed), fold(written), "{typed} and {written}");
    }
}

#[test]
fn nothing_goes_from_one_script_to_another() {
    for (written, folded) in [
        ("東京事変", "東京事変"),
        ("ガガ", "ガガ"),
        ("が", "が"),
        ("한국", "한국"),
        ("Москва", "москва"),
        ("हिन्दी", "हिन्दी"),
        ("ไทย", "ไทย"),
        ("עברית", "עברית"),
        ("!!!", "!!!"),
        ("", ""),
        (" \n ", ""),
    ] {
        assert_eq!(fold(written), folded);
    }
    for (one, other) in [("が", "か"), ("ぱ", "は"), ("ド", "ト"), ("कि", "क"), ("AC/DC", "ACDC")]
    {
        assert_ne!(fold(one), fold(other));
    }
}

#[test]
fn words_have_their_parts() {
    let letters = |text: &str| Part::Letters(text.to_owned());
    let row = |text: &str| Part::Row(text.chars().collect());
    for (text, found) in [
        ("Don’t  Stop", vec![vec![letters("don"), letters("t")], vec![letters("stop")]]),
        ("AC/DC!", vec![vec![letters("ac"), letters("dc")]]),
        ("J-POP東京2020", vec![vec![letters("j"), letters("pop"), row("東京"), letters("2020")]]),
        ("ジョン・レノン", vec![vec![row("ジョン"), row("レノン")]]),
        ("한국 노래", vec![vec![row("한국")], vec![row("노래")]]),
        ("!!! *", vec![]),
    ] {
        assert_eq!(words(text), found, "{text}");
    }
    assert_eq!(joined(&[letters("ac"), letters("dc")]).as_deref(), Some("acdc"));
    assert_eq!(joined(&[letters("ac")]), None);
    assert_eq!(joined(&[letters("j"), row("東")]), None);
    assert_eq!(pairs(&['東', '京', '事']), ["東京", "京事"]);
}

proptest! {
    #[test]
    fn folding_twice_gives_the_same(text in ".{0,40}", rare in proptest::collection::vec(any::<char>(), 0..8)) {
        for text in [text, rare.into_iter().collect()] {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone(), "{:?}", text);
            prop_assert_eq!(words(&with_apostrophes(&text)), words(&text), "{:?}", text);
        }
    }

    #[test]
    fn case_and_composition_do_not_count(text in "[\\p{Latin}\\p{Greek}\\p{Cyrillic}\\p{Han}\\p{Katakana} '’-]{0,30}") {
        prop_assert_eq!(fold(&text.nfd().collect::<String>()), fold(&text));
        prop_assert_eq!(fold(&text.nfc().collect::<String>()), fold(&text));
    }
}
