//! The songs: tempo, chords, and which parts play.

use super::{
    mix::Mix,
    voices::{self, Noise},
};

/// A song's score.
#[derive(Debug)]
pub struct Song {
    /// Title.
    pub title: &'static str,
    /// Genre for the tag.
    pub genre: &'static str,
    /// Beats per minute.
    pub tempo_bpm: f32,
    /// Beats in a bar.
    pub beats_per_bar: usize,
    /// How many bars it has.
    pub bars: usize,
    /// The key, for people.
    pub key: &'static str,
    /// One chord per bar, repeated: MIDI notes, root first.
    pub chords: &'static [[u8; 3]],
    /// The scale that the melody walks, as MIDI notes.
    pub scale: &'static [u8],
    /// Whether drums play.
    pub drums: bool,
    /// Whether the melody is struck (bells) instead of plucked.
    pub bells: bool,
    /// Peak level of the file in dBFS; they differ so that ReplayGain has something to do.
    pub peak_dbfs: f32,
}

/// The album, in order.
pub const SONGS: &[Song] = &[
    Song {
        title: "Morning Window",
        genre: "Ambient",
        tempo_bpm: 84.0,
        beats_per_bar: 4,
        bars: 10,
        key: "C major",
        chords: &[[48, 52, 55], [45, 48, 52], [41, 45, 48], [43, 47, 50]],
        scale: &[60, 62, 64, 67, 69, 72, 74, 76],
        drums: false,
        bells: false,
        peak_dbfs: -6.0,
    },
    Song {
        title: "Two Wheels",
        genre: "Electronic",
        tempo_bpm: 124.0,
        beats_per_bar: 4,
        bars: 16,
        key: "A minor",
        chords: &[[45, 48, 52], [41, 45, 48], [48, 52, 55], [43, 47, 50]],
        scale: &[57, 60, 62, 64, 67, 69, 72, 74],
        drums: true,
        bells: false,
        peak_dbfs: -1.0,
    },
    Song {
        title: "Paper Boats",
        genre: "Waltz",
        tempo_bpm: 96.0,
        beats_per_bar: 3,
        bars: 16,
        key: "F major",
        chords: &[[41, 45, 48], [46, 50, 53], [43, 46, 50], [48, 52, 55]],
        scale: &[65, 67, 69, 72, 74, 77, 79, 81],
        drums: false,
        bells: true,
        peak_dbfs: -9.0,
    },
    Song {
        title: "Night Bus",
        genre: "Downtempo",
        tempo_bpm: 92.0,
        beats_per_bar: 4,
        bars: 12,
        key: "E minor",
        chords: &[[40, 43, 47], [48, 52, 55], [43, 47, 50], [50, 54, 57]],
        scale: &[64, 66, 67, 71, 74, 76, 78, 79],
        drums: true,
        bells: true,
        peak_dbfs: -3.0,
    },
    Song {
        title: "Lanterns",
        genre: "Electronic",
        tempo_bpm: 140.0,
        beats_per_bar: 4,
        bars: 20,
        key: "D major",
        chords: &[[50, 54, 57], [47, 50, 54], [43, 47, 50], [45, 49, 52]],
        scale: &[62, 64, 66, 69, 71, 74, 76, 78],
        drums: true,
        bells: false,
        peak_dbfs: -0.5,
    },
];

/// Seconds after the last bar, for the room to die away.
const TAIL_S: f32 = 1.5;

/// The song as 16-bit stereo.
pub fn render(song: &Song, rate_hz: u32) -> Vec<[i16; 2]> {
    let rate = rate_hz as f32;
    let beat_s = 60.0 / song.tempo_bpm;
    let bar_s = beat_s * song.beats_per_bar as f32;
    let mut mix = Mix::silence(bar_s * song.bars as f32 + TAIL_S, rate_hz);
    let mut walk = Walk { noise: Noise::new(song.title.len() as u32), step: song.scale.len() / 2 };
    for bar in 0..song.bars {
        let start = bar as f32 * bar_s;
        // The last bar comes home, whatever the round of chords says.
        let chord = song.chords[if bar + 1 == song.bars { 0 } else { bar % song.chords.len() }];
        for (voice, note) in chord.into_iter().enumerate() {
            let place = (voice as f32 - 1.0) * 0.6;
            mix.add(start, &voices::pad(f32::from(note) + 12.0, bar_s + 0.4, rate), 0.16, place);
        }
        for beat in 0..song.beats_per_bar {
            let at = start + beat as f32 * beat_s;
            if beat % 2 == 0 || song.drums {
                mix.add(at, &voices::bass(f32::from(chord[0]) - 12.0, beat_s * 0.9, rate), 0.34, 0.0);
            }
            // The first bars and the last one leave the melody out.
            if bar >= 2 && bar + 1 < song.bars {
                melody(&mut mix, song, &mut walk, at, beat_s, rate);
            }
            if song.drums && bar >= 1 {
                drums(&mut mix, song, beat, at, beat_s, rate);
            }
        }
    }
    mix.room(if song.drums { 0.35 } else { 0.7 });
    mix.finish(song.peak_dbfs)
}

/// Where a melody is on its scale, and the chance that moves it.
struct Walk {
    noise: Noise,
    step: usize,
}

/// Up to two notes in a beat, walking the scale by small steps.
fn melody(mix: &mut Mix, song: &Song, walk: &mut Walk, at: f32, beat_s: f32, rate: f32) {
    for half in 0..2 {
        let chance = walk.noise.next();
        let moved = walk.step as f32 + (walk.noise.next() * 2.6).round();
        walk.step = moved.clamp(0.0, (song.scale.len() - 1) as f32) as usize;
        // On the beat nearly always, between beats now and then.
        if chance < if half == 0 { 0.8 } else { -0.2 } {
            let note = f32::from(song.scale[walk.step]);
            let sound =
                if song.bells { voices::bell(note, 1.6, rate) } else { voices::pluck(note, 1.2, rate) };
            mix.add(at + half as f32 * 0.5 * beat_s, &sound, 0.3, 0.35 * walk.noise.next());
        }
    }
}

fn drums(mix: &mut Mix, song: &Song, beat: usize, at: f32, beat_s: f32, rate: f32) {
    // Drums tuned to the tonic do not blur the key; the kick lies between 31 and 62 Hz.
    let tonic = f32::from(song.chords[0][0] % 12) + 24.0;
    if beat.is_multiple_of(2) {
        mix.add(at, &voices::kick(tonic, rate), 0.8, 0.0);
    } else {
        mix.add(at, &voices::snare(tonic + 24.0, rate), 0.4, 0.05);
    }
    for half in 0..2 {
        mix.add(at + half as f32 * 0.5 * beat_s, &voices::hat(rate), 0.25, -0.3);
    }
}
