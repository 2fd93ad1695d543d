// Package aigc submits, follows and fetches image-generation jobs on Alibaba Cloud and Tencent Cloud through libaigc.
//
//	client, err := aigc.New(aigc.Options{}) // credentials from the environment
//	job, err := client.Submit(aigc.Request{
//		Provider: aigc.Tencent, Operation: aigc.TencentImage, Fields: aigc.Fields{"prompt": "a cat in the snow"},
//	})
//	err = job.Wait(ctx)
//	download, err := job.Download(0, "cat.*") // ".*" becomes the format's extension
//	err = download.Wait(ctx)
//	fmt.Println(download.Path())
//
// Everything may be used by any number of goroutines. A context ends a wait, never a job: what the provider has accepted
// keeps running, and Job.Token attaches it again. One goroutine of each client takes the library's events.
//
// The library is found by pkg-config. Where it has no .pc file, name its folder in AIGC_LIB_DIR and build with
//
//	CGO_CFLAGS="-I$AIGC_LIB_DIR/../include" CGO_LDFLAGS="-L$AIGC_LIB_DIR -Wl,-rpath,$AIGC_LIB_DIR" \
//		go build -tags aigc_libdir
package aigc

// #include <stdlib.h>
// #include <aigc.h>
import "C"

import (
	"encoding/json"
	"fmt"
	"log"
	"strconv"
	"sync"
	"time"
	"unsafe"
)

// Options make a client. The zero value is fine.
type Options struct {
	// Config are configuration keys by name, as ConfigKeys() lists them.
	Config map[string]string
	// OnEvent is called for every event, one at a time, on a goroutine of the client's. It must not call Client.Close.
	OnEvent func(Event)
}

// Event is something that happened.
type Event struct {
	Type     EventType
	Job      *Job // nil if it is about none, or about a job that nobody holds any more
	JobID    uint64
	State    State
	Status   Status // EventJobDone: how the job ended. EventJobRefreshed: how the call ended
	Provider string
	Message  string          // one line for people, of the types that have one (EventWarning, EventLog)
	Level    LogLevel        // EventLog: how much it matters
	Fields   json.RawMessage // EventLog: what belongs to it, an object
}

// Client is one engine: connections, rates, credentials, jobs. One per process is enough for thousands of jobs. Close it.
type Client struct {
	onEvent func(Event)
	grace   time.Duration // the configuration's close.grace_ms
	// how long an answer can come after the end of its job: timeout.submit_ms and a moment
	lateAnswer time.Duration
	drained    chan struct{} // closed when the goroutine that takes events has ended
	ended      chan struct{} // closed when Close has done its work

	mu       sync.Mutex
	handle   *C.aigc_client  // nil once closed
	jobs     map[uint64]*Job // jobs whose end (or late acceptance) has not been told
	adopts   bool            // Resume was called
	resumed  []*Job
	untold   map[uint64]*Job // jobs whose token nobody has read, and whose end nobody has seen
	lookAt   int
	draining bool
	closed   bool // the library's close has returned: no event comes any more
}

// New makes a client. It starts nothing before the first job.
func New(options Options) (*Client, error) {
	if number := int(C.aigc_version_number()); number/1000000 != versionMajor || number/1000%1000 < versionMinor {
		return nil, &Error{Status: ErrInternal, Message: fmt.Sprintf(
			"libaigc %s is loaded; this program is written for %d.%d", Version(), versionMajor, versionMinor)}
	}
	var m memory
	defer m.free()
	var config *C.aigc_config
	var failure *C.aigc_error
	if err := taken(C.aigc_config_new(&config, &failure), &failure); err != nil {
		return nil, err
	}
	defer C.aigc_config_free(config)
	for _, name := range sorted(options.Config) {
		key, err := m.add("configuration key", name)
		if err != nil {
			return nil, err
		}
		value, err := m.add(name, options.Config[name])
		if err != nil {
			return nil, err
		}
		if err := taken(C.aigc_config_set(config, key, value, &failure), &failure); err != nil {
			return nil, err
		}
	}
	c := &Client{
		onEvent: options.OnEvent, jobs: map[uint64]*Job{}, untold: map[uint64]*Job{}, lookAt: 1000,
		drained: make(chan struct{}), ended: make(chan struct{}),
	}
	c.grace = duration(config, "close.grace_ms")
	c.lateAnswer = duration(config, "timeout.submit_ms") + 10*time.Second
	if err := taken(C.aigc_client_new(config, &c.handle, &failure), &failure); err != nil {
		return nil, err
	}
	return c, nil
}

