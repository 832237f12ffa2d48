import { expect, test } from 'vitest';
import { keyCommand, type KeyPlace } from './keys';

const place = (key: string, change: Partial<KeyPlace> = {}): KeyPlace => ({ key, modified: false, typing: false, pressable: false, arrows: false, ...change });
test.each([
  [place(' '), 'toggle'], [place(' ', { pressable: true }), null], [place(' ', { typing: true }), null],
  [place('ArrowRight'), 'forward'], [place('ArrowLeft', { arrows: true }), null], [place('m'), 'mute'], [place('m', { typing: true }), null],
  [place('m', { modified: true }), null], [place('n', { pressable: true }), 'next'], [place('p'), 'previous'], [place('/'), 'search'], [place('x'), null],
] as const)('%j means %s', (key, command) => expect(keyCommand(key)).toBe(command));
