"""Fanfare's figures beside those of Essentia's algorithms of the same name.

    python agreement.py ANALYZE FILE...

ANALYZE is `target/release/examples/analyze` of fanfare-analysis, or the `fanfare` binary (which rounds). Needs numpy
and essentia. Each file is decoded once more by Essentia. Prints, for every figure, the median and the largest
difference over the files, the tolerance that docs/analysis.md states, and whether all files are within it; with
`--each` a line per file and figure, too. Exit code 1 if any file is beyond its tolerance.

Two kinds of rows:
  same input   Essentia's algorithm on what Fanfare's analyzer reads: for the spectral figures the mono mix at 22,050 Hz
               in frames of 1024 every 512, Hann, centred, silent ones left out. Checks the definition.
  usual        Essentia at 44,100 Hz in frames of 2048 every 1024, as its extractors do. Where Fanfare reads half the
               band on purpose, the figures cannot be equal: Spearman's rank correlation over the files is given.
"""
import json
import subprocess
import sys

import numpy as np

import essentia

essentia.log.infoActive = essentia.log.warningActive = False
import essentia.standard as es  # noqa: E402

SILENT_POWER = 1e-8
# Figure: tolerance, unit. Why each: docs/analysis.md.
TOLERANCE = {
    "dynamic complexity": (0.5, "dB"),
    "rms": (0.01, "dB"),
    "crest": (0.02, "dB"),
    "silence head": (0.1, "s"),
    "silence tail": (0.1, "s"),
    "clipping or none": (0.5, "0/1"),
    "centroid": (5.0, "%"),
    "rolloff": (3.0, "%"),
    "flatness": (0.002, ""),
    "erb bands": (1.5, "dB"),
    "mfcc": (0.3, "dB"),
    "zero crossings": (1.0, "%"),
    "danceability": (2.0, "%"),
}
USUAL = {"centroid": 0.9, "rolloff": 0.9, "flatness": 0.8, "danceability": 0.9}


def decoded(path):
    """Channels, rate: two channels, or one where the file has one."""
    audio, rate, channels, *_ = es.AudioLoader(filename=path)()
    return np.ascontiguousarray(audio[:, :channels].T), int(rate)


def spectra(mono, size, hop):
    window = es.Windowing(type="hann", size=size, zeroPhase=False, symmetric=False)
    spectrum = es.Spectrum(size=size)
    for frame in es.FrameGenerator(mono, frameSize=size, hopSize=hop, startFromZero=False):
        magnitudes = spectrum(window(frame))
        if float(np.sum(np.square(magnitudes, dtype=np.float64))) >= SILENT_POWER:
            yield magnitudes


