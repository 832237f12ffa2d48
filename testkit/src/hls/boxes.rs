//! Boxes of fragmented MP4, read by ISO/IEC 14496-12.

/// What an init section says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init {
    /// Ticks per second of the track.
    pub timescale: u32,
    /// What `CODECS` must say.
    pub codecs: String,
    /// Channels by the sample entry.
    pub channels: u16,
    /// The edit list's media time: frames before the first audible one.
    pub priming: u64,
    /// Duration of a packet unless told otherwise.
    pub default_duration: u32,
    /// Whether it tells no duration anywhere.
    pub durations_unknown: bool,
}

/// One packet of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Its duration in ticks.
    pub duration: u32,
    /// Its size.
    pub bytes: u32,
}

/// What a segment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// `mfhd`.
    pub sequence: u32,
    /// `tfdt`.
    pub media_time: u64,
    /// Its packets.
    pub packets: Vec<Packet>,
}

impl Segment {
    /// Ticks in all.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.packets.iter().map(|packet| u64::from(packet.duration)).sum()
    }

    /// Media time of its end.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.media_time + self.frames()
    }
}

type Box<'a> = (&'a [u8], &'a [u8]);

/// The boxes in some bytes: type and body.
fn children(mut bytes: &[u8]) -> Result<Vec<Box<'_>>, String> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = u32_at(bytes, 0)? as usize;
        if length < 8 || length > bytes.len() {
            return Err(format!("a box of {length} bytes where {} are left", bytes.len()));
        }
        found.push((&bytes[4..8], &bytes[8..length]));
        bytes = &bytes[length..];
    }
    Ok(found)
}