// Close ends all jobs of the client here; they keep running at the provider. Submissions on the wire get up to grace for
// their answer, so that the ids of accepted jobs are not lost; a negative grace takes the configuration's close.grace_ms.
// Jobs stay readable. Closing twice is fine. The standard logger gets a line about each job that may be paid, and whose token
// nobody had read and whose end nobody had seen.
func (c *Client) Close(grace time.Duration) {
	c.mu.Lock()
	handle := c.handle
	c.handle = nil // from here on every call is refused
	draining := c.draining
	untold := c.untold // whoever waits now is told the end by an error that nobody may look at: of a group, say
	c.untold = nil
	c.mu.Unlock()
	if handle == nil {
		<-c.ended
		return
	}
	if grace < 0 {
		grace = c.grace
	}
	C.aigc_client_close(handle, milliseconds(grace))
	if draining {
		c.mu.Lock()
		c.closed = true
		c.mu.Unlock()
		C.aigc_client_wake(handle)
		<-c.drained
	}
	C.aigc_client_free(handle)
	for _, job := range untold {
		if job.Outcome() > OutcomeNotSent {
			log.Printf("aigc: the client was closed, and nobody had read the token of a job: %s", job.outcomeText())
		}
	}
	close(c.ended)
}

// told notes that somebody has the token of a job, or has seen the end.
func (c *Client) told(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.untold, id)
}

// remember keeps a job, with the lock held, until somebody has been told of it. Now and then those are dropped that have ended
// since.
func (c *Client) remember(job *Job) {
	c.untold[job.id] = job
	if len(c.untold) < c.lookAt {
		return
	}
	for id, one := range c.untold {
		if one.state() >= StateSucceeded {
			delete(c.untold, id)
		}
	}
	if c.lookAt = 2 * len(c.untold); c.lookAt < 1000 {
		c.lookAt = 1000
	}
}

