//go:build noduckdb

package main

func duckdbAttempts(*probeWorld, string) ([]attempt, error) { return nil, nil }
