// Package iceberg writes tables as Iceberg tables: a folder with a Hadoop-style
// catalog, whose namespace ckexport has all of them. Who reads Iceberg from a
// folder needs no server. BucketFormat has the same in an object store, and
// CatalogFormat tables in a REST or SQL catalog: what is different there, these say.
// The build tag noiceberg leaves the package empty.
//
// A warehouse is an output as its metadata describes it, and a catalog what keeps its
// tables and files: folderCatalog, also for the mirror of an output in an object
// store, or served.
//
// # Columns
//
// Iceberg has no numbers without sign. Those of 64 bits that may pass the greatest
// one with a sign are decimal(20,0), others long (schema.Column.FitsInt64 says
// which is which); those of 32 bits are long, smaller ones int. A value that does
// not fit fails the run. Files have the field ids of the table. Columns are only
// ever added. Queries through this program get the types that other outputs have.
//
// # Partitions
//
// Tables are not partitioned. Iceberg takes the partition of a file that is added
// from its statistics, so all rows of a file would have to be of one month; and
// the month of a checkpoint is a column of table checkpoints alone. To split every
// table by it would make as many files of each run and table as the run has
// months, most of them with few rows, and need the column in every table. What
// readers ask for is rows of checkpoints they found in table checkpoints: the
// order by checkpoint_id is declared, compaction makes it, and the bounds of
// checkpoint_id in files and pages then spare what has other checkpoints.
//
// # Commits
//
// An output that is made, replaced (--overwrite) or rewritten (compact, forget) is
// made beside the old one and takes its place in one step. So no snapshot remains
// that still has what was forgotten.
//
// A run that adds to an output makes one snapshot of each table it has rows of,
// with the properties ckexport.run-id and ckexport.schema-version; that of
// archives, the ledger, comes last. Where another program committed to a table
// meanwhile, the run looks at the table anew: it may have committed already,
// with an answer that was lost, else it tries again. The run is complete when
// archives has its snapshot. What a reader may see before:
//
//   - Some tables have rows of the run, others not yet. Such rows are of
//     checkpoints that archives does not know, and every row of a checkpoint that
//     archives knows is there: archives was committed last. So a reader who reads
//     archives first, and joins the others with it on checkpoint_id, never sees
//     half a run. Tables without rows of checkpoints are those of the ledger and
//     of contents that all checkpoints share, where more rows do no harm.
//   - This program leaves snapshots out whose run archives does not know. So its
//     queries see an output as before a run or as after it.
//
// A run that was killed in between is taken back by the next one that writes: each
// table goes back to its last snapshot of complete runs, and the files are
// removed. It is not completed, as its archives are simply read again. What
// another program made of such rows, such as files it compacted, goes with them.
// Runs hold the lock that all local outputs have; other programs don't know it.
//
// Paths in Iceberg's metadata are absolute. This program reads an output that was
// moved; others do when it was compacted there.
package iceberg
