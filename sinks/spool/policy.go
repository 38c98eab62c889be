package spool

import (
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// Keys of the policy in a file's footer. What it does not say is absent.
const (
	keyRedaction = "ckexport.redaction"
	keyLogs      = "ckexport.logs"
)

// policyPairs are what a footer says of the policy.
func policyPairs(p sinks.Policy) [][2]string {
	var pairs [][2]string
	if p.Redaction != "" {
		pairs = append(pairs, [2]string{keyRedaction, p.Redaction})
	}
	if p.AllLogLines {
		pairs = append(pairs, [2]string{keyLogs, schema.LogsAll})
	}
	return pairs
}

// PolicyOf reads the policy from the metadata in a file's footer.
func PolicyOf(footer metadata.KeyValueMetadata) sinks.Policy {
	value := func(key string) string {
		if v := footer.FindValue(key); v != nil {
			return *v
		}
		return ""
	}
	return sinks.Policy{Redaction: value(keyRedaction), AllLogLines: value(keyLogs) == schema.LogsAll}
}
