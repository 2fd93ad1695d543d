package aigc

// #include <aigc.h>
import "C"

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strconv"
)

// Request says what to generate. It can be submitted any number of times: each time is a new job and a new bill.
type Request struct {
	Provider  string // Alibaba or Tencent
	Operation string // one of the operations of that provider
	// Fields by their neutral names, as FieldsOf lists them: strings, whole and floating numbers, bools; a
	// json.RawMessage for a field that is JSON, or for any field of the body under "body.Name". A float32 is sent as the
	// shortest decimal that gives the same float32: float32(0.8) as 0.8.
	Fields Fields
	Images []Image
	// Options say how the library treats the job: "follow" ("true" or "false"), "deadline_ms", "traceparent",
	// "tracestate".
	Options map[string]string
}

// Fields are the values of a request by their names.
type Fields map[string]any

// Image is a reference picture that the provider can reach.
type Image struct {
	URL           string
	ReferenceType string // Tencent's ReferenceType; "" elsewhere
}

// build makes the library's request; the caller frees it.
func (r Request) build() (*C.aigc_request, error) {
	var m memory
	defer m.free()
	provider, err := m.add("provider", r.Provider)
	if err != nil {
		return nil, err
	}
	operation, err := m.add("operation", r.Operation)
	if err != nil {
		return nil, err
	}
	var request *C.aigc_request
	var failure *C.aigc_error
	if err := taken(C.aigc_request_new(provider, operation, &request, &failure), &failure); err != nil {
		return nil, err
	}
	if err := r.fill(request, &m); err != nil {
		C.aigc_request_free(request)
		return nil, err
	}
	return request, nil
}

func (r Request) fill(request *C.aigc_request, m *memory) error {
	for _, name := range sorted(r.Fields) {
		if err := set(request, m, name, r.Fields[name]); err != nil {
			return err
		}
	}
	for _, image := range r.Images {
		url, err := m.add("image URL", image.URL)
		if err != nil {
			return err
		}
		kind, err := m.addOptional("reference type", image.ReferenceType)
		if err != nil {
			return err
		}
		var failure *C.aigc_error
		if err := taken(C.aigc_request_add_image_url(request, url, kind, &failure), &failure); err != nil {
			return err
		}
	}
	for _, name := range sorted(r.Options) {
		key, err := m.add("option", name)
		if err != nil {
			return err
		}
		value, err := m.add(name, r.Options[name])
		if err != nil {
			return err
		}
		var failure *C.aigc_error
		if err := taken(C.aigc_request_set_option(request, key, value, &failure), &failure); err != nil {
			return err
		}
	}
	return nil
}

func set(request *C.aigc_request, m *memory, name string, value any) error {
	key, err := m.add("field", name)
	if err != nil {
		return err
	}
	var failure *C.aigc_error
	var status C.aigc_status
	switch v := value.(type) {
	case string:
		copied, err := m.add(name, v)
		if err != nil {
			return err
		}
		status = C.aigc_request_set_string(request, key, copied, &failure)
	case json.RawMessage:
		copied, err := m.add(name, string(v))
		if err != nil {
			return err
		}
		status = C.aigc_request_set_json(request, key, copied, &failure)
	case bool:
		var flag C.int32_t
		if v {
			flag = 1
		}
		status = C.aigc_request_set_bool(request, key, flag, &failure)
	case float32:
		status = C.aigc_request_set_double(request, key, C.double(shortest(v)), &failure)
	case float64:
		status = C.aigc_request_set_double(request, key, C.double(v), &failure)
	default:
		number, ok := whole(value)
		if !ok {
			return &Error{
				Status:  ErrInvalidArgument,
				Message: fmt.Sprintf("the field %s cannot be a %T: a string, a number, a bool or a json.RawMessage is right", name, value),
				Field:   name,
			}
		}
		status = C.aigc_request_set_int(request, key, C.int64_t(number), &failure)
	}
	return taken(status, &failure)
}

// shortest gives the shortest decimal of a float32: a conversion would give it digits that nobody wrote.
func shortest(v float32) float64 {
	found, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err != nil {
		return float64(v)
	}
	return found
}

// whole gives any whole number that fits.
func whole(value any) (int64, bool) {
	switch v := value.(type) {
	case int:
		return int64(v), true
	case int8:
		return int64(v), true
	case int16:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case uint:
		return int64(v), uint64(v) <= math.MaxInt64
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	return 0, false
}

// sorted gives the names in one order, so that the same request fails in the same way.
func sorted[V any](values map[string]V) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
