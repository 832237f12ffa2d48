// The Camelot wheel: which keys mix with which. One step on the wheel is a fifth; the letter is the mode.

export interface CamelotPlace { hour: number; letter: 'A' | 'B' }

export function parseCamelot(code: string): CamelotPlace | null {
  const found = /^(1[0-2]|[1-9])([AB])$/.exec(code);
  return found === null ? null : { hour: Number(found[1]), letter: found[2] as 'A' | 'B' };
}

/** The keys that mix well: one step either way, and the relative key. */
export function neighbours(code: string): string[] {
  const place = parseCamelot(code);
  if (place === null) return [];
  const { hour, letter } = place;
  return [`${((hour + 10) % 12) + 1}${letter}`, `${(hour % 12) + 1}${letter}`, `${hour}${letter === 'A' ? 'B' : 'A'}`];
}

/** The outline of one field of the wheel (minor inside, major outside), hour 12 at the top, in a 200 x 200 box. */
export function field(place: CamelotPlace): string {
  const [inner, outer] = place.letter === 'A' ? [42, 68] : [71, 97];
  const from = ((place.hour * 30 - 15 - 90) * Math.PI) / 180 + 0.012;
  const to = ((place.hour * 30 + 15 - 90) * Math.PI) / 180 - 0.012;
  const at = (radius: number, angle: number): string =>
    `${(100 + radius * Math.cos(angle)).toFixed(2)} ${(100 + radius * Math.sin(angle)).toFixed(2)}`;
  return `M${at(outer, from)}A${outer} ${outer} 0 0 1 ${at(outer, to)}L${at(inner, to)}A${inner} ${inner} 0 0 0 ${at(inner, from)}Z`;
}
