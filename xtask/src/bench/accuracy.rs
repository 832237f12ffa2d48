//! `cargo xtask bench accuracy`: how exactly Fanfare and other programs (peers) analyze generated music, scored by the same scorer.

mod judge;

use std::path::PathBuf;

use clap::Args;

use self::judge::{Scored, judge_levels, judge_music};
use super::{
    page,
    peers::{self, LEVELS, MUSICAL, Peer},
    place::{Common, Place},
    sets::{Figure, Scores, Set},
    target::{self, Target},
};

/// Pieces in a set; the figures are about sets of sixty.
const PIECES: usize = 60;
/// Pieces with `--quick`.
const FEW_PIECES: usize = 12;

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// Seed of a set of composed pieces; may be given several times [default: 1, the dev set]
    #[arg(long, value_name = "N")]
    seed: Vec<u64>,
    /// Each set also out of tune by 15 to 45 cents and degraded (low bitrates, narrow bands, overdrive, echo)
    #[arg(long)]
    rough: bool,
    /// Do not ask the peers: Fanfare's rows, beside the peers' figures that issue 3 gives
    #[arg(long)]
    ours: bool,
    /// Ask the peers again, although their answers of an earlier run are there
    #[arg(long)]
    fresh: bool,
    /// Sets of 12 pieces instead of 60; the page is not written
    #[arg(long)]
    quick: bool,
}

/// Columns of the tables of music: the scorer's word, and ours.
const MUSIC: &[(&str, &str)] = &[
    ("acc1", "tempo Acc1"),
    ("acc2", "Acc2"),
    ("exact_tempo", "within 0.5 %"),
    ("beatF", "beat F"),
    ("AMLt", "AMLt"),
    ("downF", "downbeat F"),
    ("key_exact", "key exact"),
    ("key_w", "key MIREX"),
];

/// Columns of the table of loudness, with the unit of the error.
const LOUDNESS: &[(&str, &str, &str)] = &[
    ("lufs", "integrated", "LU"),
    ("lra", "range", "LU"),
    ("true_peak", "true peak", "dB"),
    ("momentary_max", "momentary", "LU"),
    ("shortterm_max", "short-term", "LU"),
];

/// Measures, prints, and writes the page. A target that is missed is no failure.
pub fn run(options: &Options) -> bool {
    measure(options).inspect_err(|complaint| eprintln!("{complaint}")).is_ok()
}

fn measure(options: &Options) -> Result<(), String> {
    let place = Place::prepare(&options.common)?;
    place.corpus()?;
    if !place.has_module("mir_eval, scipy, soundfile, mido") {
        return Err("the generator and the scorer need mido, mir_eval, scipy and soundfile: --install gets them, or name a Python \
                    that has them with --python"
            .to_owned());
    }
    let seeds = if options.seed.is_empty() { vec![1] } else { options.seed.clone() };
    let count = if options.quick { FEW_PIECES } else { PIECES };
    let (musical, measuring): (&[Peer], &[Peer]) = if options.ours { (&[], &[]) } else { (MUSICAL, LEVELS) };
    let mut text = String::new();
    let mut sets = Vec::new();
    for seed in seeds {
        let clean = Set::music(&place, seed, count)?;
        let rough = if options.rough { Some(clean.roughened(&place)?) } else { None };
        for (set, how) in [(Some(clean), ""), (rough, ", rough")] {
            let Some(set) = set else { continue };
            let scores = analyzed(&place, &set, musical, options.fresh)?;
            let name = if seed == 1 { "Seed 1, the dev set".to_owned() } else { format!("Seed {seed}") };
            let table = music_table(&place, musical, &scores);
            text += &format!("### {name}{how}: {count} composed pieces, per cent\n\n{table}\n");
            sets.push(Scored { name: format!("seed {seed}{how}"), scores });
        }
    }
    let levels = analyzed(&place, &Set::loudness(&place)?, measuring, options.fresh)?;
    text += &format!(
        "### Loudness: generated signals of known loudness, range and peak (cases within tolerance, worst error)\n\n{}\n",
        loudness_table(&place, measuring, &levels)
    );
    let mut targets = judge_music(&sets);
    targets.extend(judge_levels(&levels));
    let cells: Vec<_> = targets.iter().map(Target::cells).collect();
    let best = judge::best_peers(&sets);
    let rows: Vec<Vec<String>> = cells
        .into_iter()
        .zip(best.into_iter().chain(std::iter::repeat(String::new())))
        .map(|(mut cells, best)| {
            cells.insert(2, best);
            cells
        })
        .collect();
    let header = ["figure", "Fanfare", "best peer there", "target", "verdict"];
    text += &format!(
        "### Against the targets\n\n{}\n\n{}\n{}.\n",
        judge::EXPLANATION,
        page::table(&header, &rows),
        target::sum(&targets)
    );
    println!("\n{text}");
    if place.wants_all() && !options.quick && !options.common.no_write {
        let begin = format!(
            "## Who hears music right\n\n`cargo xtask bench accuracy`: {}. Composed music rendered by a sound font, whose truth is exact; records are \
             harder to judge. A rough set is the same pieces, each out of tune by 15 to 45 cents and most of them degraded (low bitrates, \
             narrow bands, overdrive, echo). One piece of sixty is 1.7 points: differences under 6 points on one set are noise.\n\n",
            page::circumstances()
        );
        page::write("accuracy", &(begin + &text))?;
    }
    Ok(())
}

