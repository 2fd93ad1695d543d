package aigc

// #include <stdlib.h>
// #include <aigc.h>
import "C"

import (
	"errors"
	"strings"
	"time"
	"unsafe"
)

// Error is every error of this package. Look at it with errors.As, or for one status with errors.Is:
//
//	if errors.Is(err, aigc.ErrOutcomeUnknown) { ... } // it may run and be billed: do not just try again
type Error struct {
	Status          Status
	Message         string // one line: what was being done, what went wrong, what would be right
	ProviderCode    string // the provider's own code, an open set; "" if none came
	ProviderMessage string
	RequestID       string // what the provider's support asks for
	HTTPStatus      int    // 0 if no answer came
	Field           string // the request field or configuration key at fault
	Retryable       bool   // the same call may succeed later and cannot cost twice
	RetryAfter      time.Duration
	Outcome         Outcome // what provably happened to a submission
	Token           string  // attaches the job that may still keep running; "" if there is none

	cause error // of a wait that a context ended
}

// Error gives the name of the status and the message.
func (e *Error) Error() string { return e.Status.String() + ": " + e.Message }

// Is makes errors.Is(err, aigc.ErrTimeout) work.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// Unwrap gives context.Canceled or context.DeadlineExceeded of a wait that its context ended, and nil otherwise.
func (e *Error) Unwrap() error { return e.cause }

// taken makes an Error of the status and the error object of a call, and frees the object. nil for OK. The object is given
// by its place: Go may read a plain variable before the call beside it has set it.
func taken(status C.aigc_status, place **C.aigc_error) error {
	if status == C.AIGC_OK {
		return nil
	}
	object := *place
	defer C.aigc_error_free(object)
	e := &Error{
		Status:          Status(status),
		Message:         text(C.aigc_error_message(object)),
		ProviderCode:    text(C.aigc_error_provider_code(object)),
		ProviderMessage: text(C.aigc_error_provider_message(object)),
		RequestID:       text(C.aigc_error_request_id(object)),
		HTTPStatus:      int(C.aigc_error_http_status(object)),
		Field:           text(C.aigc_error_field(object)),
		Retryable:       C.aigc_error_retryable(object) != 0,
		RetryAfter:      time.Duration(C.aigc_error_retry_after_ms(object)) * time.Millisecond,
		Outcome:         Outcome(C.aigc_error_outcome(object)),
	}
	if e.Message == "" {
		e.Message = e.Status.Error()
	}
	return e
}

// with puts the token of a job into an error of this package.
func with(token string, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Token == "" {
		e.Token = token
	}
	return err
}

func closed() error {
	return &Error{Status: ErrClosed, Message: "the client has been closed"}
}

// text copies a string of the library; "" for NULL.
func text(value *C.char) string {
	if value == nil {
		return ""
	}
	return C.GoString(value)
}

// memory holds the C copies of strings for the length of one call.
type memory []*C.char

// add copies a string. A NUL byte would cut it short without a word, so it is refused.
func (m *memory) add(what, value string) (*C.char, error) {
	if strings.IndexByte(value, 0) >= 0 {
		return nil, &Error{Status: ErrInvalidArgument, Message: "the " + what + " has a NUL byte in it", Field: what}
	}
	copied := C.CString(value)
	*m = append(*m, copied)
	return copied, nil
}

// addOptional is add with NULL for "".
func (m *memory) addOptional(what, value string) (*C.char, error) {
	if value == "" {
		return nil, nil
	}
	return m.add(what, value)
}

func (m *memory) free() {
	for _, copied := range *m {
		C.free(unsafe.Pointer(copied))
	}
}
