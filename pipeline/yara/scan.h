//go:build yara && cgo

#include <stddef.h>
#include <stdint.h>
#include <yara.h>

// Bytes that are kept of what a string matched.
#define CK_MATCHED 64

// Stands for the hits that are left of a rule that had more than were left.
#define CK_SPENT UINT32_MAX

// A place where a string of a rule matched. string is NULL for a rule whose
// condition holds without one.
typedef struct
{
  uint32_t rule;  // its index
  int32_t length;
  int32_t kept;  // bytes in matched
  uint64_t address;
  const char* string;
  uint8_t matched[CK_MATCHED];
} ck_hit;

// A scan whose blocks are handed over one after another.
typedef struct
{
  YR_SCANNER* scanner;
  YR_MEMORY_BLOCK_ITERATOR iterator;
  YR_MEMORY_BLOCK block;
  const uint8_t* data;  // of the block; only during a call
  int given;            // libyara has had the block
  int ends;             // none follows

  uint64_t size;         // filesize in conditions; YR_UNDEFINED for none
  int32_t most_matches;  // of one string
  int skipped;           // a string had more matches
  int refused;           // the rules import a module that reads files

  uint32_t* left;  // hits that are still taken, by rule, or CK_SPENT; only during a call
  ck_hit* hits;
  size_t count, room;
} ck_scan;

int ck_scan_new(YR_RULES* rules, int32_t most_matches, ck_scan** made);
void ck_scan_free(ck_scan* scan);

// Begins a scan, and forgets what is left of the one before.
void ck_scan_begin(ck_scan* scan);

// Scans a block, which is not needed behind the call.
int ck_scan_block(ck_scan* scan, const uint8_t* data, size_t size, uint64_t base);

// Evaluates the conditions and fills hits. size is that of the content. If it has
// only one block, that may be given here: then conditions can read it.
int ck_scan_end(ck_scan* scan, const uint8_t* data, size_t data_size, uint64_t size, uint32_t* left);
