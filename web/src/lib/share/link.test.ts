import { expect, test } from 'vitest';
import { following, isShared, tokenOf } from './link';

test.each([['/s/', '', true], ['/s', '#abc', true], ['/', '#/s/abc', true], ['/', '', false], ['/', '#/settings', false], ['/s/x', '', false], ['/settings', '', false]])('%s%s is a shared page: %s', (path, hash, is) => expect(isShared(path, hash)).toBe(is));
test.each([['#abcDEF12_-', 'abcDEF12_-'], ['#/abcDEF12', 'abcDEF12'], ['#/s/abcDEF12', 'abcDEF12'], ['#short', null], ['', null], ['#a/../../etc/passwd', null], [`#${'x'.repeat(201)}`, null]])('%s holds %j', (hash, token) => expect(tokenOf(hash)).toBe(token));
test.each([[0, 2, 1], [1, 2, null], [0, 0, null]])('after %i of %i: %j', (at, count, next) => expect(following(at, count)).toBe(next));
