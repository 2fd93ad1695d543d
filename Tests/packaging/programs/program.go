// See program.c.
package main

// #cgo pkg-config: aigc
// #include <aigc.h>
import "C"

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"aigc"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// events calls as the package does: it hands out no events of its own.
func events(count int) {
	var client *C.aigc_client
	if C.aigc_client_new(nil, &client, nil) != C.AIGC_OK {
		os.Exit(1)
	}
	best := time.Duration(1 << 62)
	for round := 0; round < 5; round++ {
		start := time.Now()
		for i := 0; i < count; i++ {
			var event *C.aigc_event
			C.aigc_client_next_event(client, 0, &event, nil)
			if event != nil {
				C.aigc_event_free(event)
			}
		}
		best = min(best, time.Since(start))
	}
	fmt.Printf("%.1f\n", float64(best.Nanoseconds())/float64(count))
}

func min(a, b time.Duration) time.Duration {
	if a < b {
		return a
	}
	return b
}

func main() {
	words := os.Args[1:]
	if words[0] == "events" {
		count, err := strconv.Atoi(words[1])
		check(err)
		events(count)
		return
	}
	config := map[string]string{}
	for _, line := range strings.Split(os.Getenv("AIGC_TEST_CONFIG"), "\n") {
		if key, value, found := strings.Cut(line, "="); found {
			config[key] = value
		}
	}
	client, err := aigc.New(aigc.Options{Config: config})
	check(err)
	if words[0] == "submit" {
		request := aigc.Request{Provider: words[1], Operation: aigc.TencentImage, Fields: aigc.Fields{"prompt": words[2]}}
		if request.Provider == aigc.Alibaba {
			request.Operation = aigc.AlibabaPreModelInference
			request.Images = []aigc.Image{{URL: "https://example.com/a.png"}}
		}
		job, err := client.Submit(request)
		check(err)
		select {
		case <-job.Accepted():
		case <-job.Done():
		}
		fmt.Println(job.Token(), job.RemoteID())
		return
	}
	if words[0] == "strings" {
		job, err := client.Attach(words[1], false)
		check(err)
		for i := 0; i < 3; i++ {
			check(job.Refresh(context.Background()))
			fmt.Printf("%s\t%s\t%s\n", job.ProviderState(), job.RequestID(), job.ProviderResponse())
		}
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	jobs := []*aigc.Job{}
	for _, token := range words[2:] {
		job, err := client.Attach(token, true)
		check(err)
		jobs = append(jobs, job)
	}
	for number, job := range jobs {
		check(job.Wait(ctx))
		download, err := job.Download(0, fmt.Sprintf("%s/%d.*", words[1], number))
		check(err)
		check(download.Wait(ctx))
	}
}
