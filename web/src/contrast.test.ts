// The colours of app.css against each other: WCAG 2.2, 1.4.3 (text 4.5:1) and 1.4.11 (shapes and borders 3:1).

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('./app.css', import.meta.url), 'utf8');
function colour(name: string, theme: 'light' | 'dark'): [number, number, number] {
  const both = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  const hex = (both === null ? new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(css)?.[1] : both[theme === 'light' ? 1 : 2]) ?? '';
  expect(hex, name).toMatch(/^#/);
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255) as [number, number, number];
}
/** Relative luminance, WCAG 2.2. */
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one: string, other: string, theme: 'light' | 'dark'): number {
  const [low, high] = [luminance(colour(one, theme)), luminance(colour(other, theme))].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  const grounds = ['ground', 'raised', 'sunken'];
  const pairs = ['ink', 'soft', 'faint', 'accent', 'danger', 'good'].flatMap((ink) => grounds.map((ground) => [ink, ground] as const));
  test.each([...pairs, ['on-button', 'button'] as const])('%s on %s is readable', (ink, ground) => {
    expect(contrast(ink, ground, theme)).toBeGreaterThanOrEqual(4.5);
  });
  const bands = ['bass', 'low', 'high', 'treble'].flatMap((band) => [[band, 'ground'], [band, 'raised']] as const);
  test.each([...bands, ['brass', 'ground'], ['brass', 'raised'], ['edge', 'ground'], ['edge', 'raised']] as const)('%s on %s can be seen', (shape, ground) => {
    expect(contrast(shape, ground, theme)).toBeGreaterThanOrEqual(3);
  });
});
