//go:build yara && cgo

#include <yara.h>

// Mistakes that are told of a file, and the length of what is told.
#define CK_MISTAKES 20
#define CK_MESSAGE 300

// What is wrong with a file of rules.
typedef struct
{
  int count;  // may be more than are listed
  struct
  {
    int line;
    char message[CK_MESSAGE];
  } list[CK_MISTAKES];
} ck_mistakes;

// Makes a compiler that includes no files.
int ck_compiler_new(YR_COMPILER** compiler);

// Compiles a file's text. Behind a mistake the compiler is of no use.
void ck_compile(YR_COMPILER* compiler, const char* text, const char* name, ck_mistakes* mistakes);

// What a rule says of itself: anonymous unions, which Go does not see.
static inline const YR_RULE* ck_rule(const YR_RULES* rules, uint32_t i) { return &rules->rules_table[i]; }
static inline const char* ck_rule_name(const YR_RULE* rule) { return rule->identifier; }
static inline const char* ck_rule_namespace(const YR_RULE* rule) { return rule->ns->name; }
static inline const char* ck_first_tag(const YR_RULE* rule) { return rule->tags; }
static inline const YR_META* ck_first_meta(const YR_RULE* rule) { return rule->metas; }
static inline const YR_META* ck_next_meta(const YR_META* meta) { return META_IS_LAST_IN_RULE(meta) ? NULL : meta + 1; }
static inline const char* ck_meta_name(const YR_META* meta) { return meta->identifier; }
static inline const char* ck_meta_text(const YR_META* meta) { return meta->string; }
