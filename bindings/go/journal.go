package aigc

// #include <aigc.h>
import "C"

import (
	"bytes"
	"encoding/json"
	"time"
)

// JournalRow is what a journal knows of one key. Times are the zero time where there is none.
type JournalRow struct {
	Key       string `json:"key"`
	State     string `json:"state"` // claimed, sending, accepted, succeeded, failed, refused, unknown, abandoned
	Provider  string `json:"provider"`
	Operation string `json:"operation"`
	RemoteID  string `json:"remote_id"`
	RequestID string `json:"request_id"`
	Attempts  int    `json:"attempts"`
	Images    int    `json:"images"`
	Status    string `json:"status"`
	Note      string `json:"note"`
	Alive     bool   `json:"owner_alive"`
	ChangedAt int64  `json:"changed_at_ms"` // Unix milliseconds
}

// JournalList gives a page of the keys of a journal, in ascending order, without a client. after is the last key of the page
// before, or "". filter may hold "states" (a list), "provider", "prefix" and "limit"; nil is everything. An empty page is
// the end.
func JournalList(path string, filter map[string]any, after string) ([]JournalRow, error) {
	var m memory
	defer m.free()
	folder, err := m.add("path", path)
	if err != nil {
		return nil, err
	}
	if filter == nil {
		filter = map[string]any{}
	}
	asked, err := json.Marshal(filter)
	if err != nil {
		return nil, err
	}
	chosen, err := m.add("filter", string(asked))
	if err != nil {
		return nil, err
	}
	last, err := m.addOptional("after", after)
	if err != nil {
		return nil, err
	}
	var buffer *C.aigc_buffer
	var failure *C.aigc_error
	if err := taken(C.aigc_journal_list(folder, chosen, last, &buffer, &failure), &failure); err != nil {
		return nil, err
	}
	var rows []JournalRow
	for _, line := range bytes.Split(bytesOf(buffer), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var row JournalRow
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// JournalResolve writes what you have found out about a key that is in doubt: OutcomeAccepted with the provider's id,
// OutcomeNotSent (the key may be paid again), or OutcomeUnknown (abandoned). remoteID is "" with the last two.
func JournalResolve(path, key string, outcome Outcome, remoteID string) error {
	var m memory
	defer m.free()
	folder, err := m.add("path", path)
	if err != nil {
		return err
	}
	name, err := m.add("key", key)
	if err != nil {
		return err
	}
	id, err := m.addOptional("remote id", remoteID)
	if err != nil {
		return err
	}
	var failure *C.aigc_error
	return taken(C.aigc_journal_resolve(folder, name, C.int32_t(outcome), id, &failure), &failure)
}

// JournalPrune forgets ended keys that have not changed for so long, and says how many. A key that is forgotten can be
// submitted, and paid, again.
func JournalPrune(path string, olderThan time.Duration) (int, error) {
	var m memory
	defer m.free()
	folder, err := m.add("path", path)
	if err != nil {
		return 0, err
	}
	var removed C.size_t
	var failure *C.aigc_error
	err = taken(C.aigc_journal_prune(folder, milliseconds(olderThan), &removed, &failure), &failure)
	return int(removed), err
}

// JournalCheck reads the whole journal and reports, as JSON, what is wrong with it. Nothing is repaired or deleted.
func JournalCheck(path string) (json.RawMessage, error) {
	var m memory
	defer m.free()
	folder, err := m.add("path", path)
	if err != nil {
		return nil, err
	}
	var buffer *C.aigc_buffer
	var failure *C.aigc_error
	if err := taken(C.aigc_journal_check(folder, &buffer, &failure), &failure); err != nil {
		return nil, err
	}
	return bytesOf(buffer), nil
}
