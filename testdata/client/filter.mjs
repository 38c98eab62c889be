// Filters every text column of a dataset by equality with hyparquet, which skips
// row groups and pages by their statistics, page indexes and Bloom filters: it
// must find as many rows as there are when everything is read.
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import fs from 'fs';
import path from 'path';

// Values beside NULL, the empty text, the least and the greatest.
const others = 4;

// probes returns values of a column to look for.
function probes(counts) {
  const values = [...counts.keys()].filter((value) => value !== null).sort();
  const step = Math.max(1, Math.floor(values.length / others));
  return new Set([null, '', values[0], values[values.length - 1], ...values.filter((_, i) => i % step === 0)]);
}

// readAll returns the rows of a table.
async function readAll(folder) {
  const rows = [];
  for (const name of fs.readdirSync(folder)) {
    rows.push(...await parquetReadObjects({ file: await asyncBufferFromFile(path.join(folder, name)), compressors }));
  }
  return rows;
}

async function main(dataset) {
  let columns = 0, filters = 0;
  const lost = [];
  const paths = fs.readdirSync(dataset, { recursive: true }).filter((name) => name.endsWith('.parquet'));
  for (const name of paths) {
    const file = await asyncBufferFromFile(path.join(dataset, name));
    const metadata = await parquetMetadataAsync(file);
    if (metadata.num_rows === 0n) continue;
    const texts = parquetSchema(metadata).children.map((c) => c.element).filter((e) => e.converted_type === 'UTF8').map((e) => e.name);
    const all = await parquetReadObjects({ file, metadata, compressors, columns: texts });
    for (const column of texts) {
      const counts = new Map([[null, 0], ['', 0]]);
      for (const row of all) counts.set(row[column] ?? null, (counts.get(row[column] ?? null) ?? 0) + 1);
      columns++;
      for (const value of probes(counts)) {
        if (value === undefined) continue; // of no value at all
        const found = await parquetReadObjects({
          file, metadata, compressors, columns: [column], filter: { [column]: { $eq: value } }, useBloomFilters: true, usePageIndex: true,
        });
        filters++;
        if (found.length !== counts.get(value)) lost.push(`${name}: ${column} = ${JSON.stringify(value)}: ${found.length} of ${counts.get(value)} rows`);
      }
    }
  }
  const registers = await readAll(path.join(dataset, 'registers'));
  if (registers.length === 0 || !registers.every((row) => row.registers.length >= 60 && row.registers.every((r) => r.name && r.set && (r.value ?? r.value_bytes) != null))) {
    throw new Error('hyparquet does not read the lists of registers');
  }
  if (columns < 300) throw new Error(`only ${columns} text columns with rows in ${dataset}`);
  if (lost.length > 0) throw new Error(`hyparquet skips rows in ${lost.length} of ${filters} filters:\n${lost.join('\n')}`);
  console.log(`hyparquet: ${filters} filters of ${columns} text columns find all rows`);
}

main(process.argv[2]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
