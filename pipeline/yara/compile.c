//go:build yara && cgo

#include "compile.h"

#include <stdio.h>

static void note(int level, const char* file, int line, const YR_RULE* rule, const char* message, void* user)
{
  ck_mistakes* mistakes = user;
  if (level != YARA_ERROR_LEVEL_ERROR)
    return;
  if (mistakes->count < CK_MISTAKES)
  {
    mistakes->list[mistakes->count].line = line;
    snprintf(mistakes->list[mistakes->count].message, CK_MESSAGE, "%s", message);
  }
  mistakes->count++;
}

int ck_compiler_new(YR_COMPILER** compiler)
{
  int result = yr_compiler_create(compiler);
  if (result == ERROR_SUCCESS)
    yr_compiler_set_include_callback(*compiler, NULL, NULL, NULL);
  return result;
}

void ck_compile(YR_COMPILER* compiler, const char* text, const char* name, ck_mistakes* mistakes)
{
  yr_compiler_set_callback(compiler, note, mistakes);
  int errors = yr_compiler_add_string(compiler, text, name);
  if (errors > mistakes->count)
    mistakes->count = errors;
  yr_compiler_set_callback(compiler, NULL, NULL);
}
