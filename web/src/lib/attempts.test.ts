import { expect, test } from 'vitest';
import { Problem } from './api/problem';
import { Attempts } from './attempts.svelte';

/** Work that the test ends. */
function work() {
  let times = 0;
  let [done, fail]: [() => void, (error: unknown) => void] = [() => {}, () => {}];
  const run = (): Promise<void> => {
    times += 1;
    return new Promise((found, failed) => ([done, fail] = [found, failed]));
  };
  return { run, times: () => times, done: () => done(), fail: (error: unknown) => fail(error) };
}

test('a running request is not sent twice, and can be sent again afterwards', async () => {
  const [attempts, one] = [new Attempts(), work()];
  const first = attempts.run('add', one.run);
  expect([attempts.is('add'), attempts.busy, await attempts.run('add', one.run), one.times()]).toEqual([true, true, false, 1]);
  one.done();
  expect([await first, attempts.is('add'), attempts.busy]).toEqual([true, false, false]);
  const second = attempts.run('add', one.run);
  one.done();
  expect([await second, one.times()]).toEqual([true, 2]);
});

test('one button does not block another', async () => {
  const [attempts, one, other] = [new Attempts(), work(), work()];
  void attempts.run('add', one.run);
  const second = attempts.run('remove', other.run);
  expect([attempts.is('add'), attempts.is('remove'), other.times()]).toEqual([true, true, 1]);
  other.done();
  expect([await second, attempts.is('add'), attempts.is('remove'), attempts.busy]).toEqual([true, true, false, true]);
});

test('a problem stays until the next try', async () => {
  const [attempts, one] = [new Attempts(), work()];
  const refusal = new Problem('Conflict', 409, 'it is over', 'conflict');
  const first = attempts.run('cancel', one.run);
  one.fail(refusal);
  expect([await first, attempts.problem, attempts.is('cancel')]).toEqual([false, refusal, false]);
  void attempts.run('cancel', one.run);
  expect(attempts.problem).toBeNull();
});

test('work that throws at once is a failure too', async () => {
  const attempts = new Attempts();
  const went = await attempts.run('add', () => {
    throw new Error('no');
  });
  expect([went, attempts.is('add'), attempts.problem?.kind]).toEqual([false, false, 'page']);
});
