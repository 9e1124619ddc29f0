// A franz-go consumer with its defaults: BROKER TOPIC GROUP DELAY_MS LEAK_BYTES. Of every message that many bytes are kept. It serves
// /debug/pprof, as services do.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type invoice struct {
	offset   int64
	document []byte
}

var invoices []invoice

func keepInvoice(offset int64, size int) {
	invoices = append(invoices, invoice{offset, bytes.Repeat([]byte{1}, size)})
}

func main() {
	delayMs, _ := strconv.Atoi(os.Args[4])
	leakBytes, _ := strconv.Atoi(os.Args[5])
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, nil)
	client, err := kgo.NewClient(kgo.SeedBrokers(os.Args[1]), kgo.ConsumeTopics(os.Args[2]), kgo.ConsumerGroup(os.Args[3]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		panic(err)
	}
	isReady := false
	for {
		for _, record := range client.PollRecords(context.Background(), 10).Records() {
			if leakBytes > 0 {
				keepInvoice(record.Offset, leakBytes)
			}
			time.Sleep(time.Duration(delayMs) * time.Millisecond)
			if !isReady {
				fmt.Println("ready")
				isReady = true
			}
		}
	}
}
