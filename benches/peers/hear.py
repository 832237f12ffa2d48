"""What a tool hears in files: `hear.py TOOL FILE...`, one JSON line per file with the fields that the scorer knows.

A file on which a tool fails gives a line with `error`. Fields: bpm, beats, key, mode; lufs, lra, true_peak, momentary_max, shortterm_max.
"""
import json
import math
import re
import subprocess
import sys


def quiet_essentia():
    import essentia
    essentia.log.infoActive = False
    essentia.log.warningActive = False
    import essentia.standard as standard
    return standard


def essentia_rhythm(method):
    es = quiet_essentia()

    def hear(path):
        sound = es.MonoLoader(filename=path, sampleRate=44100)()
        if method == "percival":
            return {"bpm": float(es.PercivalBpmEstimator()(sound))}
        bpm, beats, *_ = es.RhythmExtractor2013(method=method)(sound)
        return {"bpm": float(bpm), "beats": [float(beat) for beat in beats]}
    return hear


def essentia_key(profile):
    es = quiet_essentia()

    def hear(path):
        sound = es.MonoLoader(filename=path, sampleRate=44100)()
        tonic, mode, _ = es.KeyExtractor(profileType=profile)(sound)
        return {"key": tonic, "mode": mode}
    return hear


def essentia_levels():
    es = quiet_essentia()
    import numpy as np

    def hear(path):
        sound, rate, *_ = es.AudioLoader(filename=path)()
        momentary, short_term, integrated, lra = es.LoudnessEBUR128(sampleRate=float(rate), startAtZero=False)(sound)
        detect = es.TruePeakDetector(sampleRate=float(rate))
        peak = max(float(np.abs(detect(np.ascontiguousarray(channel))[1]).max()) for channel in sound.T)
        return {"lufs": float(integrated), "lra": float(lra), "true_peak": 20 * float(np.log10(max(peak, 1e-9))),
                "momentary_max": float(np.max(momentary)), "shortterm_max": float(np.max(short_term))}
    return hear


def librosa_music():
    import librosa
    import numpy as np

    import keys

    def hear(path):
        mono, rate = librosa.load(path, sr=22050, mono=True)
        tempo, beats = librosa.beat.beat_track(y=mono, sr=rate, units="time")
        tonic, mode = keys.of_chroma(librosa.feature.chroma_cqt(y=mono, sr=rate).mean(axis=1))
        return {"bpm": float(np.atleast_1d(tempo)[0]), "beats": [float(beat) for beat in beats], "key": tonic, "mode": mode}
    return hear


def said(*words):
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.stdout, done.stderr


def aubio_rhythm():
    def hear(path):
        tempo, _ = said("aubio", "tempo", path)
        beats, _ = said("aubio", "beat", path)
        bpm = re.search(r"([0-9.]+)\s*bpm", tempo)
        return {"bpm": float(bpm[1]) if bpm else None, "beats": [float(word) for word in beats.split()]}
    return hear


def ffmpeg_levels():
    def hear(path):
        _, text = said("ffmpeg", "-hide_banner", "-nostats", "-nostdin", "-i", path,
                       "-filter_complex", "ebur128=peak=true:framelog=verbose", "-f", "null", "-")
        found = re.search(r"I:\s*(\S+) LUFS.*?LRA:\s*(\S+) LU.*?Peak:\s*(\S+) dBFS", text[text.rindex("Summary:"):], re.DOTALL)
        return dict(zip(("lufs", "lra", "true_peak"), map(float, found.groups())))
    return hear


def loudgain_levels():
    def hear(path):
        text, _ = said("loudgain", "-q", path)
        lufs = re.search(r"Loudness:\s*(\S+) LUFS", text)
        lra = re.search(r"Range:\s*(\S+) dB", text)
        peak = re.search(r"\((\S+) dBTP\)", text)
        return {"lufs": float(lufs[1]), "lra": float(lra[1]), "true_peak": float(peak[1])}
    return hear


def pyloudnorm_levels():
    import numpy as np
    import pyloudnorm
    import soundfile
    from scipy.signal import resample_poly

    def hear(path):
        sound, rate = soundfile.read(path, always_2d=True)
        meter = pyloudnorm.Meter(rate)
        # The library knows five channels and no low-frequency one: of 5.1 that one is left out.
        heard = np.delete(sound, 3, axis=1) if sound.shape[1] == 6 else sound
        peak = np.abs(resample_poly(sound, 4, 1, axis=0)).max()
        found = {"lufs": float(meter.integrated_loudness(heard)), "true_peak": 20 * float(np.log10(max(peak, 1e-9)))}
        if hasattr(meter, "loudness_range"):
            found["lra"] = float(meter.loudness_range(heard))
        return found
    return hear


TOOLS = {
    "librosa": librosa_music,
    "essentia-multifeature": lambda: essentia_rhythm("multifeature"),
    "essentia-degara": lambda: essentia_rhythm("degara"),
    "essentia-percival": lambda: essentia_rhythm("percival"),
    "essentia-key-bgate": lambda: essentia_key("bgate"),
    "essentia-key-krumhansl": lambda: essentia_key("krumhansl"),
    "aubio": aubio_rhythm,
    "ffmpeg": ffmpeg_levels,
    "loudgain": loudgain_levels,
    "pyloudnorm": pyloudnorm_levels,
    "essentia-levels": essentia_levels,
}



def known(value):
    """JSON has no infinity: a level that is not a number is unknown."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    hear = TOOLS[sys.argv[1]]()
    for path in sys.argv[2:]:
        try:
            line = hear(path)
        except Exception as error:  # a tool that fails on a file says so, and goes on with the next
            line = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"path": path, **{field: known(value) for field, value in line.items()}}), flush=True)
