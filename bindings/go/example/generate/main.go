// generate makes images with one job and waits for them. Ctrl-C, SIGTERM and SIGHUP leave in good order: what has not been
// sent is not sent any more, an answer on its way gets ten seconds, and the token of a job that keeps running is printed.
//
//	go run ./example/generate [-c KEY=VALUE]... tencent "a cat in the snow" cat
//
// Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows whether it was submitted,
// 130 ended by a signal.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"aigc"
)

type settings map[string]string

func (s settings) String() string { return "" }
func (s settings) Set(pair string) error {
	key, value, found := strings.Cut(pair, "=")
	if !found {
		return errors.New("KEY=VALUE is right")
	}
	s[key] = value
	return nil
}

func main() {
	config := settings{}
	flag.Var(config, "c", "a configuration key, as KEY=VALUE; may be repeated")
	image := flag.String("image", "", "URL of a reference picture (Alibaba needs one)")
	flag.Parse()
	if flag.NArg() != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate [-c KEY=VALUE]... [--image URL] PROVIDER PROMPT OUTPUT")
		os.Exit(2)
	}
	// A paid image needs a place: a file with a name of that length is tried before anything is sent, and removed again.
	probe := flag.Arg(2) + "-" + strings.Repeat("x", 64)
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "no image can be written:", err)
		os.Exit(1)
	}
	_ = os.Remove(probe)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // a reader who has gone ends no download
	request := aigc.Request{
		Provider: flag.Arg(0), Operation: aigc.TencentImage, Fields: aigc.Fields{"prompt": flag.Arg(1)},
	}
	if request.Provider == aigc.Alibaba {
		request.Operation = aigc.AlibabaPreModelInference
	}
	if *image != "" {
		request.Images = []aigc.Image{{URL: *image}}
	}
	if job, err := generate(ctx, config, request, flag.Arg(2)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		outcome := aigc.OutcomeNone
		var e *aigc.Error
		if errors.As(err, &e) {
			outcome = e.Outcome
		}
		if job != nil { // the client is closed: what the job says now is the last word
			outcome = job.Outcome()
			fmt.Fprintln(os.Stderr, known(job, config["journal.path"]))
		}
		switch {
		case outcome == aigc.OutcomeUnknown:
			os.Exit(3)
		case ctx.Err() != nil:
			os.Exit(130)
		}
		os.Exit(1)
	}
}

// known says what is known about the submission of a job.
func known(job *aigc.Job, journal string) string {
	switch {
	case job.Token() != "":
		return "accepted; fetch it with: aigc fetch " + job.Token()
	case job.RemoteID() != "":
		return "accepted; the provider's id is " + job.RemoteID()
	case job.Outcome() == aigc.OutcomeUnknown:
		text := "it may run and be paid: nobody knows whether it was submitted. Look at the provider's console before you repeat it"
		if job.RequestID() != "" {
			text += "\nthe provider's request id: " + job.RequestID()
		}
		if job.Key() != "" {
			text += "\nits key in the journal: aigc jobs show --journal " + journal + " -- " + job.Key()
		}
		return text
	}
	return "provably not submitted, or refused: nothing is paid"
}

// generate gives the job too, if there is one, whatever became of it.
func generate(ctx context.Context, config settings, request aigc.Request, output string) (*aigc.Job, error) {
	client, err := aigc.New(aigc.Options{Config: config})
	if err != nil {
		return nil, err
	}
	defer client.Close(10 * time.Second) // for the answer to a submission on the wire, which brings the id
	job, err := client.Submit(request)
	if err != nil {
		return nil, err
	}
	select { // the moment to store the token: it finds the job again from any process
	case <-job.Accepted():
		fmt.Fprintln(os.Stderr, "accepted, token:", job.Token())
	case <-job.Done():
	case <-ctx.Done():
	}
	if err := job.Wait(ctx); err != nil {
		return job, err
	}
	var unwritten error // the other images are fetched all the same
	for _, asset := range job.Assets() {
		path := fmt.Sprintf("%s-%s-%d.*", output, job.RemoteID(), asset.Index+1)
		download, err := job.Download(asset.Index, path)
		if err != nil {
			return job, err
		}
		if err := download.Wait(ctx); err != nil {
			return job, err
		}
		if _, err := fmt.Println(download.Path()); err != nil { // a full disk or a closed pipe
			fmt.Fprintln(os.Stderr, "standard output cannot be written; the image is in", download.Path())
			unwritten = err
		}
	}
	return job, unwritten
}
