// Drawing a waveform and reading a pointer's place on it. The canvas is given from outside; nothing here reads styles.

export interface Peaks { peaks: readonly number[]; rms: readonly number[] }
export interface Inks { rest: string; played: string }
export interface Frame {
  width_px: number; height_px: number;
  /** Share of the track that has played, 0..1. */
  played: number;
  /** Where the pointer is, 0..1; null when it is away. */
  hover: number | null;
}

export interface Bar { peak: number; rms: number }

/** Columns summed up into `bars` bars: the largest peak, the mean of the RMS. */
export function bars(wave: Peaks, bars: number): Bar[] {
  const columns = wave.peaks.length;
  if (columns === 0 || bars <= 0) return [];
  const found: Bar[] = [];
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * columns) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * columns) / bars));
    let peak = 0;
    let sum = 0;
    for (let column = from; column < to; column++) {
      peak = Math.max(peak, wave.peaks[column] ?? 0);
      sum += wave.rms[column] ?? 0;
    }
    found.push({ peak: Math.min(1, peak), rms: Math.min(1, sum / (to - from)) });
  }
  return found;
}

export const BAR_PX = 2;
export const GAP_PX = 1;
export const barCount = (width_px: number): number => Math.max(1, Math.floor((width_px + GAP_PX) / (BAR_PX + GAP_PX)));

/** Peaks pale, RMS full on top of them; played bars in the accent. */
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
    column(bar.peak, (played ? 0.5 : 0.42) * (between ? 1.5 : 1));
    column(bar.rms, played ? (between ? 0.7 : 1) : between ? 0.95 : 0.72);
  });
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