// SetCredentials gives a provider's credentials from now on, instead of all other sources. token is the STS security token
// or ""; expires is when they end, or the zero time: before that an EventCredentialsNeeded asks for new ones.
func (c *Client) SetCredentials(provider, id, secret, token string, expires time.Time) error {
	var m memory
	defer m.free()
	var values [3]*C.char
	for i, value := range []struct{ what, text string }{{"provider", provider}, {"id", id}, {"secret", secret}} {
		copied, err := m.add(value.what, value.text)
		if err != nil {
			return err
		}
		values[i] = copied
	}
	session, err := m.addOptional("security token", token)
	if err != nil {
		return err
	}
	var at C.int64_t
	if !expires.IsZero() {
		at = C.int64_t(expires.UnixMilli())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handle == nil {
		return closed()
	}
	c.watch()
	var failure *C.aigc_error
	status := C.aigc_client_set_credentials(c.handle, values[0], values[1], values[2], session, at, &failure)
	return taken(status, &failure)
}

// Submit queues a job and does not block. What a check refuses costs nothing and makes no job.
func (c *Client) Submit(request Request) (*Job, error) {
	built, err := request.build()
	if err != nil {
		return nil, err
	}
	defer C.aigc_request_free(built)
	return c.begin(true, func(job **C.aigc_job, failure **C.aigc_error) C.aigc_status {
		return C.aigc_client_submit(c.handle, built, job, failure)
	})
}

// Attach finds a job again from its token, in any process and from any language. follow says whether it is polled until it
// ends; otherwise only Job.Refresh asks.
func (c *Client) Attach(token string, follow bool) (*Job, error) {
	var m memory
	defer m.free()
	copied, err := m.add("token", token)
	if err != nil {
		return nil, err
	}
	return c.start(false, func(job **C.aigc_job, failure **C.aigc_error) C.aigc_status {
		return C.aigc_client_attach(c.handle, copied, flag(follow), job, failure)
	})
}

// AttachID is Attach from the provider's own job id.
func (c *Client) AttachID(provider, operation, remoteID string, follow bool) (*Job, error) {
	var m memory
	defer m.free()
	var values [3]*C.char
	for i, value := range []struct{ what, text string }{
		{"provider", provider}, {"operation", operation}, {"job id", remoteID},
	} {
		copied, err := m.add(value.what, value.text)
		if err != nil {
			return nil, err
		}
		values[i] = copied
	}
	return c.start(false, func(job **C.aigc_job, failure **C.aigc_error) C.aigc_status {
		return C.aigc_client_attach_id(c.handle, values[0], values[1], values[2], flag(follow), job, failure)
	})
}

// Fetch downloads one image that is known by id or URL; path as in Job.Download.
func (c *Client) Fetch(request Request, path string) (*Job, error) {
	built, err := request.build()
	if err != nil {
		return nil, err
	}
	defer C.aigc_request_free(built)
	var m memory
	defer m.free()
	copied, err := m.addOptional("path", path)
	if err != nil {
		return nil, err
	}
	return c.start(false, func(job **C.aigc_job, failure **C.aigc_error) C.aigc_status {
		return C.aigc_client_fetch(c.handle, built, copied, job, failure)
	})
}

// Call calls any operation of a provider's product by the provider's own name, as aigc_client_call in aigc.h says. body is an
// object with the provider's own names, nil means {}. reads says that the operation only reads: it is then repeated through
// everything transient; otherwise it is sent at most once, like a submission. The whole answer is Job.ProviderResponse.
func (c *Client) Call(provider, action string, body json.RawMessage, reads bool) (*Job, error) {
	var m memory
	defer m.free()
	cloud, err := m.add("provider", provider)
	if err != nil {
		return nil, err
	}
	name, err := m.add("action", action)
	if err != nil {
		return nil, err
	}
	object, err := m.addOptional("body", string(body))
	if err != nil {
		return nil, err
	}
	return c.begin(false, func(job **C.aigc_job, failure **C.aigc_error) C.aigc_status {
		return C.aigc_client_call(c.handle, cloud, name, object, flag(reads), job, failure)
	})
}

// Report says what this client stands on, for diagnosis and support: trust, proxies, credentials, clocks. No secret is in it.
func (c *Client) Report() (json.RawMessage, error) {
	return c.document(func(buffer **C.aigc_buffer, failure **C.aigc_error) C.aigc_status {
		return C.aigc_client_report(c.handle, buffer, failure)
	})
}

// Stats says what this client has done so far: calls, retries, bytes, how long things took. No secret is in it.
func (c *Client) Stats() (json.RawMessage, error) {
	return c.document(func(buffer **C.aigc_buffer, failure **C.aigc_error) C.aigc_status {
		return C.aigc_client_stats(c.handle, buffer, failure)
	})
}

// AttachKey gives the job of a key that the client's journal knows, without a request. ErrNotFound: the journal has no such
// key. ErrWrongState: there is no journal, or the key was never sent: submit its request.
func (c *Client) AttachKey(key string, follow bool) (*Job, error) {
	var m memory
	defer m.free()
	copied, err := m.add("key", key)
	if err != nil {
		return nil, err
	}
	return c.start(true, func(job **C.aigc_job, failure **C.aigc_error) C.aigc_status {
		return C.aigc_client_attach_key(c.handle, copied, flag(follow), job, failure)
	})
}

// Resume takes over every job of the journal whose client is gone: killed, or closed before the job ended. It sends no
// submission. The jobs are those that Resumed gives.
func (c *Client) Resume(follow bool) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handle == nil {
		return 0, closed()
	}
	c.watch()
	c.adopts = true
	var count C.size_t
	var failure *C.aigc_error
	err := taken(C.aigc_client_resume(c.handle, flag(follow), &count, &failure), &failure)
	return int(count), err
}

// Resumed gives the jobs that Resume took over and that have not been given before. A job comes here as soon as its event
// has: accepted, or ended in doubt.
func (c *Client) Resumed() []*Job {
	c.mu.Lock()
	defer c.mu.Unlock()
	jobs := c.resumed
	c.resumed = nil
	return jobs
}

func (c *Client) document(make func(**C.aigc_buffer, **C.aigc_error) C.aigc_status) (json.RawMessage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handle == nil {
		return nil, closed()
	}
	var buffer *C.aigc_buffer
	var failure *C.aigc_error
	if err := taken(make(&buffer, &failure), &failure); err != nil {
		return nil, err
	}
	return bytesOf(buffer), nil
}

// begin starts a job that can be paid.
func (c *Client) begin(awaitsID bool, make func(**C.aigc_job, **C.aigc_error) C.aigc_status) (*Job, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	job, err := c.startLocked(awaitsID, make)
	if err == nil {
		c.remember(job)
	}
	return job, err
}

// start is startLocked with the lock.
func (c *Client) start(awaitsID bool, make func(**C.aigc_job, **C.aigc_error) C.aigc_status) (*Job, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.startLocked(awaitsID, make)
}

// startLocked makes a job and enters it into the table before any event of it can be looked at. awaitsID: its acceptance has an
// event of its own.
func (c *Client) startLocked(awaitsID bool, make func(**C.aigc_job, **C.aigc_error) C.aigc_status) (*Job, error) {
	if c.handle == nil {
		return nil, closed()
	}
	c.watch()
	var handle *C.aigc_job
	var failure *C.aigc_error
	if err := taken(make(&handle, &failure), &failure); err != nil {
		return nil, err
	}
	job := newJob(c, handle)
	job.awaitsID = awaitsID
	c.jobs[job.id] = job
	return job, nil
}

