package aigc

// #include <aigc.h>
import "C"

import (
	"context"
	"encoding/json"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// Job is a submitted or attached job, or a download. It needs no closing, and keeps running when nobody holds it.
type Job struct {
	id     uint64
	client *Client
	handle *C.aigc_job

	acceptOnce, endOnce sync.Once
	accepted, done      chan struct{}
	awaitsID            bool
	endsLate            bool // by Close, with the answer that its grace may bring; under the lock of the client
	parent              *Job // of a download: the job whose image it is
}

// Asset is one image of a job that has succeeded.
type Asset struct {
	Index   int
	ID      string    // the provider's id (Alibaba), or the URL (Tencent)
	URL     string    // "" where the provider gives none. It can hold a signature: treat it as a secret
	Expires time.Time // the zero time if unknown
}

func newJob(client *Client, handle *C.aigc_job) *Job {
	j := &Job{
		id: uint64(C.aigc_job_id(handle)), client: client, handle: handle,
		accepted: make(chan struct{}), done: make(chan struct{}),
	}
	runtime.SetFinalizer(j, func(j *Job) { C.aigc_job_free(j.handle) })
	return j
}

func (j *Job) accept() { j.acceptOnce.Do(func() { close(j.accepted) }) }
func (j *Job) end()    { j.endOnce.Do(func() { close(j.done) }) }

func (j *Job) isDone() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

// mayBeAccepted says of a job that has ended here whether the event of its acceptance can still come: an answer to what was
// on the wire then, which may have come just now.
func (j *Job) mayBeAccepted() bool {
	switch j.Outcome() {
	case OutcomeUnknown:
		return j.state() != StateUnknown // in which the answer is lost for good
	case OutcomeAccepted:
		select {
		case <-j.accepted:
			return false
		default:
			return j.awaitsID
		}
	}
	return false
}

// Done is closed when the job has ended, whatever happened.
func (j *Job) Done() <-chan struct{} { return j.done }

// Accepted is closed when the provider has accepted the submission: the moment to store Token. It is never closed for a
// job that ends without that, for an attached one and for a download; it can be closed after Done, when an answer comes
// after a Cancel.
func (j *Job) Accepted() <-chan struct{} { return j.accepted }

// Wait waits until the job has ended, and says how: nil for success. When the context ends first, errors.Is finds ctx.Err()
// and ErrTimeout in the error, and its Token attaches the job, which keeps running.
func (j *Job) Wait(ctx context.Context) error {
	select {
	case <-j.done:
		return j.Err()
	default:
	}
	select {
	case <-j.done:
		return j.Err()
	case <-ctx.Done():
		return &Error{
			Status: ErrTimeout, Message: "the wait was ended before the job: " + ctx.Err().Error() + "; the job keeps running",
			Outcome: j.Outcome(), Token: j.anyToken(), cause: ctx.Err(),
		}
	}
}

// Err says how the job ended: nil for success and for a job that has not ended.
func (j *Job) Err() error {
	defer runtime.KeepAlive(j)
	var failure *C.aigc_error
	err := taken(C.aigc_job_error(j.handle, &failure), &failure)
	if err == nil {
		j.State() // tells the client that somebody has seen the end
		return nil
	}
	return with(j.anyToken(), err)
}

// anyToken is the token of the job, or of the job whose image a download fetches.
func (j *Job) anyToken() string {
	if token := j.Token(); token != "" || j.parent == nil {
		return token
	}
	return j.parent.Token()
}

// Refresh makes exactly one status call and waits for its answer, which is in the getters afterwards. An error is that of
// the call; the job has not ended because of it. When the context ends first the answer still comes.
func (j *Job) Refresh(ctx context.Context) error {
	answer := make(chan error, 1)
	go func() { // the library's own limits end this
		defer runtime.KeepAlive(j)
		var failure *C.aigc_error
		answer <- taken(C.aigc_job_refresh(j.handle, -1, &failure), &failure)
	}()
	select {
	case err := <-answer:
		return with(j.Token(), err)
	case <-ctx.Done():
		return &Error{
			Status: ErrTimeout, Message: "the wait for a status was ended: " + ctx.Err().Error(), Outcome: j.Outcome(),
			Token: j.Token(), cause: ctx.Err(),
		}
	}
}

// Cancel ends the job here, at once. Neither provider can be told to stop: an accepted job keeps running and is billed.
func (j *Job) Cancel() {
	defer runtime.KeepAlive(j)
	C.aigc_job_cancel(j.handle)
}

// Key is the job's key in the journal: yours (the option "key" of the request), or one that the client made up. "" without
// a journal.
func (j *Job) Key() string {
	defer runtime.KeepAlive(j)
	return text(C.aigc_job_key(j.handle))
}

// Release lets the first byte of a job leave that was submitted with the option "hold": call it once your own note of the
// job is safe. EventJobReady tells that the job waits.
func (j *Job) Release() error {
	defer runtime.KeepAlive(j)
	var failure *C.aigc_error
	return taken(C.aigc_job_release(j.handle, &failure), &failure)
}

// SetFollow turns the polling of the job on or off.
func (j *Job) SetFollow(follow bool) error {
	defer runtime.KeepAlive(j)
	var failure *C.aigc_error
	return taken(C.aigc_job_set_follow(j.handle, flag(follow), &failure), &failure)
}

// SetDeadline sets the deadline of the job to now plus d; a negative d means none.
func (j *Job) SetDeadline(d time.Duration) error {
	defer runtime.KeepAlive(j)
	limit := C.int64_t(-1)
	if d >= 0 {
		limit = milliseconds(d)
	}
	var failure *C.aigc_error
	return taken(C.aigc_job_set_deadline_ms(j.handle, limit, &failure), &failure)
}

// SetTrace passes a trace on (W3C Trace Context) with every API call about this job from now on; an empty parent ends it.
func (j *Job) SetTrace(parent, state string) error {
	defer runtime.KeepAlive(j)
	var m memory
	defer m.free()
	p, err := m.addOptional("traceparent", parent)
	if err != nil {
		return err
	}
	s, err := m.addOptional("tracestate", state)
	if err != nil {
		return err
	}
	var failure *C.aigc_error
	status := C.aigc_job_set_trace(j.handle, p, s, &failure)
	return taken(status, &failure)
}

// ID is unique among the jobs of the process.
func (j *Job) ID() uint64 { return j.id }

// State says where the job stands.
func (j *Job) State() State {
	state := j.state()
	if state >= StateSucceeded {
		j.client.told(j.id)
	}
	return state
}

func (j *Job) state() State {
	defer runtime.KeepAlive(j)
	return State(C.aigc_job_state(j.handle))
}

// Outcome says what is known about the submission.
func (j *Job) Outcome() Outcome {
	defer runtime.KeepAlive(j)
	return Outcome(C.aigc_job_outcome(j.handle))
}

// Progress goes from 0 to 1; -1 if unknown.
func (j *Job) Progress() float64 {
	defer runtime.KeepAlive(j)
	return float64(C.aigc_job_progress(j.handle))
}

// Transferred gives the bytes that a download has received, and how many there are in all or -1.
func (j *Job) Transferred() (received, total int64) {
	defer runtime.KeepAlive(j)
	var r, t C.int64_t
	C.aigc_job_bytes(j.handle, &r, &t)
	return int64(r), int64(t)
}

// Provider and Operation are those of the request.
func (j *Job) Provider() string {
	defer runtime.KeepAlive(j)
	return text(C.aigc_job_provider(j.handle))
}

// Operation is that of the request.
func (j *Job) Operation() string {
	defer runtime.KeepAlive(j)
	return text(C.aigc_job_operation(j.handle))
}

// RemoteID is the provider's id; "" until it is known.
func (j *Job) RemoteID() string {
	defer runtime.KeepAlive(j)
	return text(C.aigc_job_remote_id(j.handle))
}

// Token attaches this job in another process or another language. It holds no secret. "" until the provider has accepted.
func (j *Job) Token() string {
	token := j.token()
	if token != "" {
		j.client.told(j.id)
	}
	return token
}

func (j *Job) token() string {
	defer runtime.KeepAlive(j)
	return text(C.aigc_job_token(j.handle))
}

// What is known of a submission, for people.
//
// generated: outcome (Tests/tools/generate.py)
const textAccepted = "accepted; fetch it with: aigc fetch "
const textAcceptedID = "accepted; the provider's id is "
const textAnswered = "the provider has answered this call, which may be paid; request id "
const textNothingPaid = "provably not submitted, or refused: nothing is paid"
const textInDoubt = "it may run and be paid: nobody knows whether it was submitted. Look at the " +
	"provider's console before you repeat it"
const textNoKey = "no journal has a key of it"
const textShowKey = "aigc jobs show --journal FOLDER -- "

// end of generated

// outcomeText says what is known of the submission, for people.
func (j *Job) outcomeText() string {
	if token := j.token(); token != "" {
		return textAccepted + token
	}
	if id := j.RemoteID(); id != "" {
		return textAcceptedID + id
	}
	look, request := textNoKey, "unknown"
	if key := j.Key(); key != "" {
		look = textShowKey + key
	}
	if id := j.RequestID(); id != "" {
		request = id
	}
	switch outcome := j.Outcome(); {
	case outcome == OutcomeAccepted:
		return textAnswered + request
	case outcome <= OutcomeNotSent:
		return textNothingPaid
	}
	return textInDoubt + " (request id " + request + "; " + look + ")"
}

// sameThread keeps the goroutine on its thread until the function that it returns is called. A string that changes with each
// answer is kept for the thread that asked for it: without this, the goroutine could move to another one before it copies.
func (j *Job) sameThread() func() {
	runtime.LockOSThread()
	return func() {
		runtime.UnlockOSThread()
		runtime.KeepAlive(j)
	}
}

// ProviderState is the provider's own word for the state; "" until one has been seen.
func (j *Job) ProviderState() string {
	defer j.sameThread()()
	return text(C.aigc_job_provider_state(j.handle))
}

// ProviderResponse is the provider's last answer with every field that it sent; nil until one came.
func (j *Job) ProviderResponse() json.RawMessage {
	defer j.sameThread()()
	if answer := text(C.aigc_job_provider_response(j.handle)); answer != "" {
		return json.RawMessage(answer)
	}
	return nil
}

// RequestID is the provider's request id of the last answer; "" until one came.
func (j *Job) RequestID() string {
	defer j.sameThread()()
	return text(C.aigc_job_request_id(j.handle))
}

// ResultID is the id of what the job has made where that is no image: of AlibabaModelTrain the model.
func (j *Job) ResultID() string {
	defer runtime.KeepAlive(j)
	return text(C.aigc_job_result_id(j.handle))
}

// Assets are the images of a job that has succeeded.
func (j *Job) Assets() []Asset {
	defer runtime.KeepAlive(j)
	assets := make([]Asset, int(C.aigc_job_asset_count(j.handle)))
	for i := range assets {
		index := C.size_t(i)
		assets[i] = Asset{
			Index: i, ID: text(C.aigc_job_asset_id(j.handle, index)), URL: text(C.aigc_job_asset_url(j.handle, index)),
		}
		if at := C.aigc_job_asset_expires_at_ms(j.handle, index); at != 0 {
			assets[i].Expires = time.UnixMilli(int64(at))
		}
	}
	return assets
}

// Download starts the download of an image, itself a job. path is the file to write, and ".*" at its end becomes the
// format's extension; "" means memory: Buffer. The file is never there in part.
func (j *Job) Download(index int, path string) (*Job, error) {
	if index < 0 {
		return nil, &Error{Status: ErrInvalidArgument, Message: "the index of an image cannot be negative"}
	}
	var m memory
	defer m.free()
	copied, err := m.addOptional("path", path)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(j)
	download, err := j.client.start(false, func(download **C.aigc_job, failure **C.aigc_error) C.aigc_status {
		return C.aigc_job_download(j.handle, C.size_t(index), copied, download, failure)
	})
	if err != nil {
		return nil, with(j.Token(), err)
	}
	download.parent = j
	return download, nil
}

// Path is the file of a download that has succeeded; "" before and for memory.
func (j *Job) Path() string {
	defer runtime.KeepAlive(j)
	return text(C.aigc_job_path(j.handle))
}

// ContentType of a download that has succeeded, such as "image/png", from the bytes themselves.
func (j *Job) ContentType() string {
	defer runtime.KeepAlive(j)
	return text(C.aigc_job_content_type(j.handle))
}

// Buffer takes the bytes of a download to memory that has succeeded. They can be taken once.
func (j *Job) Buffer() ([]byte, error) {
	defer runtime.KeepAlive(j)
	var buffer *C.aigc_buffer
	var failure *C.aigc_error
	if err := taken(C.aigc_job_take_buffer(j.handle, &buffer, &failure), &failure); err != nil {
		return nil, err
	}
	return bytesOf(buffer), nil
}

// bytesOf copies the bytes of a buffer and frees it.
func bytesOf(buffer *C.aigc_buffer) []byte {
	defer C.aigc_buffer_free(buffer)
	size := int(C.aigc_buffer_size(buffer))
	bytes := make([]byte, size)
	if size > 0 {
		copy(bytes, unsafe.Slice((*byte)(C.aigc_buffer_data(buffer)), size))
	}
	return bytes
}
