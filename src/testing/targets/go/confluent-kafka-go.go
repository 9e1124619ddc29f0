// A confluent-kafka-go consumer with its defaults: BROKER TOPIC GROUP DELAY_MS LEAK_BYTES. Of every message that many bytes are kept.
// It serves /debug/pprof, as services do.
package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"strconv"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

type invoice struct {
	offset   kafka.Offset
	document []byte
}

var invoices []invoice

func main() {
	delayMs, _ := strconv.Atoi(os.Args[4])
	leakBytes, _ := strconv.Atoi(os.Args[5])
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, nil)
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": os.Args[1], "group.id": os.Args[3], "auto.offset.reset": "earliest",
	})
	if err != nil {
		panic(err)
	}
	if err := consumer.Subscribe(os.Args[2], nil); err != nil {
		panic(err)
	}
	isReady := false
	for {
		message, err := consumer.ReadMessage(time.Second)
		if err != nil {
			continue
		}
		if leakBytes > 0 {
			invoices = append(invoices, invoice{message.TopicPartition.Offset, bytes.Repeat([]byte{1}, leakBytes)})
		}
		time.Sleep(time.Duration(delayMs) * time.Millisecond)
		if !isReady {
			fmt.Println("ready")
			isReady = true
		}
	}
}
