// Which rows of a long list are on the screen. Pure arithmetic in CSS pixels.

export interface View {
  /** How far the top of the rows is above the top of the view; negative while something is above them. */
  scrolled_px: number;
  height_px: number;
}
export interface Shown { first: number; /** One past the last. */ end: number }

/** Rows [first, end) to draw, with `spare` more on both sides. */
export function shownRows(count: number, row_px: number, view: View, spare: number): Shown {
  if (count <= 0 || row_px <= 0 || view.height_px <= 0) return { first: 0, end: 0 };
  const first = Math.floor(view.scrolled_px / row_px) - spare;
  const end = Math.ceil((view.scrolled_px + view.height_px) / row_px) + spare;
  return { first: Math.min(Math.max(0, first), count), end: Math.min(Math.max(0, end), count) };
}

/** Where to scroll so that a row is wholly visible below `covered_px` of sticky header; null when it is. */
export function scrollToRow(row: number, row_px: number, view: View, covered_px: number): number | null {
  const top = row * row_px;
  if (top < view.scrolled_px + covered_px) return top - covered_px;
  const bottom = top + row_px;
  return bottom > view.scrolled_px + view.height_px ? bottom - view.height_px : null;
}

/** The row that a key moves to, or null when the key means nothing here. */
export function rowForKey(key: string, active: number, count: number, perPage: number): number | null {
  if (count === 0) return null;
  const clamp = (row: number): number => Math.min(Math.max(0, row), count - 1);
  switch (key) {
    case 'ArrowDown': return clamp(active + 1);
    case 'ArrowUp': return clamp(active - 1);
    case 'PageDown': return clamp(active + perPage);
    case 'PageUp': return clamp(active - perPage);
    case 'Home': return 0;
    case 'End': return count - 1;
    default: return null;
  }
}
