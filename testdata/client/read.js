// Reads both kinds of output with DuckDB's Node.js binding and compares them:
// every table has the same rows in both, and every view and macro answers.
const { DuckDBInstance } = require('@duckdb/node-api');
const fs = require('fs');
const path = require('path');

async function main(database, dataset) {
  const instance = await DuckDBInstance.create(database, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const query = async (sql) => (await connection.runAndReadAll(sql)).getRows();
  const quoted = (name) => '"' + name.replaceAll('"', '""') + '"';
  const literal = (text) => "'" + text.replaceAll("'", "''") + "'";

  const [[version]] = await query('SELECT version()');
  const tables = fs.readdirSync(dataset).filter((name) => fs.statSync(path.join(dataset, name)).isDirectory());
  if (tables.length < 30) throw new Error(`only ${tables.length} tables in ${dataset}`);
  let rows = 0n;
  for (const table of tables) {
    const parquet = `read_parquet(${literal(path.join(dataset, table, '*.parquet'))})`;
    const columns = (await query(`DESCRIBE SELECT * FROM ${parquet}`)).map((c) => [c[0], c[1]]);
    const same = (await query(`DESCRIBE ${quoted(table)}`)).map((c) => [c[0], c[1]]);
    if (JSON.stringify(columns) !== JSON.stringify(same)) {
      throw new Error(`${table}: columns differ:\n${JSON.stringify(columns)}\n${JSON.stringify(same)}`);
    }
    const list = columns.map((c) => quoted(c[0])).filter((c) => !['"run_id"', '"started_at"', '"finished_at"', '"command_line"', '"seconds"'].includes(c)).join(', ');
    const [[n]] = await query(`SELECT count(*) FROM ${quoted(table)}`);
    const [[a]] = await query(`SELECT count(*) FROM (SELECT ${list} FROM ${quoted(table)} EXCEPT ALL SELECT ${list} FROM ${parquet})`);
    const [[b]] = await query(`SELECT count(*) FROM (SELECT ${list} FROM ${parquet} EXCEPT ALL SELECT ${list} FROM ${quoted(table)})`);
    if (a !== 0n || b !== 0n) throw new Error(`${table}: ${a} rows only in ${database}, ${b} only in ${dataset}`);
    rows += n;
  }
  const views = await query(`SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY view_name`);
  const macros = await query(`SELECT DISTINCT function_name, comment FROM duckdb_functions() WHERE function_type = 'table_macro' AND NOT internal ORDER BY function_name`);
  if (views.length < 50 || macros.length < 10) throw new Error(`only ${views.length} views and ${macros.length} macros`);
  for (const [view, comment] of views) {
    if (!comment) throw new Error(`view ${view} has no comment`);
    await query(`SELECT * FROM ${quoted(view)}`);
  }
  for (const [macro, comment] of macros) {
    if (!comment) throw new Error(`macro ${macro} has no comment`);
    await query(`SELECT * FROM ${quoted(macro)}()`);
  }
  const [[undocumented]] = await query(`SELECT count(*) FROM duckdb_columns() WHERE NOT internal AND comment IS NULL AND table_name IN (SELECT table_name FROM duckdb_tables() WHERE table_name NOT LIKE '\\_%' ESCAPE '\\')`);
  if (undocumented !== 0n) throw new Error(`${undocumented} columns have no comment`);
  console.log(`DuckDB ${version} for Node.js: ${tables.length} tables, ${rows} rows, the same in both outputs; ${views.length} views and ${macros.length} macros answer`);
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
