#!/usr/bin/env python3
"""Keys of recorded music: Fanfare beside five judges of four schools, file by file.

    recorded_keys.py FOLDER [--ours "fanfare analyze --json --only key"] [--out PAGE.md]

FOLDER is filled by `recorded.py FOLDER --gather`. Needs Python with numpy, soundfile, librosa, essentia. Recordings carry
no truth, so what is counted is agreement: with the key that at least three of the five name.
"""
import argparse
import json
import shlex
import subprocess
import warnings
from collections import Counter
from pathlib import Path

warnings.filterwarnings("ignore")
import essentia  # noqa: E402
import essentia.standard as es  # noqa: E402
import librosa  # noqa: E402

import keys  # noqa: E402

SUFFIXES = {".ogg", ".opus", ".mp3", ".flac", ".wav", ".m4a"}
PROFILES = ["bgate", "edma", "krumhansl", "temperley"]
JUDGES = PROFILES + ["librosa"]
BEGIN, END = "<!-- written by benches/peers/recorded_keys.py -->", "<!-- end of the keys -->"
SHARPS = {"Ab": "G#", "Bb": "A#", "Db": "C#", "Eb": "D#", "Gb": "F#"}
essentia.log.infoActive = False
essentia.log.warningActive = False


def judged(path):
    """What the peers say of a file, by judge."""
    sound = es.MonoLoader(filename=str(path), sampleRate=44100)()
    said = {}
    for profile in PROFILES:
        tonic, mode, _ = es.KeyExtractor(profileType=profile, sampleRate=44100)(sound)
        said[profile] = f"{SHARPS.get(tonic, tonic)} {mode}"
    chroma = librosa.feature.chroma_cqt(y=librosa.resample(sound, orig_sr=44100, target_sr=22050), sr=22050)
    said["librosa"] = " ".join(keys.of_chroma(chroma.mean(axis=1)))
    return said


def relation(ours, theirs):
    """How a key lies to another."""
    if ours is None:
        return "withheld"
    if ours == theirs:
        return "same"
    (tonic, mode), (other, other_mode) = ours.split(), theirs.split()
    up = (keys.NAMES.index(tonic) - keys.NAMES.index(other)) % 12
    if mode == other_mode:
        return "fifth" if up in (5, 7) else "other"
    if up == 0:
        return "other mode"
    return "relative" if up == (9 if mode == "minor" else 3) else "other"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ours", default="fanfare analyze --json --only key")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    files = sorted(path for path in options.folder.iterdir() if path.suffix in SUFFIXES)
    command = shlex.split(options.ours) + [str(path) for path in files]
    answers = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    rows, counts = [], Counter()
    for path, line in zip(files, answers, strict=True):
        key = json.loads(line).get("key")
        ours = f"{key['tonic']} {key['mode']}" if key else None
        peers = judged(path)
        name, votes = Counter(peers.values()).most_common(1)[0]
        beside = relation(ours, name) if votes >= 3 else "-"
        counts[beside] += 1
        sure = f"{key['confidence']:.2f}" if key else "-"
        parts = len(key["segments"]) if key else 0
        cells = [path.stem, ours or "none", sure, str(parts), *(peers[judge] for judge in JUDGES), beside]
        rows.append("| " + " | ".join(cells) + " |")
        print(rows[-1], flush=True)
    agreed = sum(counts.values()) - counts["-"]
    words = ", ".join(f"{word} {count}" for word, count in counts.most_common() if word not in ("-", "same"))
    head = ["piece", "Fanfare", "conf.", "segments", *JUDGES, "beside the majority"]
    table = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *rows, "",
             f"Of {len(files)} pieces three of the five judges agree on {agreed}; there Fanfare names the same key for "
             f"{counts['same']} ({words})."]
    print(table[-1])
    if options.out:
        page = options.out.read_text()
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        options.out.write_text(before + BEGIN + "\n\n" + "\n".join(table) + "\n\n" + END + after)


if __name__ == "__main__":
    main()
