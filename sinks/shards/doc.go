// Package shards lets several processes, on machines of their own, do one run
// together. Each does a shard of the archives and puts what it read into a staging
// place beside the output; when all have, one process commits the run.
//
// # Files
//
// The staging place (sinks.StagingPlace) is flat. Shard 3 puts into it
//
//	3-<attempt>                       scratch folder, where the machine has it there
//	3-<attempt>.<table>.<n>.parquet   rows
//	3-<attempt>.archives.json         what it saw of each archive
//	3.json                            its manifest, last
//
// The attempt is by chance, so that two processes that do one shard, as schedulers
// let happen, never use one name. Whichever creates the manifest first has done the
// shard, and removes what belongs to other attempts: those of processes that were
// killed, and of such that are slower. These find the manifest when something
// fails, or when they are to create it, and end as if they had done nothing. So no
// process has to know whether another one lives, which a lock would tell on one
// machine, and nothing in a store.
//
// # What is staged
//
// Rows of checkpoints and of contents are staged as files. Which checkpoints are
// duplicates depends on the other shards, so a shard leaves that open (see
// pipeline.Merge). It stages no rows of the ledger and of runs: its list of
// archives has what these are made of at commit.
//
// # Commit
//
// A commit is an ordinary run into the output, whose rows come from what is
// staged: it holds the output's lock, checks everything against the ledger as it
// is then, and becomes visible in the one step that the output's format has for
// that. Files without rows that change are taken as they are, where the sink can
// (sinks.PartSink); others are read, and written without the rows of duplicates.
//
// The rows of shard 3 of run R have run_id R-3, in archives and runs. An output
// that has a run_id of R has all of it. So a commit that was killed after that step
// and before the staging place was removed is found out by the next one, which
// only removes it; and a shard that begins then has nothing to do.
package shards
