// Draws a waveform and maps a pointer to a position. The caller passes the canvas; nothing here reads styles.

/** `bands`: levels of four frequency bands per column, bass first, 0 (-60 dBFS) to 255 (0 dBFS); none for tracks that an old version analyzed. */
export interface Peaks { peaks: readonly number[]; rms: readonly number[]; bands?: readonly (readonly number[])[] }
/** `bands`: the colours of the bands, bass first. */
export interface Inks { rest: string; played: string; bands: readonly string[] }
export interface Frame {
  width_px: number; height_px: number;
  /** Share of the track that has played, 0..1. */
  played: number;
  /** Position of the pointer, 0..1; null without a pointer. */
  hover: number | null;
}

/** `shares`: how much of the bar each band has, bass first, together 1; null when they are not known. */
export interface Bar { peak: number; rms: number; shares: readonly number[] | null }

const BANDS = 4;
/** Music has less energy in the treble. Raised by so many dB, the bands look as loud as people hear them: about equal in a full mix. */
const LIFT_DB: readonly number[] = [0, 3, 9, 15];
const RANGE_DB = 60;
const TOP_LEVEL = 255;

/** The share of a bar for each band, from its mean level: proportional to its amplitude. Silence has none. */
export function bandShares(levels: readonly number[]): number[] | null {
  const parts = LIFT_DB.map((lift_db, band) => {
    const level = levels[band] ?? 0;
    return level <= 0 ? 0 : 10 ** (((level / TOP_LEVEL - 1) * RANGE_DB + lift_db) / 20);
  });
  const sum = parts.reduce((one, other) => one + other, 0);
  return sum > 0 ? parts.map((part) => part / sum) : null;
}

/** Columns summed up into `bars` bars: the largest peak, the means of the RMS and of the bands' levels. */
export function bars(wave: Peaks, bars: number): Bar[] {
  const columns = wave.peaks.length;
  if (columns === 0 || bars <= 0) return [];
  const found: Bar[] = [];
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * columns) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * columns) / bars));
    let peak = 0;
    let sum = 0;
    const levels = Array.from({ length: BANDS }, () => 0);
    for (let column = from; column < to; column++) {
      peak = Math.max(peak, wave.peaks[column] ?? 0);
      sum += wave.rms[column] ?? 0;
      for (let band = 0; band < BANDS; band++) levels[band] = (levels[band] ?? 0) + (wave.bands?.[column]?.[band] ?? 0) / (to - from);
    }
    found.push({ peak: Math.min(1, peak), rms: Math.min(1, sum / (to - from)), shares: bandShares(levels) });
  }
  return found;
}

export const BAR_PX = 2;
export const GAP_PX = 1;
const HEAD_PX = 2;
export const barCount = (width_px: number): number => Math.max(1, Math.floor((width_px + GAP_PX) / (BAR_PX + GAP_PX)));

/** Where each band of a bar begins and ends, as shares of its half height: bass in the middle, treble at both tips. */
export function layers(shares: readonly number[]): { from: number; to: number }[] {
  let edge = 0;
  return shares.map((share) => {
    const from = edge;
    edge = Math.min(1, edge + share);
    return { from, to: edge };
  });
}

/**
 * With bands: peaks in the colours of the bands, the played part full, the rest pale, an accent line between them.
 * Without: peaks pale, RMS full over them, played bars in the accent colour.
 */
export function draw(context: CanvasRenderingContext2D, shape: readonly Bar[], frame: Frame, inks: Inks, ratio: number): void {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, frame.width_px, frame.height_px);
  const pitch = frame.width_px / Math.max(1, shape.length);
  const width = Math.max(1, pitch - GAP_PX);
  const middle = frame.height_px / 2;
  const edge = frame.played * shape.length;
  const reach = frame.hover === null ? -1 : frame.hover * shape.length;
  shape.forEach((bar, index) => {
    const played = index + 0.5 <= edge;
    const between = reach >= 0 && index + 0.5 > Math.min(edge, reach) && index + 0.5 <= Math.max(edge, reach);
    context.fillStyle = played ? inks.played : inks.rest;
    const column = (height: number, alpha: number): void => {
      const tall = Math.max(1.5, height * (frame.height_px - 2));
      context.globalAlpha = alpha;
      context.beginPath();
      context.roundRect(index * pitch, middle - tall / 2, width, tall, 1);
      context.fill();
    };
    const alpha = played ? (between ? 0.7 : 1) : between ? 0.95 : 0.72;
    if (bar.shares === null) {
      column(bar.peak, (played ? 0.5 : 0.42) * (between ? 1.5 : 1));
      column(bar.rms, alpha);
      return;
    }
    const half = Math.max(1.5, bar.peak * (frame.height_px - 2)) / 2;
    context.globalAlpha = played ? alpha : alpha * 0.65;
    layers(bar.shares).forEach(({ from, to }, band) => {
      context.fillStyle = inks.bands[band] ?? inks.rest;
      const tall = (to - from) * half;
      if (from === 0) context.fillRect(index * pitch, middle - tall, width, 2 * tall);
      else {
        context.fillRect(index * pitch, middle - to * half, width, tall);
        context.fillRect(index * pitch, middle + from * half, width, tall);
      }
    });
  });
  if (frame.played > 0 && frame.played < 1 && shape.some((bar) => bar.shares !== null)) {
    context.globalAlpha = 1;
    context.fillStyle = inks.played;
    context.fillRect(frame.played * frame.width_px - HEAD_PX / 2, 0, HEAD_PX, frame.height_px);
  }
  context.globalAlpha = 1;
}

/** The place of a pointer on a bar, 0..1. */
export function placeAt(client_px: number, left_px: number, width_px: number): number {
  return width_px <= 0 ? 0 : Math.min(1, Math.max(0, (client_px - left_px) / width_px));
}

/** Where a key moves the position, in seconds; null when the key means nothing. */
export function seekForKey(key: string, shift: boolean, position_s: number, duration_s: number): number | null {
  const small = shift ? 1 : 5;
  const clamp = (value: number): number => Math.min(Math.max(0, value), duration_s);
  switch (key) {
    case 'ArrowRight': case 'ArrowUp': return clamp(position_s + small);
    case 'ArrowLeft': case 'ArrowDown': return clamp(position_s - small);
    case 'PageUp': return clamp(position_s + duration_s / 10);
    case 'PageDown': return clamp(position_s - duration_s / 10);
    case 'Home': return 0;
    case 'End': return Math.max(0, duration_s - 1);
    default: return null;
  }
}
