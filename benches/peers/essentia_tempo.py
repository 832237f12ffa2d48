"""One of Essentia's tempo methods alone: degara, multifeature (tempo and beats) or percival (tempo)."""
import sys

from steps import report, step

with step("import"):
    import essentia
    essentia.log.infoActive = False
    essentia.log.warningActive = False
    import essentia.standard as es

method, path = sys.argv[1:]
with step("load"):
    sound = es.MonoLoader(filename=path, sampleRate=44100)()
with step("rhythm"):
    if method == "percival":
        bpm, beats = es.PercivalBpmEstimator()(sound), []
    else:
        bpm, beats, *_ = es.RhythmExtractor2013(method=method)(sound)
report(bpm=float(bpm), beats=len(beats))
