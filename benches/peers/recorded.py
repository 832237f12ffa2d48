#!/usr/bin/env python3
"""Tempo and beats of recorded music: Fanfare beside its peers, file by file.

    recorded.py FOLDER [--ours "fanfare analyze --json --only rhythm"] [--cache FILE] [--out PAGE.md] [--half a|b]
    recorded.py FOLDER --gather         first fills FOLDER with pieces from Debian's game packages (apt-get, dpkg, ffmpeg)

Needs ffmpeg, aubio (aubio-tools), and Python with numpy, soundfile, librosa, essentia, mir_eval; a peer that is not there is left out.
Recordings carry no truth, so what is counted is agreement: with the majority of the peers on the tempo, and with each
peer on the beats (F-measure, 70 ms, first 5 s trimmed), beside how well the peers agree among themselves. Pieces with a
FILE.truth.json beside them (beats from the game's own note charts) are scored against that, too.

--ours   a command that takes files and prints one JSON object per line with "path" and "rhythm"
--cache  keeps the peers' answers by name, size and peer, as the peers are slow and do not change
--half   scores one half of the pieces (by a hash of the name), so that a change made for one can be tried on the other
"""
import argparse
import hashlib
import itertools
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
SUFFIXES = {".ogg", ".opus", ".mp3", ".flac", ".wav", ".m4a"}
# Debian packages and what of them is taken (glob below the package's root); all of it is freely licensed.
PACKAGES = {
    "wesnoth-1.16-music": "**/music/*.ogg",
    "hyperrogue-music": "**/music/*.ogg",
    "singularity-music": "**/*.ogg",
    "extremetuxracer-data": "**/music/*.ogg",
    "frozen-bubble-data": "**/*zik*.ogg",
    "lincity-ng-data": "**/*.ogg",
    "nexuiz-music": "**/*.ogg",
    "warzone2100-music": "**/*.opus",
    "xmoto-data": "**/*.ogg",
    "supertuxkart-data": "**/music/*.ogg",
    "openclonk-data": "**/*.ogg",
    "hedgewars-data": "**/Music/*.ogg",
    "pushover-data": "**/*.ogg",
    "btanks-data": "**/tunes/*.ogg",
    "asc-music": "**/*.mp3",
    "fretsonfire-songs-muldjord": "**/song.ogg",
    "fretsonfire-songs-sectoid": "**/song.ogg",
}
# Of packages with many pieces by the same hand: so many, spread over the alphabet.
MOST_OF_ONE = 6
# Between these lines of the page the table is replaced; the words around it stay.
BEGIN, END = "<!-- written by benches/peers/recorded.py -->", "<!-- end of what it wrote -->"
SHORTEST_S, LONGEST_S = 50, 600
# What is kept of a piece: two minutes, without the intro's first seconds.
SKIP_S, KEEP_S = 10, 120


# ---------------------------------------------------------------- gathering
def seconds(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)],
                         capture_output=True, text=True, check=False).stdout.strip()
    try:
        return float(out)
    except ValueError:
        return 0.0


