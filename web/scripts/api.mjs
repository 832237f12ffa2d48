// Generates src/lib/api/schema.gen.ts from ../docs/openapi.json; with --check, fails when it is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const source = new URL('../../docs/openapi.json', import.meta.url);
const target = new URL('../src/lib/api/schema.gen.ts', import.meta.url);
const text =
  '// Generated from docs/openapi.json by `npm run api`. Do not edit.\n' +
  astToString(await openapiTS(JSON.parse(readFileSync(source, 'utf8')), { alphabetize: true }));

if (process.argv.includes('--check')) {
  if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
    console.error('src/lib/api/schema.gen.ts does not match docs/openapi.json: run `npm run api` and commit it');
    process.exit(1);
  }
  console.log('schema.gen.ts matches docs/openapi.json');
} else {
  writeFileSync(target, text);
  console.log('wrote src/lib/api/schema.gen.ts');
}
