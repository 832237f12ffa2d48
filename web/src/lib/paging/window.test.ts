import { expect, test } from 'vitest';
import { rowForKey, scrollToRow, shownRows } from './window';

test.each([
  ['at the top', 100, { scrolled_px: 0, height_px: 500 }, { first: 0, end: 12 }],
  ['something is above the rows', 100, { scrolled_px: -200, height_px: 500 }, { first: 0, end: 8 }],
  ['in the middle', 100_000, { scrolled_px: 2_500_025, height_px: 500 }, { first: 49_998, end: 50_013 }],
  ['at the end', 100, { scrolled_px: 4_500, height_px: 500 }, { first: 88, end: 100 }],
  ['past the end', 10, { scrolled_px: 9_999, height_px: 500 }, { first: 10, end: 10 }],
  ['nothing', 0, { scrolled_px: 0, height_px: 500 }, { first: 0, end: 0 }],
])('rows %s', (_, count, view, expected) => expect(shownRows(count, 50, view, 2)).toEqual(expected));

// A view of 500 px over rows of 50 px, under a sticky header of 40 px.
test.each([
  ['visible', 200, 5, null], ['above', 500, 1, 10], ['under the sticky header', 120, 3, 110], ['below', 500, 30, 1050],
])('scrolling to a row that is %s', (_, scrolled_px, row, to) => expect(scrollToRow(row, 50, { scrolled_px, height_px: 500 }, 40)).toBe(to));

test.each([
  ['ArrowDown', 4, 5], ['ArrowDown', 9, 9], ['ArrowUp', 0, 0], ['PageDown', 1, 5], ['PageUp', 2, 0], ['Home', 7, 0], ['End', 0, 9], ['x', 3, null],
])('%s from %d', (key, from, to) => expect(rowForKey(key, from, 10, 4)).toBe(to));
