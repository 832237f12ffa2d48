"""Makes a rough copy of a set of composed pieces: out of tune and degraded, with its truth moved along.

    roughen.py FOLDER COPY

Each piece is played a little faster or slower, which turns its pitch by 15 to 45 cents and its tempo with it, and every piece but each seventh goes
through one of the effects below. What is drawn depends on the piece's name only. Needs ffmpeg.
"""
import json
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Name, filters, and the encoder the sound passes through where there is one.
EFFECTS = [
    ("none", [], None),
    ("mp3 64k", [], ["-c:a", "libmp3lame", "-b:a", "64k"]),
    ("telephone", ["highpass=f=300", "lowpass=f=3400"], None),
    ("overdriven", ["volume=10dB", "alimiter=limit=0.95:level=false:attack=0.1:release=5"], None),
    ("room", ["aecho=0.8:0.7:23|37|53|79|113:0.45|0.38|0.3|0.22|0.15"], None),
    ("dull and quiet", ["lowpass=f=2500", "volume=-18dB"], None),
    ("ogg 48k mono", ["aformat=channel_layouts=mono"], ["-c:a", "libvorbis", "-b:a", "48k"]),
]
RATE = 44100


def ffmpeg(*words):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *words], check=True)


def rough(row, index, source, to):
    draw = random.Random(f"rough/{row['id']}")
    cents = draw.choice([-1, 1]) * draw.uniform(15, 45)
    # The rate is a whole number of Hz: what it really turns by is counted from it.
    played = round(RATE * 2 ** (cents / 1200))
    ratio = played / RATE
    effect, filters, encoder = EFFECTS[index % len(EFFECTS)]
    chain = ",".join([f"asetrate={played}", f"aresample={RATE}", *filters])
    wav = to / f"{row['id']}.wav"
    if encoder:
        between = to / f"{row['id']}.{'mp3' if 'mp3' in effect else 'ogg'}"
        ffmpeg("-i", str(source / row["file"]), "-af", chain, *encoder, str(between))
        ffmpeg("-i", str(between), "-ar", str(RATE), "-c:a", "pcm_s16le", str(wav))
        between.unlink()
    else:
        ffmpeg("-i", str(source / row["file"]), "-af", chain, "-c:a", "pcm_s16le", str(wav))
    times = {name: [round(time / ratio, 4) for time in row[name]] for name in ("beats", "downbeats")}
    return {**row, **times, "file": wav.name, "bpm": round(row["bpm"] * ratio, 4), "duration": round(row["duration"] / ratio, 4),
            "tuning_cents": round(cents, 2), "effect": effect}


def main():
    source, to = map(Path, sys.argv[1:])
    truth = json.loads((source / "truth.json").read_text())
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(lambda item: rough(item[1], item[0], source, to), enumerate(truth["tracks"])))
    (to / "truth.json").write_text(json.dumps({**truth, "set": to.name, "tracks": rows}, indent=0))


if __name__ == "__main__":
    main()
