//! Where the bars begin once beat and meter are known: one phase for the whole track unless the music insists on another.
//!
//! The most probable sequence of places in the bar (Viterbi), as in the bar-pointer model (N. Whiteley, A. T. Cemgil and S. Godsill,
//! "Bayesian Modelling of Temporal Structure in Musical Audio", ISMIR 2006), on the beats instead of on frames.

use super::scene::{BASS, HARMONY, LOW, SNARE, Scene};

/// Cost of a bar that is not whole: about what eight plain bars say against a wrong phase.
const SLIP_COST: f64 = 20.0;

/// Indices of the beats that begin a bar. `first` is the phase that the whole track speaks for.
pub(super) fn downbeats(scene: &Scene, beats: &[f64], meter: usize, first: usize) -> Vec<usize> {
    if beats.is_empty() || meter < 2 {
        return Vec::new();
    }
    let evidence = |at: f64, place: usize| -> f64 {
        let (harmony, bass) = (scene.at(HARMONY, at) - 1.0, scene.at(BASS, at) - 1.0);
        let (low, snare) = (scene.at(LOW, at) - 1.0, scene.at(SNARE, at) - 1.0);
        match (meter, place) {
            (_, 0) => 2.6 * harmony + 1.8 * bass + 0.5 * low - 0.3 * snare,
            (4, 2) => -2.0 * harmony - 0.6 * bass - 0.3 * snare,
            (4, _) => -0.8 * harmony - 0.6 * bass - 0.2 * low + 0.3 * snare,
            _ => -1.7 * harmony - 0.9 * bass - 0.4 * low + 0.2 * snare,
        }
    };
    let begin = (meter - first % meter) % meter;
    let mut scores: Vec<f64> = (0..meter)
        .map(|place| evidence(beats[0], place) - if place == begin { 0.0 } else { SLIP_COST })
        .collect();
    let mut from: Vec<Vec<usize>> = Vec::with_capacity(beats.len());
    for beat in &beats[1..] {
        let best = (0..meter).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
        let mut next = Vec::with_capacity(meter);
        let mut origin = Vec::with_capacity(meter);
        for place in 0..meter {
            let regular = (place + meter - 1) % meter;
            let slipped = scores[best] - SLIP_COST;
            let (score, source) =
                if scores[regular] >= slipped { (scores[regular], regular) } else { (slipped, best) };
            next.push(score + evidence(*beat, place));
            origin.push(source);
        }
        scores = next;
        from.push(origin);
    }
    let mut place = (0..meter).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
    let mut places = vec![place];
    for origin in from.iter().rev() {
        place = origin[place];
        places.push(place);
    }
    places.reverse();
    places.iter().enumerate().filter(|(_, place)| **place == 0).map(|(n, _)| n).collect()
}
