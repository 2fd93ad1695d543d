// generate makes images with one job and waits for them; Ctrl-C leaves at once and prints the token of the job that goes on.
//
//	go run ./example/generate [-c KEY=VALUE]... tencent "a cat in the snow" cat
//
// Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows whether it was submitted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

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
		fmt.Fprintln(os.Stderr, "usage: generate [-c KEY=VALUE]... [-image URL] PROVIDER PROMPT OUTPUT")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	request := aigc.Request{
		Provider: flag.Arg(0), Operation: aigc.TencentImage, Fields: aigc.Fields{"prompt": flag.Arg(1)},
	}
	if request.Provider == aigc.Alibaba {
		request.Operation = aigc.AlibabaPreModelInference
	}
	if *image != "" {
		request.Images = []aigc.Image{{URL: *image}}
	}
	if err := generate(ctx, config, request, flag.Arg(2)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		var e *aigc.Error
		if errors.As(err, &e) && e.Token != "" {
			fmt.Fprintln(os.Stderr, "token:", e.Token)
		}
		if errors.As(err, &e) && e.Outcome == aigc.OutcomeUnknown {
			os.Exit(3) // it may run and be billed: a script must not simply try again
		}
		os.Exit(1)
	}
}

func generate(ctx context.Context, config settings, request aigc.Request, output string) error {
	client, err := aigc.New(aigc.Options{Config: config})
	if err != nil {
		return err
	}
	defer client.Close(-1)
	job, err := client.Submit(request)
	if err != nil {
		return err
	}
	if err := job.Wait(ctx); err != nil {
		return err
	}
	for _, asset := range job.Assets() {
		path := fmt.Sprintf("%s-%s-%d.*", output, job.RemoteID(), asset.Index+1)
		download, err := job.Download(asset.Index, path)
		if err != nil {
			return err
		}
		if err := download.Wait(ctx); err != nil {
			return err
		}
		fmt.Println(download.Path())
	}
	return nil
}