def shape(mono, rate, size, flat_bins):
    """Means over the frames of what the spectral algorithms say."""
    bins = size // 2 + 1
    centroid, rolloff = es.Centroid(range=rate / 2), es.RollOff(sampleRate=rate)
    flatness = es.Flatness()
    # `dbpow` is ten times the logarithm of a power; the default, `dbamp`, is twice that.
    mfcc = es.MFCC(inputSize=bins, sampleRate=rate, logType="dbpow")
    erb = es.ERBBands(inputSize=bins, sampleRate=rate, highFrequencyBound=rate / 2)
    gains = gammatone_gains(bins, rate)
    found = {"centroid": [], "rolloff": [], "flatness": [], "mfcc": [], "erb": []}
    for magnitudes in spectra(mono, size, size // 2):
        found["centroid"].append(centroid(magnitudes))
        found["rolloff"].append(rolloff(magnitudes))
        found["flatness"].append(flatness(np.maximum(np.square(magnitudes[:flat_bins]), 1e-20)))
        found["mfcc"].append(mfcc(magnitudes)[1])
        found["erb"].append(erb(magnitudes) / gains)
    return {name: np.mean(np.array(values, dtype=np.float64), axis=0) for name, values in found.items()}


def level(channels, block=4096):
    """RMS and peak of all channels. Essentia adds in single precision, and is off by 0.06 dB after minutes: so its RMS
    and Crest are asked for blocks, which are put together here."""
    rms, crest = es.RMS(), es.Crest()
    energy, peak = 0.0, 0.0
    for channel in channels:
        for at in range(0, len(channel), block):
            samples = channel[at : at + block]
            mean = float(rms(samples)) ** 2
            energy += mean * len(samples)
            if mean > 0:
                peak = max(peak, (float(crest(np.square(samples))) * mean) ** 0.5)
    return (energy / channels.size) ** 0.5, peak


def gammatone_gains(bins, rate, bands=40):
    """What Essentia's ERB filters make of a line in each bin; the greatest is the gain at a band's centre. It differs by
    70 dB from band to band, where Fanfare's is 1 everywhere."""
    erb = es.ERBBands(inputSize=bins, sampleRate=rate, highFrequencyBound=rate / 2)
    response = np.array([erb(line) for line in np.eye(bins, dtype=np.float32)])
    return response.max(axis=0)


def silence(mono, rate, size=256):
    """Seconds of silence at both ends, in frames of 5.8 ms."""
    ends, count = es.StartStopSilence(), 0
    start = stop = 0
    for frame in es.FrameGenerator(mono, frameSize=size, hopSize=size, startFromZero=True):
        start, stop = ends(frame)
        count += 1
    return start * size / rate, max(0, count - 1 - stop) * size / rate


def saturated(channels):
    for channel in channels:
        detector = es.SaturationDetector()
        for frame in es.FrameGenerator(channel, frameSize=512, hopSize=256, startFromZero=True):
            if len(detector(frame)[0]):
                return True
    return False


def compare(path, ours):
    """Rows of (figure, ours, theirs, difference in the tolerance's unit), and the usual figures."""
    channels, rate = decoded(path)
    mono = channels.mean(axis=0).astype(np.float32)
    half = es.Resample(inputSampleRate=rate, outputSampleRate=22050, quality=0)(mono)
    whole = mono if rate == 44100 else es.Resample(inputSampleRate=rate, outputSampleRate=44100, quality=0)(mono)
    rms, peak = level(channels)
    dynamics, timbre = ours["dynamics"], ours["timbre"]
    rows = []

    def row(figure, mine, theirs, kind="absolute"):
        mine, theirs = np.asarray(mine, dtype=float), np.asarray(theirs, dtype=float)
        difference = np.abs(mine - theirs) if kind == "absolute" else 100 * np.abs(mine / theirs - 1)
        at = int(np.argmax(difference))
        rows.append((figure, float(mine.flat[at]), float(theirs.flat[at]), float(difference.flat[at])))

    row("dynamic complexity", dynamics["complexity_db"], es.DynamicComplexity(sampleRate=rate)(mono)[0])
    row("rms", dynamics["rms_dbfs"], 20 * np.log10(rms))
    row("crest", dynamics["crest_db"], 20 * np.log10(peak / rms))
    head, tail = silence(mono, rate)
    row("silence head", dynamics["silence_head_s"], head)
    row("silence tail", dynamics["silence_tail_s"], tail)
    row("clipping or none", float(dynamics["clipped_frames"] > 0), float(saturated(channels)))
    flat_bins = int(min(rate, 22050) / 2 * 0.84 / (22050 / 1024)) // 8 * 8
    theirs = shape(half, 22050.0, 1024, flat_bins)
    row("centroid", timbre["centroid_hz"], theirs["centroid"], "relative")
    row("rolloff", timbre["rolloff_hz"], theirs["rolloff"], "relative")
    row("flatness", timbre["flatness"], theirs["flatness"])
    # The lowest two bands are narrower than a bin; in the highest three Essentia's filters, which vanish at half the
    # sample rate, hear the bass louder than their own band.
    within = slice(2, 37)
    row("erb bands", 10 * np.log10(timbre["erb_bands"][within]), 10 * np.log10(theirs["erb"][within]))
    row("mfcc", timbre["mfcc_mean"], theirs["mfcc"])
    row("zero crossings", timbre["zero_crossing_rate_hz"], float(es.ZeroCrossingRate()(mono)) * rate, "relative")
    usual = {}
    dance = float(es.Danceability(sampleRate=44100)(whole)[0])
    if ours["rhythm"]["danceability"] is not None:
        row("danceability", ours["rhythm"]["danceability"], dance, "relative")
        usual["danceability"] = (ours["rhythm"]["danceability"], dance)
    full = shape(whole, 44100.0, 2048, 1025)
    for figure, mine in (("centroid", "centroid_hz"), ("rolloff", "rolloff_hz"), ("flatness", "flatness")):
        usual[figure] = (timbre[mine], float(full[figure]))
    return rows, usual


def rank_correlation(pairs):
    ranks = [np.argsort(np.argsort([pair[side] for pair in pairs])) for side in (0, 1)]
    return float(np.corrcoef(ranks)[0, 1])


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--each"]
    each, binary, files = "--each" in sys.argv, arguments[0], arguments[1:]
    example = binary.rsplit("/", 1)[-1] == "analyze"
    command = [binary, "--json"] if example else [binary, "analyze", "--json"]
    lines = subprocess.run(command + files, capture_output=True, text=True, check=True).stdout.splitlines()
    found, usual = {}, {}
    for path, line in zip(files, lines, strict=True):
        rows, more = compare(path, json.loads(line))
        for figure, mine, theirs, difference in rows:
            found.setdefault(figure, []).append((difference, mine, theirs, path))
            if each:
                print(f"{path.rsplit('/', 1)[-1]:28s} {figure:20s} {mine:12.4f} {theirs:12.4f} {difference:10.4f}")
        for figure, pair in more.items():
            usual.setdefault(figure, []).append(pair)
    failed = False
    print(f"{'same input':20s} {'files':>5s} {'median':>9s} {'largest':>9s} {'ours':>10s} {'theirs':>10s} {'allowed':>9s}  ok")
    for figure, rows in found.items():
        tolerance, unit = TOLERANCE[figure]
        worst = max(rows)
        ok = sum(row[0] <= tolerance for row in rows)
        failed |= ok < len(rows)
        print(f"{figure:20s} {len(rows):5d} {np.median([row[0] for row in rows]):9.4f} {worst[0]:9.4f} {worst[1]:10.4f}"
              f" {worst[2]:10.4f} {tolerance:6.3g} {unit:3s} {ok}/{len(rows)} {worst[3].rsplit('/', 1)[-1] if ok < len(rows) else ''}")
    print("\nusual (44,100 Hz)     rank correlation   at least")
    for figure, pairs in usual.items():
        correlation = rank_correlation(pairs)
        failed |= correlation < USUAL[figure]
        print(f"{figure:20s} {correlation:17.3f} {USUAL[figure]:10.2f}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
