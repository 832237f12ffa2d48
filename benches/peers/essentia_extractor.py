"""Essentia's MusicExtractor with its own settings."""
import sys

from steps import report, step

with step("import"):
    import essentia
    essentia.log.infoActive = False
    essentia.log.warningActive = False
    import essentia.standard as es

with step("everything"):
    features, _ = es.MusicExtractor()(sys.argv[1])
report(bpm=float(features["rhythm.bpm"]), descriptors=len(features.descriptorNames()))
