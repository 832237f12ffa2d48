"""Phase 1 as pipelines built on librosa compose it; the file is read twice, and once more by fpcalc."""
import shutil
import subprocess
import sys

from steps import report, step

with step("import"):
    import librosa
    import numpy as np
    import pyloudnorm
    import soundfile
    from scipy.signal import resample_poly

    import keys

path = sys.argv[1]
with step("read"):
    sound, rate = soundfile.read(path, always_2d=True)
with step("loudness"):
    block = min(0.4, len(sound) / rate * 0.99)
    lufs = pyloudnorm.Meter(rate, block_size=block).integrated_loudness(sound)
with step("true peak"):
    true_peak = 20 * np.log10(max(np.abs(resample_poly(sound, 4, 1, axis=0)).max(), 1e-9))
with step("waveform"):
    peaks = [float(np.abs(part).max(initial=0.0)) for part in np.array_split(sound.mean(axis=1), 800)]
with step("load 22 kHz"):
    mono, low_rate = librosa.load(path, sr=22050, mono=True)
with step("beat_track"):
    tempo, beats = librosa.beat.beat_track(y=mono, sr=low_rate, units="time")
with step("chroma_cqt"):
    chroma = librosa.feature.chroma_cqt(y=mono, sr=low_rate).mean(axis=1)
    tonic, mode = keys.of_chroma(chroma)
with step("speech or music"):
    crossings = librosa.feature.zero_crossing_rate(mono)[0]
    level = librosa.feature.rms(y=mono)[0]
    quiet_share = float(np.mean(level < 0.5 * level.mean()))
    flatness = float(librosa.feature.spectral_flatness(y=mono).mean())
    speech = quiet_share > 0.45 and float(np.std(crossings)) > 0.08
fingerprint = None
if shutil.which("fpcalc"):
    fingerprint = subprocess.run(["fpcalc", path], capture_output=True, text=True).stdout.strip()[-24:]
report(bpm=float(np.atleast_1d(tempo)[0]), beats=len(beats), key=tonic, mode=mode, lufs=float(lufs),
       true_peak=float(true_peak), peaks=len(peaks), profile="speech" if speech else "music",
       flatness=flatness, fingerprint=fingerprint)
