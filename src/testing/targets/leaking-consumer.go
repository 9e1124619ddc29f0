// Keeps one record of 1 KiB every millisecond, and serves its own profiles. `-pages` chooses which: "pprof", "vars", "metrics".
package main

import (
	"expvar"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"strings"
	"time"
)

var kept [][]byte

func leakRecord() {
	kept = append(kept, make([]byte, 1024))
}

func main() {
	pages := flag.String("pages", "pprof,vars,metrics", "which pages it serves")
	flag.Parse()
	runtime.MemProfileRate = 4096
	mux := http.NewServeMux()
	if strings.Contains(*pages, "pprof") {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
	}
	if strings.Contains(*pages, "vars") {
		mux.Handle("/debug/vars", expvar.Handler())
	}
	if strings.Contains(*pages, "metrics") {
		mux.HandleFunc("/metrics", func(response http.ResponseWriter, _ *http.Request) {
			response.Header().Set("Content-Type", "text/plain; version=0.0.4")
			fmt.Fprintf(response, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %d\n", len(kept)*1024)
			fmt.Fprintf(response, "# TYPE kafka_consumergroup_lag gauge\nkafka_consumergroup_lag{consumergroup=\"g\",topic=\"t\",partition=\"0\"} %d\n", len(kept))
		})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, mux)
	fmt.Println("ready", listener.Addr().(*net.TCPAddr).Port)
	for {
		leakRecord()
		time.Sleep(time.Millisecond)
	}
}