def gather(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for package, pattern in PACKAGES.items():
            root = Path(scratch) / package
            root.mkdir()
            done = subprocess.run(["apt-get", "download", "-q", package], cwd=root, capture_output=True, check=False)
            for deb in root.glob("*.deb"):
                subprocess.run(["dpkg", "-x", str(deb), str(root / "x")], check=True)
            if done.returncode:
                print(f"{package}: not available", file=sys.stderr)
            take(package, root / "x", pattern, folder)
            shutil.rmtree(root)


def take(package, root, pattern, folder):
    for archive in root.glob("**/*.pk3"):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(archive.with_suffix(".dir"))
    files = sorted(p for p in root.glob(pattern) if p.is_file() and not p.stem.endswith("_fast") and SHORTEST_S <= seconds(p) <= LONGEST_S)
    for path in files[::max(1, -(-len(files) // MOST_OF_ONE))]:
        name = path.parent.name if path.name == "song.ogg" else path.stem
        name = f"{package.split('-')[0]}-{name}".lower().replace(" ", "_").replace("/", "_")
        target = folder / f"{name}.flac"
        stems = [path, path.with_name("guitar.ogg")] if path.name == "song.ogg" else [path]
        inputs = [argument for stem in stems for argument in ("-i", str(stem))]
        mixed = ["-filter_complex", f"amix=inputs={len(stems)}:normalize=0,atrim=start={SKIP_S}:duration={KEEP_S},asetpts=PTS-STARTPTS"]
        subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs, *mixed, "-ar", "44100", "-sample_fmt", "s16", str(target)], check=True)
        notes = path.with_name("notes.mid")
        if notes.exists():
            beats = [round(beat - SKIP_S, 4) for beat in chart_beats(notes, SKIP_S + seconds(target)) if beat >= SKIP_S]
            target.with_suffix(".truth.json").write_text(json.dumps({"beats": beats}))


def chart_beats(notes, end_s):
    """Quarter notes of a note chart in seconds: every chart of the game follows its recording."""
    import mido
    midi = mido.MidiFile(str(notes))
    changes, tick = [], 0
    for message in mido.merge_tracks(midi.tracks):
        tick += message.time
        if message.type == "set_tempo":
            changes.append((tick, message.tempo / 1e6))
    if not changes or changes[0][0] > 0:
        changes.insert(0, (0, 0.5))
    beats, at, beat = [], 0.0, 0
    while at < end_s:
        beats.append(round(at, 4))
        start, stop = beat * midi.ticks_per_beat, (beat + 1) * midi.ticks_per_beat
        here = max(i for i, (t, _) in enumerate(changes) if t <= start)
        while start < stop:
            until = min(stop, changes[here + 1][0]) if here + 1 < len(changes) else stop
            at += (until - start) / midi.ticks_per_beat * changes[here][1]
            start, here = until, here + 1 if here + 1 < len(changes) and until == changes[here + 1][0] else here
        beat += 1
    return beats


# ---------------------------------------------------------------- the peers
def quiet_essentia():
    import essentia
    essentia.log.infoActive = essentia.log.warningActive = False
    import essentia.standard
    return essentia.standard


def essentia_multifeature(wav):
    es = quiet_essentia()
    bpm, beats, *_ = es.RhythmExtractor2013(method="multifeature")(es.MonoLoader(filename=wav)())
    return float(bpm), [float(b) for b in beats]


def essentia_degara(wav):
    es = quiet_essentia()
    bpm, beats, *_ = es.RhythmExtractor2013(method="degara")(es.MonoLoader(filename=wav)())
    return float(bpm), [float(b) for b in beats]


def essentia_percival(wav):
    es = quiet_essentia()
    return float(es.PercivalBpmEstimator()(es.MonoLoader(filename=wav)())), None


def librosa_track(wav):
    import librosa
    samples, rate = librosa.load(wav, sr=22_050)
    bpm, beats = librosa.beat.beat_track(y=samples, sr=rate, units="time")
    return float(np.atleast_1d(bpm)[0]), [float(b) for b in beats]


def aubio(wav):
    out = subprocess.run(["aubio", "beat", wav], capture_output=True, text=True, check=True).stdout
    beats = [float(line.split()[0]) for line in out.splitlines() if line.strip()]
    return (60 / float(np.median(np.diff(beats))) if len(beats) > 1 else 0.0), beats


PEERS = {"multifeature": essentia_multifeature, "degara": essentia_degara, "percival": essentia_percival,
         "librosa": librosa_track, "aubio": aubio}


def ask_peers(files, cache_path):
    cache = json.loads(cache_path.read_text()) if cache_path and cache_path.exists() else {}
    absent = set()
    with tempfile.TemporaryDirectory() as scratch:
        for path in files:
            answers = cache.setdefault(f"{path.name} {path.stat().st_size}", {})
            missing = [peer for peer in PEERS if peer not in answers and peer not in absent]
            if not missing:
                continue
            wav = f"{scratch}/piece.wav"
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path, "-ac", "1", "-ar", "44100", "-c:a", "pcm_s16le", wav], check=True)
            for peer in missing:
                try:
                    bpm, beats = PEERS[peer](wav)
                    answers[peer] = {"bpm": round(bpm, 2), "beats": [round(b, 3) for b in beats] if beats else None}
                except (ImportError, FileNotFoundError) as error:
                    print(f"{peer} is not there: {error}", file=sys.stderr)
                    absent.add(peer)
            print(path.name, {peer: answer["bpm"] for peer, answer in answers.items()}, file=sys.stderr, flush=True)
            if cache_path:
                cache_path.write_text(json.dumps(cache))
    return {path.name: cache[f"{path.name} {path.stat().st_size}"] for path in files}


def ask_ours(files, command):
    lines = subprocess.run([*shlex.split(command), *map(str, files)], capture_output=True, text=True, check=False).stdout.splitlines()
    answers = {}
    for path, line in zip(files, lines):
        row = json.loads(line)
        answers[Path(row.get("path", path)).name] = row.get("rhythm") or {}
    return answers


# ---------------------------------------------------------------- scoring
def same(a, b, octaves=False):
    if not a or not b:
        return False
    factors = (1, 2, 0.5, 4, 0.25) if octaves else (1,)
    return any(abs(a - b * f) <= 0.04 * b * f for f in factors)


def majority(tempi, octaves):
    """The tempo that most of the peers give, if more than half of them do: the median of that group at the level of its first."""
    best = max((sorted(t for t in tempi if same(t, of, octaves)) for of in tempi), key=len, default=[])
    if 2 * len(best) <= len(tempi):
        return None
    level = max(best, key=lambda t: sum(same(t, other) for other in best))
    return float(np.median([t for t in best if same(t, level)]))


def f_measure(one, other):
    import mir_eval
    one, other = (mir_eval.beat.trim_beats(np.asarray(b or [], float)) for b in (one, other))
    return float(mir_eval.beat.f_measure(one, other)) if len(one) > 1 and len(other) > 1 else 0.0


def mean(values):
    values = list(values)
    return f"{100 * sum(values) / len(values):.1f} %" if values else "-"


