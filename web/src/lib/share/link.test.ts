import { expect, test } from 'vitest';
import { following, isSharePath, tokenOf } from './link';

test.each([['/s/', true], ['/s', true], ['/', false], ['/s/x', false], ['/settings', false]])('%s is a shared page: %s', (path, is) => expect(isSharePath(path)).toBe(is));
test.each([['#abcDEF12_-', 'abcDEF12_-'], ['#/abcDEF12', 'abcDEF12'], ['#short', null], ['', null], ['#a/../../etc/passwd', null], [`#${'x'.repeat(201)}`, null]])('%s holds %j', (hash, token) => expect(tokenOf(hash)).toBe(token));
test.each([[0, 2, 1], [1, 2, null], [0, 0, null]])('after %i of %i: %j', (at, count, next) => expect(following(at, count)).toBe(next));