/// Has Fanfare and all peers analyze the set, and scores them.
fn analyzed(place: &Place, set: &Set, peers: &[Peer], fresh: bool) -> Result<Scores, String> {
    let mut answers: Vec<PathBuf> = vec![peers::analyze_ourselves(set)?];
    for peer in peers.iter().filter(|peer| place.wants(&peer.name.to_lowercase())) {
        if !peer.is_installed(place) {
            eprintln!("{}: not installed", peer.name);
            continue;
        }
        match peer.analyze(place, set, fresh) {
            Ok(path) => answers.push(path),
            Err(complaint) => eprintln!("{complaint}"),
        }
    }
    set.score(place, &answers)
}

/// Names in the order of the table: ours, then the wanted peers.
fn names<'a>(place: &'a Place, peers: &'a [Peer]) -> impl Iterator<Item = &'static str> {
    let wanted = peers.iter().filter(|peer| place.wants(&peer.name.to_lowercase())).map(|peer| peer.name);
    std::iter::once(peers::OURS).chain(wanted)
}

fn music_table(place: &Place, peers: &[Peer], scores: &Scores) -> String {
    let mut header = vec!["tool"];
    header.extend(MUSIC.iter().map(|(_, column)| *column));
    let rows: Vec<Vec<String>> = names(place, peers)
        .map(|name| {
            let cells = MUSIC.iter().enumerate().map(|(at, (figure, _))| match scores.get(name) {
                Some(found) => match found.get(*figure) {
                    Some(Figure::Share(share)) => format!("{:.1}", share * 100.0),
                    _ => "-".to_owned(),
                },
                None if at == 0 => "not installed".to_owned(),
                None => String::new(),
            });
            std::iter::once(name.to_owned()).chain(cells).collect()
        })
        .collect();
    page::table(&header, &rows)
}

fn loudness_table(place: &Place, peers: &[Peer], scores: &Scores) -> String {
    let mut header = vec!["tool"];
    header.extend(LOUDNESS.iter().map(|(_, column, _)| *column));
    let rows: Vec<Vec<String>> = names(place, peers)
        .map(|name| {
            let cells = LOUDNESS.iter().enumerate().map(|(at, (figure, _, unit))| match scores.get(name) {
                Some(found) => match found.get(*figure) {
                    Some(Figure::Cases { passed, of, missing, worst }) => {
                        let silent =
                            if *missing > 0 { format!(", {missing} unanswered") } else { String::new() };
                        format!("{passed} of {of}, {worst:.3} {unit}{silent}")
                    }
                    _ => "-".to_owned(),
                },
                None if at == 0 => "not installed".to_owned(),
                None => String::new(),
            });
            std::iter::once(name.to_owned()).chain(cells).collect()
        })
        .collect();
    page::table(&header, &rows)
}
