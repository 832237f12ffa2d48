// The settings of the server, read from its own table in ../docs/settings.md, so that the page is tested with all of them.

import { readFileSync } from 'node:fs';

const TYPES = [
  [/^list of paths/, 'paths'], [/^path/, 'path'], [/^address/, 'address'], [/^web address/, 'url'], [/GiB/, 'bytes'], [/^whole/, 'count'], [/^number/, 'number'], [/^true/, 'switch'],
  [/-HH:MM/, 'hours'], [/HH:MM/, 'schedule'], [/^(rungs|variants)/, 'ladder'], [/^secret/, 'secret'], [/ or /, 'choice'],
];
const UNITS = { GiB: 2 ** 30, MiB: 2 ** 20 };

export function makeSettings() {
  const table = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  const rows = [...table.matchAll(/^\| `([a-z._]+)` \| `([A-Z_]+)` \|(.*)\|$/gm)].map(([, name, variable, rest]) => {
    const [takes, otherwise, unit, page, help] = rest.split(' | ').map((cell) => cell.trim());
    const type = TYPES.find(([pattern]) => pattern.test(takes))?.[1] ?? 'text';
    const value = parse(type, otherwise);
    return {
      name, type, value, default: type === 'secret' ? null : value, source: 'default', fixed: page === 'yes' ? null : 'it is read when the server starts', unit: unit === '-' ? null : unit,
      min: null, max: null, choices: type === 'choice' ? takes.split(' or ') : [], variable, help,
    };
  });
  const fixed = rows.find((row) => row.name === 'analysis.cpu_share_percent');
  if (fixed) Object.assign(fixed, { source: 'environment', fixed: `${fixed.variable} in the server's environment decides` });

  /** Null, or the problem. */
  function change(values) {
    for (const [name, value] of Object.entries(values)) {
      const row = rows.find((one) => one.name === name);
      if (!row) return `unknown setting ${name}`;
      if (row.fixed) return `${name} cannot be changed here: ${row.fixed}`;
      if (value !== null && row.type === 'number' && typeof value !== 'number') return `${name}: ${JSON.stringify(value)} is not a number from 0 to 10`;
    }
    for (const [name, value] of Object.entries(values)) {
      const row = rows.find((one) => one.name === name);
      const kept = row.type === 'secret' ? value !== null : row.type === 'bytes' ? (parse('bytes', String(value)) ?? value) : value;
      Object.assign(row, value === null ? { value: row.type === 'secret' ? false : row.default, source: 'default' } : { value: kept, source: 'page' });
    }
    return null;
  }
  return { rows, change };
}

function parse(type, text) {
  if (type === 'bytes') {
    const [number, unit] = text.split(' ');
    return Number(number) * (UNITS[unit] ?? 1);
  }
  if (type === 'count' || type === 'number') return Number.isFinite(Number(text)) ? Number(text) : 4;
  if (type === 'switch') return text === 'true';
  if (type === 'secret') return false;
  return text === 'none' ? null : text.replaceAll('`', '');
}
