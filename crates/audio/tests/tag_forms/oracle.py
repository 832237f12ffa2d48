# Reads every file of a folder with mutagen and with ffprobe, and prints what they found: one JSON object per file.
import json, os, re, subprocess, sys
import mutagen
from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3, ID3NoHeaderError
from mutagen.mp4 import MP4, MP4Tags


def once(values):
    return list(dict.fromkeys(str(value) for value in values if str(value)))


def number(found, name, value):
    parts = re.fullmatch(r"\s*0*(\d+)(?:/0*(\d+))?\s*", str(value or ""))
    if parts:
        found[name] = parts.group(1)


def year(found, text):
    parts = re.search(r"\d{4}", str(text or ""))
    if parts:
        found["year"] = parts.group(0)


def of_texts(get):
    """Fields of tags that are names with texts: `get` gives the texts of a name."""
    found = {}
    for name, keys in (
        ("title", ["title"]),
        ("artist", ["artist"]),
        ("album_artist", ["albumartist", "album artist"]),
        ("album", ["album"]),
        ("genre", ["genre"]),
    ):
        values = once(value for key in keys for value in get(key))
        if values:
            found[name] = values
    year(found, next((text for key in ("date", "year") for text in get(key) if re.search(r"\d{4}", text)), ""))
    for name, keys in (("track", ["tracknumber", "track"]), ("disc", ["discnumber", "disc"])):
        number(found, name, next((text for key in keys for text in get(key)), ""))
    return found


def of_id3(tags):
    found = {}
    frames = lambda name: [frame for frame in tags.getall(name)]
    texts = lambda name: once(text for frame in frames(name) for text in frame.text)
    for name, key in (("title", "TIT2"), ("artist", "TPE1"), ("album", "TALB")):
        if texts(key):
            found[name] = texts(key)
    others = once(text for frame in frames("TXXX") if frame.desc.lower() in ("albumartist", "album artist") for text in frame.text)
    if texts("TPE2") or others:
        found["album_artist"] = texts("TPE2") or others
    genres = once(genre for frame in frames("TCON") for genre in frame.genres)
    if genres:
        found["genre"] = genres
    year(found, next(iter(texts("TDRC")), ""))
    number(found, "track", next(iter(texts("TRCK")), ""))
    number(found, "disc", next(iter(texts("TPOS")), ""))
    covers = frames("APIC")
    if any(cover.type == 3 for cover in covers):
        found["cover"] = "front"
    return found


def by_mutagen(path):
    try:
        return of_id3(ID3(path))
    except ID3NoHeaderError:
        pass
    except Exception:
        return None
    try:
        file = mutagen.File(path)
        tags = file.tags if file is not None else None
        if isinstance(tags, MP4Tags) or path.endswith(".m4a"):
            tags = tags if tags is not None else MP4(path).tags
            found = {}
            for name, key in (("title", "\xa9nam"), ("artist", "\xa9ART"), ("album", "\xa9alb"), ("album_artist", "aART"), ("genre", "\xa9gen")):
                if tags.get(key):
                    found[name] = once(tags[key])
            year(found, (tags.get("\xa9day") or [""])[0])
            for name, key in (("track", "trkn"), ("disc", "disk")):
                if tags.get(key) and tags[key][0][0]:
                    found[name] = str(tags[key][0][0])
            return found
        if isinstance(tags, ID3):
            return of_id3(tags)
        if isinstance(tags, APEv2):
            raise APENoHeaderError
        if tags is not None:
            found = of_texts(lambda key: tags.get(key) or [])
            pictures = file.pictures if isinstance(file, FLAC) else []
            if any(picture.type == 3 for picture in pictures):
                found["cover"] = "front"
            return found
    except APENoHeaderError:
        pass
    except Exception:
        pass
    try:
        tags = APEv2(path)
        keys = {key.lower(): key for key in tags.keys()}
        found = of_texts(lambda key: str(tags[keys[key]]).split("\0") if key in keys else [])
        if "cover art (front)" in keys:
            found["cover"] = "front"
        return found
    except Exception:
        return None


def by_ffprobe(path):
    output = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_entries", "format_tags:stream_tags", path],
        capture_output=True,
    ).stdout
    try:
        told = json.loads(output)
    except ValueError:
        return None
    tags = {}
    for part in [told.get("format", {})] + told.get("streams", []):
        for key, value in part.get("tags", {}).items():
            tags.setdefault(key.lower().replace("album artist", "albumartist").replace("album_artist", "albumartist"), value)
    # It joins several values by semicolons.
    return of_texts(lambda key: [text for text in tags.get(key, "").split(";") if text]) if tags else None


for name in sorted(os.listdir(sys.argv[1])):
    path = os.path.join(sys.argv[1], name)
    print(json.dumps({"name": name, "mutagen": by_mutagen(path), "ffprobe": by_ffprobe(path)}))
