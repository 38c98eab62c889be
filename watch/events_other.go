//go:build !linux

package watch

import "errors"

// events hears of nothing here.
type events struct{}

func newEvents([]string) (*events, error) { return nil, errors.New("there is no inotify") }

func (*events) again([]string) {}

func (*events) heard() <-chan struct{} { return nil }

func (*events) isOpen(string) bool { return false }

func (*events) close() {}
