"""Essentia's classic stage: rhythm, key, dynamic complexity, RMS and ERB bands, at 44.1 kHz."""
import sys

from steps import report, step

with step("import"):
    import essentia
    essentia.log.infoActive = False
    essentia.log.warningActive = False
    import essentia.standard as es
    import numpy as np

with step("load"):
    sound = es.MonoLoader(filename=sys.argv[1], sampleRate=44100)()
with step("rhythm"):
    bpm, beats, confidence, _, _ = es.RhythmExtractor2013(method="multifeature")(sound)
with step("key"):
    tonic, mode, strength = es.KeyExtractor()(sound)
with step("dynamic complexity"):
    complexity, loudness = es.DynamicComplexity()(sound)
with step("rms"):
    rms = es.RMS()(sound)
with step("erb"):
    window, spectrum, bands = es.Windowing(type="hann"), es.Spectrum(), es.ERBBands(numberBands=40, highFrequencyBound=22050)
    frames = [bands(spectrum(window(frame))) for frame in es.FrameGenerator(sound, frameSize=2048, hopSize=1024)]
    erb = np.mean(frames, axis=0)
report(bpm=float(bpm), beats=len(beats), confidence=float(confidence), key=tonic, mode=mode, strength=float(strength),
       complexity=float(complexity), loudness=float(loudness), rms=float(rms), erb=[float(band) for band in erb])
