// Tests/tools/generate.py writes this file from include/aigc.h.

package aigc

// #include <aigc.h>
import "C"

// Providers, and the operations of each.
const (
	Alibaba                       = C.AIGC_ALIBABA
	AlibabaInference              = C.AIGC_ALIBABA_INFERENCE
	AlibabaPreModelInference      = C.AIGC_ALIBABA_PRE_MODEL_INFERENCE
	AlibabaModelTrain             = C.AIGC_ALIBABA_MODEL_TRAIN
	AlibabaInferenceAsset         = C.AIGC_ALIBABA_INFERENCE_ASSET
	AlibabaPreModelInferenceAsset = C.AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET
	Tencent                       = C.AIGC_TENCENT
	TencentImage                  = C.AIGC_TENCENT_IMAGE
	TencentImageAsset             = C.AIGC_TENCENT_IMAGE_ASSET
)

// Status says what went wrong. aigc.h has a sentence about each status. A Status is an error: compare it with
// errors.Is(err, aigc.ErrThrottled). Later versions may add codes: treat an unknown code by the line of its group
// in aigc.h, 207 like the line "2xx". Only ErrTimeout itself means that you can wait again.
type Status int32

// Every status.
const (
	OK                 Status = C.AIGC_OK
	ErrInvalidArgument Status = C.AIGC_E_INVALID_ARGUMENT
	ErrWrongState      Status = C.AIGC_E_WRONG_STATE
	ErrForked          Status = C.AIGC_E_FORKED
	ErrClosed          Status = C.AIGC_E_CLOSED
	ErrKeyConflict     Status = C.AIGC_E_KEY_CONFLICT
	ErrTimeout         Status = C.AIGC_E_TIMEOUT
	ErrCancelled       Status = C.AIGC_E_CANCELLED
	ErrDeadline        Status = C.AIGC_E_DEADLINE
	ErrNetwork         Status = C.AIGC_E_NETWORK
	ErrTLS             Status = C.AIGC_E_TLS
	ErrAddressRefused  Status = C.AIGC_E_ADDRESS_REFUSED
	ErrBadResponse     Status = C.AIGC_E_BAD_RESPONSE
	ErrNoCredentials   Status = C.AIGC_E_NO_CREDENTIALS
	ErrAuth            Status = C.AIGC_E_AUTH
	ErrPermission      Status = C.AIGC_E_PERMISSION
	ErrBilling         Status = C.AIGC_E_BILLING
	ErrThrottled       Status = C.AIGC_E_THROTTLED
	ErrClock           Status = C.AIGC_E_CLOCK
	ErrRequestRefused  Status = C.AIGC_E_REQUEST_REFUSED
	ErrContentRefused  Status = C.AIGC_E_CONTENT_REFUSED
	ErrNotFound        Status = C.AIGC_E_NOT_FOUND
	ErrJobFailed       Status = C.AIGC_E_JOB_FAILED
	ErrProvider        Status = C.AIGC_E_PROVIDER
	ErrOutcomeUnknown  Status = C.AIGC_E_OUTCOME_UNKNOWN
	ErrExpired         Status = C.AIGC_E_EXPIRED
	ErrNotAnImage      Status = C.AIGC_E_NOT_AN_IMAGE
	ErrCorrupt         Status = C.AIGC_E_CORRUPT
	ErrTooLarge        Status = C.AIGC_E_TOO_LARGE
	ErrFile            Status = C.AIGC_E_FILE
	ErrFileExists      Status = C.AIGC_E_FILE_EXISTS
	ErrNoSpace         Status = C.AIGC_E_NO_SPACE
	ErrNoResources     Status = C.AIGC_E_NO_RESOURCES
	ErrJournal         Status = C.AIGC_E_JOURNAL
	ErrInternal        Status = C.AIGC_E_INTERNAL
)

// Outcome is what provably happened to a submission.
type Outcome int32

// Every outcome. OutcomeUnknown: the submission was sent, and no clear answer came: the job may run and be
// billed. The library never sends the submission again.
const (
	OutcomeNone     Outcome = C.AIGC_OUTCOME_NONE
	OutcomeNotSent  Outcome = C.AIGC_OUTCOME_NOT_SENT
	OutcomeUnknown  Outcome = C.AIGC_OUTCOME_UNKNOWN
	OutcomeAccepted Outcome = C.AIGC_OUTCOME_ACCEPTED
)

// State is the state of a job.
type State int32

// Every state.
const (
	StateNone       State = C.AIGC_STATE_NONE
	StateQueued     State = C.AIGC_STATE_QUEUED
	StateSubmitting State = C.AIGC_STATE_SUBMITTING
	StatePending    State = C.AIGC_STATE_PENDING
	StateRunning    State = C.AIGC_STATE_RUNNING
	StateSucceeded  State = C.AIGC_STATE_SUCCEEDED
	StateFailed     State = C.AIGC_STATE_FAILED
	StateCancelled  State = C.AIGC_STATE_CANCELLED
	StateUnknown    State = C.AIGC_STATE_UNKNOWN
)

// EventType is the type of an event. Later versions may add types: ignore an unknown type.
type EventType int32

// Every type of event.
const (
	EventNone              EventType = C.AIGC_EVENT_NONE
	EventJobState          EventType = C.AIGC_EVENT_JOB_STATE
	EventJobAccepted       EventType = C.AIGC_EVENT_JOB_ACCEPTED
	EventJobRefreshed      EventType = C.AIGC_EVENT_JOB_REFRESHED
	EventJobProgress       EventType = C.AIGC_EVENT_JOB_PROGRESS
	EventJobDone           EventType = C.AIGC_EVENT_JOB_DONE
	EventCredentialsNeeded EventType = C.AIGC_EVENT_CREDENTIALS_NEEDED
	EventWarning           EventType = C.AIGC_EVENT_WARNING
	EventLog               EventType = C.AIGC_EVENT_LOG
	EventJobReady          EventType = C.AIGC_EVENT_JOB_READY
)

// LogLevel tells how much a log record matters. The configuration's log.level names the last that is told.
type LogLevel int32

// Every level.
const (
	LogNone    LogLevel = C.AIGC_LOG_NONE
	LogError   LogLevel = C.AIGC_LOG_ERROR
	LogWarning LogLevel = C.AIGC_LOG_WARNING
	LogInfo    LogLevel = C.AIGC_LOG_INFO
	LogDebug   LogLevel = C.AIGC_LOG_DEBUG
)

// The version that this package is written for: another major version and an older minor version are refused.
const (
	versionMajor = C.AIGC_VERSION_MAJOR
	versionMinor = C.AIGC_VERSION_MINOR
)

// String gives the name in aigc.h, such as "AIGC_E_TIMEOUT".
func (s Status) String() string { return C.GoString(C.aigc_status_name(C.aigc_status(s))) }

// Error gives one sentence: what it means and what to do.
func (s Status) Error() string { return C.GoString(C.aigc_status_text(C.aigc_status(s))) }

// String gives the name in aigc.h, such as "AIGC_STATE_PENDING".
func (s State) String() string { return C.GoString(C.aigc_state_name(C.int32_t(s))) }

// Ended says whether nothing can follow this state.
func (s State) Ended() bool { return s >= StateSucceeded }
