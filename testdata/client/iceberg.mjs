// Reads the tables of an Iceberg output with icebird, and compares them with a
// DuckDB output of the same archives. icebird keeps numbers as floating point,
// times as milliseconds and bytes as text, so all are compared as that.
import { DuckDBInstance, DuckDBBlobValue, DuckDBListValue, DuckDBMapValue, DuckDBStructValue, DuckDBTimestampTZValue } from '@duckdb/node-api';
import fs from 'fs';
import { register } from 'module';
import path from 'path';
import { fileURLToPath, pathToFileURL } from 'url';

// icebird inflates manifests with a function that is for gzip, which fails on
// some of them: it gets zlib's.
register('data:text/javascript,' + encodeURIComponent(`
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    const isAvro = specifier === 'hyparquet-compressors' && context.parentURL?.includes('/icebird/src/avro/');
    return isAvro ? { url: 'data:text/javascript,' + encodeURIComponent("import { inflateRawSync } from 'zlib'; export const gunzip = (data) => new Uint8Array(inflateRawSync(data));"), format: 'module', shortCircuit: true } : found;
  }`), import.meta.url);

// fetch knows no files.
globalThis.fetch = async (url, init) => {
  const data = fs.readFileSync(fileURLToPath(url));
  const range = /bytes=(\d+)-(\d+)/.exec(new Headers(init?.headers).get('range') ?? '');
  return range ? new Response(data.subarray(Number(range[1]), Number(range[2]) + 1), { status: 206 }) : new Response(data);
};

const ofRun = ['run_id', 'started_at', 'finished_at', 'command_line', 'seconds'];

// plain returns a value of either reader in the form that both have in common.
function plain(value) {
  if (value === null || value === undefined) return null;
  if (value instanceof DuckDBTimestampTZValue) return `at ${Math.floor(Number(value.micros) / 1000)}`;
  if (value instanceof Date) return `at ${value.getTime()}`;
  if (value instanceof DuckDBBlobValue) return new TextDecoder().decode(value.bytes);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof DuckDBListValue) return value.items.map(plain);
  if (value instanceof DuckDBMapValue) return plain(Object.fromEntries(value.entries.map((e) => [e.key, e.value])));
  if (value instanceof DuckDBStructValue) return plain(value.entries);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object') return Object.fromEntries(Object.keys(value).sort().map((k) => [k, plain(value[k])]));
  if (typeof value !== 'bigint' && typeof value !== 'number') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : number.toPrecision(12);
}

// linesOf returns rows as sorted lines.
function linesOf(rows, columns) {
  return rows.map((row) => JSON.stringify(columns.map((c) => plain(row[c])))).sort();
}

async function main(database, output) {
  const { icebergMetadata, icebergRead } = await import('icebird');
  const instance = await DuckDBInstance.create(database, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const folder = path.resolve(output, 'ckexport');
  const tables = fs.readdirSync(folder);
  if (tables.length < 30) throw new Error(`only ${tables.length} tables in ${output}`);
  let rows = 0;
  for (const table of tables) {
    const reader = await connection.runAndReadAll(`SELECT * FROM "${table}"`);
    const names = reader.columnNames();
    const want = reader.getRows().map((row) => Object.fromEntries(names.map((n, i) => [n, row[i]])));
    const tableUrl = pathToFileURL(path.join(folder, table)).href;
    const metadata = await icebergMetadata({ tableUrl });
    const schema = metadata.schemas.find((s) => s['schema-id'] === metadata['current-schema-id']);
    const fields = schema.fields.map((f) => f.name);
    if (JSON.stringify(fields) !== JSON.stringify(names)) throw new Error(`${table}: columns differ:\n${fields}\n${names}`);
    if (!metadata.properties.comment || !schema.fields.every((f) => f.doc)) throw new Error(`${table} or a column of it has no documentation`);
    const got = metadata['current-snapshot-id'] > 0 ? await icebergRead({ tableUrl, metadata }) : [];
    const columns = names.filter((n) => !ofRun.includes(n));
    const [a, b] = [linesOf(want, columns), linesOf(got, columns)];
    const at = a.findIndex((line, i) => line !== b[i]);
    if (a.length !== b.length || at >= 0) throw new Error(`${table}: ${a.length} rows and ${b.length}; the first that differs:\n${a[at]}\n${b[at]}`);
    rows += got.length;
  }
  if (rows < 1000) throw new Error(`only ${rows} rows`);
  console.log(`icebird: ${tables.length} tables, ${rows} rows, the same as in a database`);
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