def report(files, peers, ours):
    names = [peer for peer in PEERS if any(peer in peers[f.name] for f in files)]
    rows, exact, octave, given = [], [], [], []
    for path in files:
        tempi = [peers[path.name][p]["bpm"] for p in names if p in peers[path.name]]
        our = ours.get(path.name, {})
        bpm, level, any_level = our.get("tempo_bpm"), majority(tempi, False), majority(tempi, True)
        if level:
            exact.append(same(bpm, level))
        if any_level:
            octave.append(same(bpm, any_level, True))
            given.append(bool(bpm))
        word = ("no majority" if not any_level else "withheld" if not bpm else "same" if level and same(bpm, level)
                else "octave" if same(bpm, any_level, True) else "DIFFERS")
        rows.append([path.stem, f"{bpm:.1f}" if bpm else "-", f"{our.get('tempo_confidence') or 0:.2f}" if bpm else "",
                     our.get("tempo_stability") or "", str(our.get("beats_per_bar") or ""), *(f"{t:.1f}" for t in tempi), word])
    head = ["piece", "Fanfare", "conf.", "stability", "bar", *names, "beside the majority"]
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    out += ["| " + " | ".join(row) + " |" for row in rows]
    out += ["", f"Pieces: {len(files)}; a majority of peers at one level: {len(exact)}; up to an octave: {len(octave)}.", "",
            f"- Fanfare gives a tempo where the peers have a majority: {mean(given)}",
            f"- the majority's tempo, same level: {mean(exact)}",
            f"- the majority's tempo, up to an octave: {mean(octave)}", ""]
    for peer in names:
        others = [(peers[f.name][peer]["bpm"], [peers[f.name][p]["bpm"] for p in names if p != peer]) for f in files]
        one = [same(t, majority(o, False)) for t, o in others if majority(o, False)]
        two = [same(t, majority(o, True), True) for t, o in others if majority(o, True)]
        out.append(f"- {peer} beside the majority of the other peers: same level {mean(one)} of {len(one)}, up to an octave {mean(two)} of {len(two)}")
    with_beats = [p for p in names if any(peers[f.name].get(p, {}).get("beats") for f in files)]
    out += ["", "Beats, F-measure (70 ms) of each pair, mean over the pieces on which Fanfare gives a tempo:", "",
            "| | " + " | ".join(["Fanfare", *with_beats]) + " |", "|" + "---|" * (len(with_beats) + 2)]
    heard = [f for f in files if ours.get(f.name, {}).get("tempo_bpm")]
    beats = {p: {f.name: peers[f.name].get(p, {}).get("beats") for f in heard} for p in with_beats}
    beats["Fanfare"] = {f.name: ours[f.name]["beats_s"] for f in heard}
    table = {(a, b): mean(f_measure(beats[a][f.name], beats[b][f.name]) for f in heard)
             for a, b in itertools.combinations(["Fanfare", *with_beats], 2)}
    for a in ["Fanfare", *with_beats]:
        out.append(f"| {a} | " + " | ".join(table.get((a, b)) or table.get((b, a)) or "" for b in ["Fanfare", *with_beats]) + " |")
    truths = [(f, json.loads(t.read_text())["beats"]) for f in files if (t := f.with_suffix(".truth.json")).exists()]
    if truths:
        import mir_eval
        out += ["", "Against the games' own note charts (F-measure; continuity with metrical levels allowed, AMLt):", "",
                "| piece | chart bpm | " + " | ".join(["Fanfare", *with_beats]) + " |", "|" + "---|" * (len(with_beats) + 3)]
        for path, truth in truths:
            cells = []
            for who in ["Fanfare", *with_beats]:
                got = (ours.get(path.name, {}).get("beats_s") if who == "Fanfare" else peers[path.name][who]["beats"]) or []
                trimmed = [mir_eval.beat.trim_beats(np.asarray(b, float)) for b in (truth, got)]
                amlt = mir_eval.beat.continuity(*trimmed)[3] if len(trimmed[1]) > 1 else 0.0
                cells.append(f"{100 * f_measure(truth, got):.0f} / {100 * amlt:.0f}")
            out.append(f"| {path.stem} | {60 / np.median(np.diff(truth)):.1f} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gather", action="store_true")
    parser.add_argument("--ours", default="fanfare analyze --json --only rhythm")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--half", choices=["a", "b"])
    options = parser.parse_args()
    if options.gather:
        gather(options.folder)
    files = sorted(p for p in options.folder.iterdir() if p.suffix in SUFFIXES)
    if options.half:
        files = [f for f in files if "ab"[hashlib.sha256(f.stem.encode()).digest()[0] % 2] == options.half]
    if not files:
        sys.exit(f"no music in {options.folder}: fill it with --gather")
    text = report(files, ask_peers(files, options.cache), ask_ours(files, options.ours))
    if options.out:
        page = options.out.read_text() if options.out.exists() else f"{BEGIN}\n{END}\n"
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.out.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
    print(text)


if __name__ == "__main__":
    main()