// watch starts to take events, with the lock held. The library keeps those of a client that has been asked for them once.
func (c *Client) watch() {
	if c.draining {
		return
	}
	c.draining = true
	var first *C.aigc_event
	C.aigc_client_next_event(c.handle, 0, &first, nil)
	go c.drain(c.handle, first)
}

// drain takes the events of the client, on one goroutine, until it is closed. first may be nil.
func (c *Client) drain(handle *C.aigc_client, first *C.aigc_event) {
	defer close(c.drained)
	if first != nil {
		c.take(first)
		C.aigc_event_free(first)
	}
	for {
		var event *C.aigc_event
		C.aigc_client_next_event(handle, -1, &event, nil)
		if event != nil {
			c.take(event)
			C.aigc_event_free(event)
			continue
		}
		// Woken by Close, or it is about to: what is queued when the library's close has returned still counts.
		c.mu.Lock()
		over := c.closed
		c.mu.Unlock()
		if over {
			break
		}
		time.Sleep(time.Millisecond)
	}
	for {
		var event *C.aigc_event
		C.aigc_client_next_event(handle, 0, &event, nil)
		if event == nil {
			break
		}
		c.take(event)
		C.aigc_event_free(event)
	}
	c.mu.Lock()
	left := c.jobs
	c.jobs = map[uint64]*Job{}
	c.mu.Unlock()
	for _, job := range left {
		job.end()
	}
}

func (c *Client) take(event *C.aigc_event) {
	e := Event{
		Type:     EventType(C.aigc_event_type(event)),
		JobID:    uint64(C.aigc_event_job_id(event)),
		State:    State(C.aigc_event_state(event)),
		Status:   Status(C.aigc_event_status(event)),
		Provider: text(C.aigc_event_provider(event)),
		Message:  text(C.aigc_event_message(event)),
		Level:    LogLevel(C.aigc_event_level(event)),
	}
	if fields := C.aigc_event_fields(event); fields != nil {
		e.Fields = json.RawMessage(text(fields))
	}
	c.mu.Lock()
	job := c.jobs[e.JobID]
	if begun := C.aigc_event_job(event); job == nil && c.adopts && begun != nil &&
		(e.Type == EventJobAccepted || e.Type == EventJobDone) && C.aigc_job_key(begun) != nil {
		// A job that Resume took over: nobody has a handle on it so far.
		job = newJob(c, C.aigc_job_ref(begun))
		c.jobs[e.JobID] = job
		c.resumed = append(c.resumed, job)
	}
	e.Job = job
	late := false
	if job != nil {
		switch e.Type {
		case EventJobAccepted:
			if job.isDone() || job.endsLate {
				delete(c.jobs, e.JobID)
			}
		case EventJobDone:
			if c.handle == nil && job.mayBeAccepted() {
				job.endsLate = true // by Close: whoever waits is told with the id that the grace may still bring
			} else if !job.mayBeAccepted() {
				delete(c.jobs, e.JobID)
			} else { // and if no answer has come by then, none will
				id := e.JobID
				time.AfterFunc(c.lateAnswer, func() {
					c.mu.Lock()
					defer c.mu.Unlock()
					delete(c.jobs, id)
				})
			}
		}
		late = job.endsLate
	}
	if c.onEvent != nil && e.Type == EventJobDone {
		delete(c.untold, e.JobID)
	}
	c.mu.Unlock()
	if job != nil {
		switch e.Type {
		case EventJobAccepted:
			job.accept()
			if late {
				job.end()
			}
		case EventJobDone:
			if !late {
				job.end()
			}
		}
	}
	if c.onEvent != nil {
		c.onEvent(e)
	}
}

// duration is the value of a configuration key in milliseconds.
func duration(config *C.aigc_config, name string) time.Duration {
	key := C.CString(name)
	defer C.free(unsafe.Pointer(key))
	ms, _ := strconv.ParseInt(text(C.aigc_config_get(config, key)), 10, 64)
	return time.Duration(ms) * time.Millisecond
}

// milliseconds rounds away from 0: the longest duration must not overflow, and one below 0 must not become 0.
func milliseconds(d time.Duration) C.int64_t {
	ms := d / time.Millisecond
	switch rest := d % time.Millisecond; {
	case rest > 0:
		ms++
	case rest < 0:
		ms--
	}
	return C.int64_t(ms)
}

func flag(value bool) C.int32_t {
	if value {
		return 1
	}
	return 0
}
