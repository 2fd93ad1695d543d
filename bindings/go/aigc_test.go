package aigc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// config is how the sandbox is reached: AIGC_TEST_CONFIG has one KEY=VALUE a line.
func config(t *testing.T) map[string]string {
	t.Helper()
	lines := os.Getenv("AIGC_TEST_CONFIG")
	if lines == "" {
		t.Skip("AIGC_TEST_CONFIG is not set: Tests/packaging/run.sh --only go runs this against a sandbox")
	}
	keys := map[string]string{}
	for _, line := range strings.Split(lines, "\n") {
		if key, value, found := strings.Cut(line, "="); found {
			keys[key] = value
		}
	}
	return keys
}

func open(t *testing.T, onEvent func(Event)) *Client {
	t.Helper()
	client, err := New(Options{Config: config(t), OnEvent: onEvent})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(0) })
	return client
}

func withJournal(t *testing.T, folder string) *Client {
	t.Helper()
	keys := config(t)
	keys["journal.path"] = folder
	client, err := New(Options{Config: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(0) })
	return client
}

func cat(words string) Request {
	return Request{Provider: Tencent, Operation: TencentImage, Fields: Fields{"prompt": words}}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func submit(t *testing.T, client *Client, request Request) *Job {
	t.Helper()
	job, err := client.Submit(request)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func TestBothCloudsToMemoryAndToAFile(t *testing.T) {
	client := open(t, nil)
	requests := []Request{
		cat("a cat in Go"),
		{
			Provider: Alibaba, Operation: AlibabaPreModelInference, Fields: Fields{"prompt": "a <special-token> in Go", "count": 2},
			Images: []Image{{URL: "https://example.com/reference.png"}},
		},
	}
	for _, request := range requests {
		job := submit(t, client, request)
		if err := job.Wait(within(t, 30*time.Second)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-job.Accepted():
		default:
			t.Error("a job has succeeded without having been accepted")
		}
		if job.Token() == "" || job.RemoteID() == "" || job.State() != StateSucceeded || job.Outcome() != OutcomeAccepted {
			t.Errorf("%s %q %q %v", job.State(), job.Token(), job.RemoteID(), job.Outcome())
		}
		if !json.Valid(job.ProviderResponse()) {
			t.Errorf("the provider's answer is no JSON: %s", job.ProviderResponse())
		}
		assets := job.Assets()
		if len(assets) == 0 {
			t.Fatal("no image")
		}
		memory, err := job.Download(0, "")
		if err != nil {
			t.Fatal(err)
		}
		file, err := job.Download(0, filepath.Join(t.TempDir(), "cat.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, download := range []*Job{memory, file} {
			if err := download.Wait(within(t, 30*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		inMemory, err := memory.Buffer()
		if err != nil {
			t.Fatal(err)
		}
		onDisk, err := os.ReadFile(file.Path())
		if err != nil {
			t.Fatal(err)
		}
		if len(inMemory) == 0 || !bytes.Equal(inMemory, onDisk) {
			t.Errorf("%d bytes in memory, %d on disk, or not the same ones", len(inMemory), len(onDisk))
		}
		if received, total := file.Transferred(); received != int64(len(onDisk)) || total != received {
			t.Errorf("%d of %d bytes, the file has %d", received, total, len(onDisk))
		}
		if _, err := memory.Buffer(); !errors.Is(err, ErrWrongState) {
			t.Errorf("the bytes were taken twice: %v", err)
		}
	}
}

func TestTypedRequestsAskTheSame(t *testing.T) {
	typed := TencentAigcImageRequest{
		Prompt: "a cat in Go", Count: Value(int64(2)), EnhancePrompt: Value(false),
		Images: []Image{{URL: "https://example.com/reference.png"}},
	}.Request()
	plain := Request{
		Provider: Tencent, Operation: TencentImage,
		Fields: Fields{"prompt": "a cat in Go", "count": int64(2), "enhance_prompt": false},
		Images: []Image{{URL: "https://example.com/reference.png"}},
	}
	if !reflect.DeepEqual(typed, plain) {
		t.Errorf("%#v is not %#v", typed, plain)
	}
	client := open(t, nil)
	job := submit(t, client, TencentAigcImageRequest{Prompt: "a typed cat in Go"}.Request())
	if err := job.Wait(within(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
}

func TestAKeyIsPaidOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	request := cat("a cat with a key in Go")
	request.Options = map[string]string{"key": "k1"}
	var first string
	for i := 0; i < 2; i++ {
		client := withJournal(t, folder)
		for j := 0; j < 2; j++ {
			job := submit(t, client, request)
			if err := job.Wait(within(t, 30*time.Second)); err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = job.RemoteID()
			}
			if job.Key() != "k1" || job.RemoteID() != first {
				t.Errorf("%q %q, not %q", job.Key(), job.RemoteID(), first)
			}
		}
		other := cat("another cat")
		other.Options = request.Options
		if _, err := client.Submit(other); !errors.Is(err, ErrKeyConflict) {
			t.Errorf("%v", err)
		}
		if _, err := client.AttachKey("k2", true); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v", err)
		}
		// Nothing is held here.
		if err := submit(t, client, request).Release(); !errors.Is(err, ErrWrongState) {
			t.Errorf("%v", err)
		}
		client.Close(0)
	}
	rows, err := JournalList(folder, map[string]any{"states": []string{"succeeded"}}, "")
	if err != nil || len(rows) != 1 || rows[0].Key != "k1" || rows[0].RemoteID != first {
		t.Errorf("%v %v", rows, err)
	}
	if err := JournalResolve(folder, "k1", OutcomeNotSent, ""); !errors.Is(err, ErrWrongState) {
		t.Errorf("%v", err)
	}
	if report, err := JournalCheck(folder); err != nil || !json.Valid(report) {
		t.Errorf("%s %v", report, err)
	}
	if removed, err := JournalPrune(folder, math.MaxInt64); err != nil || removed != 0 {
		t.Errorf("pruned for ever: %d, %v", removed, err)
	}
	for _, wrong := range []time.Duration{-1, -time.Hour, math.MinInt64} {
		if removed, err := JournalPrune(folder, wrong); err == nil {
			t.Errorf("%v: pruned %d", wrong, removed)
		}
	}
	if removed, err := JournalPrune(folder, 0); err != nil || removed != 1 {
		t.Errorf("%d %v", removed, err)
	}
}

func TestJobsOfAClosedClientAreResumed(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	first := withJournal(t, folder)
	job := submit(t, first, cat("[slow] a cat to resume in Go"))
	<-job.Accepted()
	first.Close(0)
	second := withJournal(t, folder)
	count, err := second.Resume(true)
	if err != nil || count != 1 {
		t.Fatalf("%d %v", count, err)
	}
	var found []*Job
	for i := 0; i < 500 && len(found) == 0; i++ {
		found = append(found, second.Resumed()...)
		time.Sleep(10 * time.Millisecond)
	}
	if len(found) != 1 || found[0].RemoteID() != job.RemoteID() || found[0].Key() != job.Key() {
		t.Fatalf("%v", found)
	}
	if err := found[0].Wait(within(t, 30*time.Second)); err != nil {
		t.Error(err)
	}
}

func TestTheConfigurationFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	text := "profile = \"two\"\n[profiles.two.operations.tencent.aigc_image]\ncount = 2\n[profiles.bad]\npol.max_ms = 1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AIGC_CONFIG_FILE", file)
	client, err := New(Options{Config: config(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(0)
	job, err := client.Submit(Request{Provider: Tencent, Operation: TencentImage, Fields: Fields{"prompt": "a cat of Go"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := job.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(job.Assets()) != 2 {
		t.Errorf("%d images, and the profile asks for 2", len(job.Assets()))
	}
	_, err = New(Options{Config: map[string]string{"profile": "bad"}})
	if err == nil || !strings.Contains(err.Error(), "line 5, column 5") || !strings.Contains(err.Error(), `"poll.max_ms"`) {
		t.Errorf("a profile with an unknown key: %v", err)
	}
}

func TestManyGoroutinesAndOneEndForEach(t *testing.T) {
	const jobs = 100
	var ends sync.Map
	var twice atomic.Int32
	client := open(t, func(e Event) {
		if e.Type == EventJobDone {
			if _, before := ends.LoadOrStore(e.JobID, true); before {
				twice.Add(1)
			}
			if e.Job == nil || e.Job.ID() != e.JobID {
				t.Errorf("event of job %d has no job", e.JobID)
			}
		}
	})
	var group sync.WaitGroup
	for i := 0; i < jobs; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			job, err := client.Submit(cat(fmt.Sprintf("cat %d of many in Go", i)))
			if err != nil {
				t.Error(err)
				return
			}
			if err := job.Wait(within(t, time.Minute)); err != nil {
				t.Error(err)
			}
			if i%10 == 0 {
				runtime.GC() // frees the handles of jobs that have gone out of reach
			}
		}(i)
	}
	group.Wait()
	client.Close(0)
	count := 0
	ends.Range(func(any, any) bool { count++; return true })
	if count != jobs || twice.Load() != 0 {
		t.Errorf("%d ends of %d jobs, %d of them twice", count, jobs, twice.Load())
	}
}

func TestCloseTellsOfEachJobThatNobodyKnows(t *testing.T) {
	var mu sync.Mutex
	var said strings.Builder
	log.SetOutput(writer(func(text []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return said.Write(text)
	}))
	defer log.SetOutput(os.Stderr)
	for _, how := range []string{"drop", "group", "known"} {
		arrived, answer := make(chan bool, 3), make(chan bool)
		var ids atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if r.Header.Get("X-TC-Action") != "CreateAigcImageTask" {
				<-r.Context().Done()
				return
			}
			id := ids.Add(1)
			arrived <- true
			<-answer
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"Response":{"RequestId":"r","TaskId":"251000-AigcImage-untold%d"}}`, id)
		}))
		keys := config(t)
		keys["tencent.endpoint"] = server.URL
		client, err := New(Options{Config: keys})
		if err != nil {
			t.Fatal(err)
		}
		var waits sync.WaitGroup
		for i := 0; i < 3; i++ {
			job := submit(t, client, cat(fmt.Sprintf("dropped cat %d", i)))
			if how == "group" {
				waits.Add(1)
				go func() { defer waits.Done(); job.Wait(context.Background()) }()
			}
			if how == "known" {
				waits.Add(1)
				go func() {
					defer waits.Done()
					<-job.Accepted()
					if job.Token() == "" {
						t.Error("no token")
					}
				}()
			}
		}
		for i := 0; i < 3; i++ {
			<-arrived
		}
		if how == "known" {
			close(answer)
			waits.Wait()
			client.Close(time.Minute)
		} else {
			closed := make(chan bool)
			go func() { client.Close(time.Minute); close(closed) }()
			close(answer)
			<-closed
			waits.Wait()
		}
		mu.Lock()
		found := strings.Count(said.String(), "nobody had read the token of a job: accepted; fetch it with: aigc fetch aigc1:")
		if want := map[string]int{"drop": 3, "group": 3}[how]; found != want {
			t.Errorf("%s: %d, %s", how, found, said.String())
		}
		said.Reset()
		mu.Unlock()
		server.Close()
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(text []byte) (int, error) { return w(text) }

func TestAWaitThatCloseEndsHasTheToken(t *testing.T) {
	arrived, answer := make(chan bool, 1), make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		arrived <- true
		<-answer
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"Response":{"RequestId":"r","TaskId":"251000-AigcImage-waited"}}`)
	}))
	defer server.Close()
	keys := config(t)
	keys["tencent.endpoint"] = server.URL
	client, err := New(Options{Config: keys})
	if err != nil {
		t.Fatal(err)
	}
	job := submit(t, client, cat("a late cat"))
	<-arrived
	waited, closed := make(chan error), make(chan bool)
	go func() { waited <- job.Wait(context.Background()) }()
	go func() { client.Close(time.Minute); close(closed) }()
	for job.state() < StateSucceeded { // ended by Close, and its answer is not known
		time.Sleep(time.Millisecond)
	}
	close(answer)
	var failure *Error
	if err := <-waited; !errors.As(err, &failure) {
		t.Fatal(err)
	}
	if failure.Status != ErrCancelled || failure.Outcome != OutcomeAccepted || failure.Token == "" {
		t.Errorf("status %v, outcome %v, token %q", failure.Status, failure.Outcome, failure.Token)
	}
	<-closed
}

func TestForEverIsNeverAtOnce(t *testing.T) {
	client := open(t, nil)
	job := submit(t, client, cat("[never] a cat of ever"))
	<-job.Accepted()
	for _, ever := range []time.Duration{math.MaxInt64, math.MaxInt64 - 1, -1} {
		if err := job.SetDeadline(ever); err != nil {
			t.Errorf("%v: %v", ever, err)
		}
	}
	if err := job.Refresh(within(t, 30*time.Second)); err != nil || job.isDone() {
		t.Errorf("%v, %v", err, job.State())
	}
	job.Cancel()
	client.Close(math.MaxInt64)
}

func TestAContextEndsTheWaitAndNotTheJob(t *testing.T) {
	client := open(t, nil)
	job := submit(t, client, cat("[never] a cat that Go does not wait for"))
	<-job.Accepted()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	err := job.Wait(ctx)
	var e *Error
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrTimeout) || !errors.As(err, &e) {
		t.Fatalf("%v", err)
	}
	if e.Token == "" || e.Token != job.Token() || e.Outcome != OutcomeAccepted {
		t.Errorf("token %q, outcome %v", e.Token, e.Outcome)
	}
	if job.State().Ended() {
		t.Errorf("the job has ended: %v", job.State())
	}
	again, err := open(t, nil).Attach(e.Token, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Refresh(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if again.RemoteID() != job.RemoteID() || again.State() != StateRunning && again.State() != StatePending {
		t.Errorf("%s %v", again.RemoteID(), again.State())
	}
	job.Cancel()
	if err := job.Wait(context.Background()); !errors.Is(err, ErrCancelled) {
		t.Errorf("%v", err)
	}
}

func TestErrorsSayWhatHappened(t *testing.T) {
	client := open(t, nil)
	job := submit(t, client, cat("[fail] a cat in Go"))
	err := job.Wait(within(t, 30*time.Second))
	var e *Error
	if !errors.As(err, &e) || e.Status != ErrJobFailed || e.Outcome != OutcomeAccepted || e.Token == "" || e.RequestID == "" {
		t.Errorf("%+v", e)
	}
	if errors.Is(err, ErrThrottled) || !errors.Is(err, ErrJobFailed) {
		t.Errorf("errors.Is does not tell %v apart", err)
	}
	wrong := map[string]Request{
		"prompts": {Provider: Tencent, Operation: TencentImage, Fields: Fields{"prompts": "x"}},
		"prompt":  {Provider: Tencent, Operation: TencentImage, Fields: Fields{"prompt": "a\x00b"}},
		"seed":    {Provider: Tencent, Operation: TencentImage, Fields: Fields{"prompt": "x", "seed": []int{1}}},
		"":        {Provider: Tencent, Operation: "nothing of the kind"},
	}
	for field, request := range wrong {
		_, err := client.Submit(request)
		if !errors.As(err, &e) || e.Status != ErrInvalidArgument || e.Field != field && field != "" {
			t.Errorf("%q: %+v", field, err)
		}
	}
	if _, err := New(Options{Config: map[string]string{"tencent.regoin": "x"}}); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("%v", err)
	}
}

func TestCloseEndsEveryWait(t *testing.T) {
	client := open(t, nil)
	var jobs []*Job
	for i := 0; i < 20; i++ {
		jobs = append(jobs, submit(t, client, cat(fmt.Sprintf("[never] cat %d at the end", i))))
	}
	ended := make(chan error, len(jobs))
	for _, job := range jobs {
		go func(job *Job) { ended <- job.Wait(context.Background()) }(job)
	}
	<-jobs[0].Accepted()
	var group sync.WaitGroup
	for i := 0; i < 3; i++ {
		group.Add(1)
		go func() { defer group.Done(); client.Close(-1) }()
	}
	group.Wait()
	for range jobs {
		if err := <-ended; !errors.Is(err, ErrCancelled) {
			t.Errorf("%v", err)
		}
	}
	if jobs[0].Token() == "" {
		t.Error("a closed client's job has lost its token")
	}
	if _, err := client.Submit(cat("too late")); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := jobs[0].Download(0, ""); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	if err := client.SetCredentials(Tencent, "id", "secret", "", time.Time{}); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	unused, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	unused.Close(-1)
}

func TestCallsByTheProvidersOwnName(t *testing.T) {
	client := open(t, nil)
	job := submit(t, client, cat("a cat that is asked for by name"))
	if err := job.Wait(within(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"TaskId": job.RemoteID()})
	if err != nil {
		t.Fatal(err)
	}
	once, err := client.Call(Tencent, "SandboxEchoThing", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := once.Wait(within(t, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if said, want := once.outcomeText(), "the provider has answered this call, which may be paid; request id "+once.RequestID(); said != want {
		t.Errorf("%q, not %q", said, want)
	}
	call, err := client.Call(Tencent, "DescribeAigcImageTask", body, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := call.Wait(within(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(call.ProviderResponse()), "DONE") {
		t.Errorf("%s", call.ProviderResponse())
	}
	report, err := client.Report()
	if err != nil || !json.Valid(report) || !strings.Contains(string(report), "providers") {
		t.Errorf("%s %v", report, err)
	}
}

const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestWhatItDoesIsTold(t *testing.T) {
	var mu sync.Mutex
	said := map[string]int{}
	keys := config(t)
	keys["log.level"] = "debug"
	client, err := New(Options{Config: keys, OnEvent: func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		if (e.Type == EventLog) != (e.Level != LogNone) || (e.Type == EventLog) != json.Valid(e.Fields) {
			t.Errorf("%+v", e)
		}
		if e.Type == EventLog && strings.Contains(string(e.Fields), trace[3:35]) {
			said[e.Message]++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(0)
	request := cat("a cat that is watched")
	request.Options = map[string]string{"traceparent": trace}
	job := submit(t, client, request)
	if err := job.SetTrace("no trace", ""); err == nil {
		t.Error("that is no trace")
	}
	if err := job.Wait(within(t, time.Minute)); err != nil {
		t.Fatal(err)
	}
	stats, err := client.Stats()
	if err != nil || !strings.Contains(string(stats), `"action":"CreateAigcImageTask","kind":"submit","started":1`) {
		t.Errorf("%s %v", stats, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if said["Call started"] < 2 {
		t.Errorf("%v", said)
	}
}

// An answer that comes after a cancel still brings the id, whatever the log tells meanwhile.
func TestALateIDIsTold(t *testing.T) {
	for _, level := range []string{"off", "info", "debug"} {
		arrived, answer := make(chan bool, 1), make(chan bool)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			arrived <- true
			<-answer
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"Response":{"TaskId":"1234-AigcImage-77","RequestId":"11111111-2222-3333-4444-555555555555"}}`)
		}))
		client, err := New(Options{Config: map[string]string{
			"tencent.endpoint": server.URL, "tencent.secret_id": "an-id", "tencent.secret_key": "a-key", "http.proxy": "none",
			"log.level": level,
		}})
		if err != nil {
			t.Fatal(err)
		}
		job := submit(t, client, cat("a cat that was given up"))
		<-arrived
		job.Cancel()
		<-job.Done()
		close(answer)
		select {
		case <-job.Accepted():
			if job.Token() == "" {
				t.Errorf("log.level %s: no token", level)
			}
		case <-within(t, 20*time.Second).Done():
			t.Errorf("log.level %s: the id was not told", level)
		}
		client.Close(0)
		server.Close()
	}
}

func held(client *Client) int {
	client.mu.Lock()
	defer client.mu.Unlock()
	return len(client.jobs)
}

// A job whose outcome stays unknown is not kept until the client is closed.
func TestJobsOfUnknownOutcomeAreReleased(t *testing.T) {
	var mode atomic.Value
	mode.Store("lost")
	arrived := make(chan bool, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		arrived <- true
		if mode.Load() == "silent" {
			time.Sleep(2 * time.Second)
		}
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			connection.Close()
		}
	}))
	defer server.Close()
	client, err := New(Options{Config: map[string]string{
		"tencent.endpoint": server.URL, "tencent.secret_id": "an-id", "tencent.secret_key": "a-key", "http.proxy": "none",
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(0)
	for i := 0; i < 3; i++ {
		job := submit(t, client, cat("a cat that nobody knows of"))
		if err := job.Wait(within(t, 20*time.Second)); !errors.Is(err, ErrOutcomeUnknown) {
			t.Fatal(err)
		}
		<-arrived
	}
	if n := held(client); n != 0 {
		t.Errorf("%d jobs are kept", n)
	}
	mode.Store("silent")
	client.lateAnswer = 3 * time.Second
	job := submit(t, client, cat("a cat that was given up"))
	<-arrived
	job.Cancel()
	<-job.Done()
	if n := held(client); n != 1 {
		t.Errorf("%d jobs are kept for their answer", n)
	}
	for end := time.Now().Add(20 * time.Second); held(client) != 0 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	if n := held(client); n != 0 {
		t.Errorf("%d jobs are kept for ever", n)
	}
}

// Credentials that end soon are asked for also by a client that has no job.
func TestCredentialsAreAskedForWithoutAJob(t *testing.T) {
	asked := make(chan string, 8)
	client := open(t, func(e Event) {
		if e.Type == EventCredentialsNeeded {
			asked <- e.Provider
		}
	})
	if err := client.SetCredentials(Tencent, "an-id", "a-key", "a-token", time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	select {
	case provider := <-asked:
		if provider != Tencent {
			t.Error(provider)
		}
	case <-within(t, 20*time.Second).Done():
		t.Error("nobody asked")
	}
}

func TestTablesOfTheLibrary(t *testing.T) {
	if len(Operations()) < 7 || len(ConfigKeys()) < 20 || len(FieldsOf(Tencent, TencentImage)) < 5 || Version() == "" {
		t.Error("a table is too short")
	}
	if FieldsOf("nobody", "nothing") != nil {
		t.Error("there are fields of an operation that does not exist")
	}
	for _, status := range Statuses() {
		if !strings.HasPrefix(status.String(), "AIGC_") || len(status.Error()) < 2 {
			t.Errorf("%d is called %q: %q", status, status.String(), status.Error())
		}
	}
	if !json.Valid([]byte(BuildInfo())) {
		t.Error(BuildInfo())
	}
}

// Under one key the same request is the same job, and any other is refused: so each number is compared with its text.
func TestNumbersAreSentAsTheyWereWritten(t *testing.T) {
	client := withJournal(t, t.TempDir())
	submit := func(field string, value any, key string) error {
		_, err := client.Submit(Request{
			Provider: Alibaba, Operation: AlibabaPreModelInference,
			Fields:  Fields{"prompt": "a <special-token> of numbers", field: value},
			Images:  []Image{{URL: "https://example.com/reference.png"}},
			Options: map[string]string{"key": key, "hold": "true", "check": "off"},
		})
		return err
	}
	for number, row := range []struct {
		field string
		value any
		json  string
	}{
		{"strength", float32(0.8), "0.8"}, {"strength", float32(0.1), "0.1"}, {"strength", float32(-16777216), "-16777216.0"},
		{"strength", float32(math.SmallestNonzeroFloat32), "1e-45"}, {"strength", float32(math.MaxFloat32), "3.4028235e+38"},
		{"strength", 0.8, "0.8"}, {"strength", 0.1 + float64(float32(0.5)), "0.6"}, {"strength", 2, "2"},
		{"seed", int8(-5), "-5"}, {"seed", uint8(200), "200"}, {"seed", int16(-300), "-300"}, {"seed", uint16(300), "300"},
		{"seed", uint32(math.MaxUint32), "4294967295"}, {"seed", 9007199254740993, "9007199254740993"},
		{"seed", int64(math.MinInt64), "-9223372036854775808"}, {"seed", uint64(math.MaxInt64), "9223372036854775807"},
	} {
		for _, value := range []any{row.value, json.RawMessage(row.json)} {
			if err := submit(row.field, value, fmt.Sprint("number-", number)); err != nil {
				t.Errorf("%T %v as %v: %v", row.value, row.value, value, err)
			}
		}
	}
	for _, value := range []any{uint64(math.MaxUint64), float32(math.Inf(1)), math.NaN(), complex64(1), json.Number("1")} {
		for _, field := range []string{"seed", "strength"} {
			if err := submit(field, value, "wrong"); !errors.Is(err, ErrInvalidArgument) {
				t.Errorf("%T %v: %v", value, value, err)
			}
		}
	}
}