fn child<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Result<&'a [u8], String> {
    path.iter().try_fold(bytes, |bytes, kind| {
        let found = children(bytes)?.into_iter().find(|(name, _)| name == kind);
        found.map(|(_, body)| body).ok_or(format!("no {} box", String::from_utf8_lossy(*kind)))
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, String> {
    let four = bytes.get(at..at + 4).ok_or("a box ends too early")?;
    Ok(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, String> {
    Ok((u32_at(bytes, at)? >> 16) as u16)
}

/// Reads an init section.
///
/// # Errors
/// A finding.
pub fn init(bytes: &[u8]) -> Result<Init, String> {
    let top: Vec<&[u8]> = children(bytes)?.iter().map(|(kind, _)| *kind).collect();
    if top != [b"ftyp", b"moov"] {
        return Err("an init section is ftyp and moov".to_owned());
    }
    let moov = child(bytes, &[b"moov"])?;
    let mvhd = child(moov, &[b"mvhd"])?;
    let trak = child(moov, &[b"trak"])?;
    let tkhd = child(trak, &[b"tkhd"])?;
    let mdhd = child(trak, &[b"mdia", b"mdhd"])?;
    let stbl = child(trak, &[b"mdia", b"minf", b"stbl"])?;
    let track = u32_at(tkhd, 12)?;
    let trex = child(moov, &[b"mvex", b"trex"])?;
    if u32_at(trex, 4)? != track {
        return Err("trex is about another track".to_owned());
    }
    for table in [b"stts", b"stsc", b"stco"] {
        if u32_at(child(stbl, &[table])?, 4)? != 0 {
            return Err("the init section has samples of its own".to_owned());
        }
    }
    let (priming, edit_duration) = match child(trak, &[b"edts", b"elst"]) {
        Err(_) => (0, 0),
        Ok(elst) if u32_at(elst, 4)? == 1 && elst[0] == 0 => (u32_at(elst, 12)?, u32_at(elst, 8)?),
        Ok(_) => return Err("an edit list of more than one edit".to_owned()),
    };
    let (codecs, channels, rate) = entry(child(stbl, &[b"stsd"])?.get(8..).unwrap_or_default())?;
    let timescale = u32_at(mdhd, 12)?;
    if rate != timescale {
        return Err(format!("a tick is not a frame: {timescale} ticks a second, {rate} frames"));
    }
    let durations = [u32_at(mvhd, 16)?, u32_at(tkhd, 20)?, u32_at(mdhd, 16)?, edit_duration];
    Ok(Init {
        timescale,
        codecs,
        channels,
        priming: priming.into(),
        default_duration: u32_at(trex, 12)?,
        durations_unknown: durations == [0; 4],
    })
}

/// Codec, channels and rate of a sample entry, by its codec's own configuration.
fn entry(bytes: &[u8]) -> Result<(String, u16, u32), String> {
    let (kind, body) = *children(bytes)?.first().ok_or("no sample entry")?;
    let told = u16_at(body, 16)?;
    let inner = body.get(28..).unwrap_or_default();
    let (codecs, channels, rate) = match kind {
        b"mp4a" => aac(child(inner, &[b"esds"])?)?,
        b"fLaC" => {
            let info = child(inner, &[b"dfLa"])?;
            if info.get(4..8) != Some(&[0x80, 0, 0, 34]) || info.len() != 4 + 4 + 34 {
                return Err("dfLa is not one last stream information block".to_owned());
            }
            let packed = u32_at(info, 18)?;
            ("fLaC".to_owned(), (packed >> 9 & 7) as u16 + 1, packed >> 12)
        }
        _ => return Err(format!("a sample entry {}", String::from_utf8_lossy(kind))),
    };
    if told != channels {
        return Err(format!("the sample entry has {told} channels, the codec {channels}"));
    }
    Ok((codecs, channels, rate))
}

/// Walks the descriptors (ISO/IEC 14496-1) to the audio configuration (14496-3, 1.6.2.1).
fn aac(esds: &[u8]) -> Result<(String, u16, u32), String> {
    let mut at = 4;
    loop {
        let (tag, length) = (*esds.get(at).ok_or("no AAC configuration")?, *esds.get(at + 1).ok_or("cut")?);
        if length & 0x80 != 0 {
            return Err("a long descriptor".to_owned());
        }
        match tag {
            3 => at += 2 + 3,
            4 if esds.get(at + 2) != Some(&0x40) => return Err("not MPEG-4 audio".to_owned()),
            4 => at += 2 + 13,
            5 => {
                let config = u16_at(esds, at + 2)?;
                let rates = [
                    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
                    8_000,
                ];
                let rate = rates.get(usize::from(config >> 7 & 15)).ok_or("no rate of AAC")?;
                return Ok((format!("mp4a.40.{}", config >> 11), config >> 3 & 15, *rate));
            }
            _ => at += 2 + usize::from(length),
        }
    }
}

/// Reads a segment of a track with that init section.
///
/// # Errors
/// A finding.
pub fn segment(bytes: &[u8], init: &Init) -> Result<Segment, String> {
    let top = children(bytes)?;
    let [(b"moof", moof), (b"mdat", mdat)] = top.as_slice() else {
        return Err("a segment is moof and mdat".to_owned());
    };
    let traf = child(moof, &[b"traf"])?;
    let (tfhd, tfdt, trun) = (child(traf, &[b"tfhd"])?, child(traf, &[b"tfdt"])?, child(traf, &[b"trun"])?);
    let head = u32_at(tfhd, 0)?;
    if head & 0x02_0000 == 0 || head & 0x01 != 0 {
        return Err("offsets do not count from the fragment (default-base-is-moof)".to_owned());
    }
    let mut at = 8;
    at += if head & 0x02 != 0 { 4 } else { 0 };
    let default_duration = if head & 0x08 != 0 { u32_at(tfhd, at)? } else { init.default_duration };
    let media_time = match tfdt.first() {
        Some(1) => u64::from(u32_at(tfdt, 4)?) << 32 | u64::from(u32_at(tfdt, 8)?),
        _ => u32_at(tfdt, 4)?.into(),
    };
    let flags = u32_at(trun, 0)? & 0x00ff_ffff;
    if flags & !0x301 != 0 || flags & 0x201 != 0x201 {
        return Err(format!("a run with the flags {flags:x}"));
    }
    if u32_at(trun, 8)? as usize != bytes.len() - mdat.len() {
        return Err("the run does not begin where mdat does".to_owned());
    }
    let (mut packets, mut at) = (Vec::new(), 12);
    for _ in 0..u32_at(trun, 4)? {
        let duration = if flags & 0x100 != 0 {
            at += 4;
            u32_at(trun, at - 4)?
        } else {
            default_duration
        };
        packets.push(Packet { duration, bytes: u32_at(trun, at)? });
        at += 4;
    }
    let sizes: u64 = packets.iter().map(|packet| u64::from(packet.bytes)).sum();
    if at != trun.len() || sizes != mdat.len() as u64 {
        return Err(format!("{} bytes of packets in an mdat of {}", sizes, mdat.len()));
    }
    if packets.iter().any(|packet| packet.duration == 0) || packets.is_empty() {
        return Err("a packet without duration".to_owned());
    }
    Ok(Segment { sequence: u32_at(child(moof, &[b"mfhd"])?, 4)?, media_time, packets })
}
