// A sarama consumer with its defaults: BROKER TOPIC GROUP DELAY_MS LEAK_BYTES. Of every message that many bytes are kept. It serves
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
	"sync"
	"time"

	"github.com/IBM/sarama"
)

type invoice struct {
	offset   int64
	document []byte
}

var (
	invoices  []invoice
	lock      sync.Mutex
	isReady   sync.Once
	delayMs   int
	leakBytes int
)

type handler struct{}

func (handler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (handler) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		handle(message.Offset)
		session.MarkMessage(message, "")
	}
	return nil
}

// One message at a time, whatever its partition.
func handle(offset int64) {
	lock.Lock()
	defer lock.Unlock()
	if leakBytes > 0 {
		invoices = append(invoices, invoice{offset, bytes.Repeat([]byte{1}, leakBytes)})
	}
	time.Sleep(time.Duration(delayMs) * time.Millisecond)
	isReady.Do(func() { fmt.Println("ready") })
}

func main() {
	delayMs, _ = strconv.Atoi(os.Args[4])
	leakBytes, _ = strconv.Atoi(os.Args[5])
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, nil)
	config := sarama.NewConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	group, err := sarama.NewConsumerGroup([]string{os.Args[1]}, os.Args[3], config)
	if err != nil {
		panic(err)
	}
	for {
		if err := group.Consume(context.Background(), []string{os.Args[2]}, handler{}); err != nil {
			panic(err)
		}
	}
}
