package aigc

// #include <aigc.h>
import "C"

// Key is one configuration key.
type Key struct {
	Name, Type, Default, Text string
}

// Operation is one operation of a provider.
type Operation struct {
	Provider, Name string
	Kind           string // "submit" (costs money) or "fetch"
	WireName       string // the provider's own name of the call
}

// Field is one field of an operation.
type Field struct {
	Name, Type string
	Required   bool
	WireName   string // the provider's own name
	Text       string
}

// Version is that of the library that is loaded, "1.0.0".
func Version() string { return C.GoString(C.aigc_version_string()) }

// BuildInfo is one line of JSON: versions of the library and of what it uses.
func BuildInfo() string { return C.GoString(C.aigc_build_info()) }

// Statuses lists every status that the library knows.
func Statuses() []Status {
	var all []Status
	var status C.aigc_status
	for C.aigc_status_at(C.size_t(len(all)), &status) == C.AIGC_OK {
		all = append(all, Status(status))
	}
	return all
}

// ConfigKeys lists every configuration key.
func ConfigKeys() []Key {
	var all []Key
	var key, kind, value, about *C.char
	for C.aigc_config_describe(C.size_t(len(all)), &key, &kind, &value, &about) == C.AIGC_OK {
		all = append(all, Key{text(key), text(kind), text(value), text(about)})
	}
	return all
}

// Operations lists every operation of every provider.
func Operations() []Operation {
	var all []Operation
	var provider, name, kind, wire *C.char
	for C.aigc_operation_at(C.size_t(len(all)), &provider, &name, &kind, &wire) == C.AIGC_OK {
		all = append(all, Operation{text(provider), text(name), text(kind), text(wire)})
	}
	return all
}

// FieldsOf lists the fields of an operation; none if there is no such operation.
func FieldsOf(provider, operation string) []Field {
	var m memory
	defer m.free()
	p, err := m.add("provider", provider)
	if err != nil {
		return nil
	}
	o, err := m.add("operation", operation)
	if err != nil {
		return nil
	}
	var all []Field
	var name, kind, wire, about *C.char
	var required C.int32_t
	for C.aigc_request_describe(p, o, C.size_t(len(all)), &name, &kind, &required, &wire, &about) == C.AIGC_OK {
		all = append(all, Field{text(name), text(kind), required != 0, text(wire), text(about)})
	}
	return all
}
