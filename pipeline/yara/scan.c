//go:build yara && cgo

#include "scan.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t* fetch(YR_MEMORY_BLOCK* block)
{
  return ((ck_scan*) block->context)->data;
}

// next gives the block at hand once. ERROR_BLOCK_NOT_READY has libyara keep its
// state and return; the next call goes on from there.
static YR_MEMORY_BLOCK* next(YR_MEMORY_BLOCK_ITERATOR* iterator)
{
  ck_scan* scan = iterator->context;
  iterator->last_error = ERROR_SUCCESS;
  if (scan->data != NULL && !scan->given)
  {
    scan->given = 1;
    return &scan->block;
  }
  if (!scan->ends)
    iterator->last_error = ERROR_BLOCK_NOT_READY;
  return NULL;
}

// first is also called by conditions that read: they find the last block. Modules
// take it for granted that there is one, so that may be empty.
static YR_MEMORY_BLOCK* first(YR_MEMORY_BLOCK_ITERATOR* iterator)
{
  static const uint8_t nothing[1];
  ck_scan* scan = iterator->context;
  if (scan->ends && scan->data == NULL)
  {
    scan->data = nothing;
    scan->block.size = 0;
    scan->block.base = 0;
  }
  scan->given = 0;
  return next(iterator);
}

static uint64_t file_size(YR_MEMORY_BLOCK_ITERATOR* iterator)
{
  return ((ck_scan*) iterator->context)->size;
}

// add returns the next place in the list of hits, NULL if there is no memory.
static ck_hit* add(ck_scan* scan)
{
  if (scan->count == scan->room)
  {
    size_t room = scan->room ? 2 * scan->room : 64;
    ck_hit* hits = realloc(scan->hits, room * sizeof(ck_hit));
    if (hits == NULL)
      return NULL;
    scan->hits = hits;
    scan->room = room;
  }
  ck_hit* hit = &scan->hits[scan->count++];
  memset(hit, 0, sizeof(*hit));
  return hit;
}

// take adds a hit of a rule, unless there are enough; 0 if there is no memory.
static int take(ck_scan* scan, uint32_t rule, const char* string, const YR_MATCH* match)
{
  if (scan->left[rule] == 0)
    scan->left[rule] = CK_SPENT;
  if (scan->left[rule] == CK_SPENT)
    return 1;
  ck_hit* hit = add(scan);
  if (hit == NULL)
    return 0;
  scan->left[rule]--;
  hit->rule = rule;
  if (match == NULL)
    return 1;
  hit->string = string;
  hit->address = (uint64_t) match->base + (uint64_t) match->offset;
  hit->length = match->match_length;
  hit->kept = match->data_length < CK_MATCHED ? match->data_length : CK_MATCHED;
  memcpy(hit->matched, match->data, hit->kept);
  return 1;
}

static int matched(YR_SCAN_CONTEXT* context, int message, void* data, void* user)
{
  ck_scan* scan = user;
  if (message == CALLBACK_MSG_TOO_MANY_MATCHES)
    scan->skipped = 1;
  if (message == CALLBACK_MSG_IMPORT_MODULE &&
      strcmp(((YR_MODULE_IMPORT*) data)->module_name, "magic") == 0)
  {
    scan->refused = 1;
    return CALLBACK_ERROR;
  }
  if (message != CALLBACK_MSG_RULE_MATCHING)
    return CALLBACK_CONTINUE;
  if (scan->left == NULL)
    return CALLBACK_ABORT;

  YR_RULE* rule = data;
  uint32_t index = rule - context->rules->rules_table;
  int has_matches = 0;
  YR_STRING* string;
  YR_MATCH* match;
  yr_rule_strings_foreach(rule, string)
  {
    yr_string_matches_foreach(context, string, match)
    {
      has_matches = 1;
      if (!take(scan, index, string->identifier, match))
        return CALLBACK_ERROR;
      if (scan->left[index] == CK_SPENT)
        return CALLBACK_CONTINUE;
    }
  }
  if (!has_matches && !take(scan, index, NULL, NULL))
    return CALLBACK_ERROR;
  return CALLBACK_CONTINUE;
}

int ck_scan_new(YR_RULES* rules, int32_t most_matches, ck_scan** made)
{
  ck_scan* scan = calloc(1, sizeof(ck_scan));
  if (scan == NULL)
    return ERROR_INSUFFICIENT_MEMORY;
  int result = yr_scanner_create(rules, &scan->scanner);
  if (result != ERROR_SUCCESS)
  {
    free(scan);
    return result;
  }
  // Without SCAN_FLAGS_NO_TRYCATCH each block swaps the process's handlers of
  // SIGSEGV and SIGBUS, which Go's runtime needs. SCAN_FLAGS_FAST_MODE would
  // tell the first place of a string only.
  yr_scanner_set_flags(scan->scanner, SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_REPORT_RULES_MATCHING);
  yr_scanner_set_callback(scan->scanner, matched, scan);
  scan->iterator.context = scan;
  scan->iterator.first = first;
  scan->iterator.next = next;
  scan->iterator.file_size = file_size;
  scan->block.context = scan;
  scan->block.fetch_data = fetch;
  scan->most_matches = most_matches;
  *made = scan;
  return ERROR_SUCCESS;
}

void ck_scan_free(ck_scan* scan)
{
  yr_scanner_destroy(scan->scanner);
  free(scan->hits);
  free(scan);
}

void ck_scan_begin(ck_scan* scan)
{
  if (scan->iterator.last_error == ERROR_BLOCK_NOT_READY)  // libyara drops its state in the end only
    ck_scan_end(scan, NULL, 0, YR_UNDEFINED, NULL);
  scan->iterator.last_error = ERROR_SUCCESS;
  scan->skipped = 0;
  scan->count = 0;
}

// scan_block has libyara take the block at hand.
static int scan_block(ck_scan* scan, const uint8_t* data, size_t size, uint64_t base)
{
  scan->data = size > 0 ? data : NULL;
  scan->given = 0;
  scan->block.size = size;
  scan->block.base = base;
  int result = yr_scanner_scan_mem_blocks(scan->scanner, &scan->iterator);
  scan->data = NULL;
  return result;
}

// skip_frequent keeps strings that have matched very often from matching any
// more: libyara does so behind a million, which take 100 MB and more.
static void skip_frequent(ck_scan* scan)
{
  YR_SCANNER* scanner = scan->scanner;
  for (uint32_t i = 0; i < scanner->rules->num_strings; i++)
  {
    if (scanner->matches[i].count > scan->most_matches ||
        scanner->unconfirmed_matches[i].count > scan->most_matches)
    {
      yr_bitmask_set(scanner->strings_temp_disabled, i);
      scan->skipped = 1;
    }
  }
}

int ck_scan_block(ck_scan* scan, const uint8_t* data, size_t size, uint64_t base)
{
  scan->ends = 0;
  int result = scan_block(scan, data, size, base);
  if (result != ERROR_BLOCK_NOT_READY)
    return result;
  skip_frequent(scan);
  return ERROR_SUCCESS;
}

int ck_scan_end(ck_scan* scan, const uint8_t* data, size_t data_size, uint64_t size, uint32_t* left)
{
  scan->ends = 1;
  scan->size = size;
  scan->left = left;
  int result = scan_block(scan, data, data_size, 0);
  scan->left = NULL;
  return result;
}
