// The OTLP receiver of the OpenTelemetry Collector, which prints what it took as a line of JSON each. Its argument is the address to listen on.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

func main() {
	f := otlpreceiver.NewFactory()
	cfg := f.CreateDefaultConfig()
	conf := confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": os.Args[1]}}})
	if err := conf.Unmarshal(cfg); err != nil {
		panic(err)
	}
	tm := &ptrace.JSONMarshaler{}
	mm := &pmetric.JSONMarshaler{}
	tc, _ := consumer.NewTraces(func(_ context.Context, td ptrace.Traces) error {
		b, _ := tm.MarshalTraces(td)
		fmt.Println(string(b))
		return nil
	})
	mc, _ := consumer.NewMetrics(func(_ context.Context, md pmetric.Metrics) error {
		b, _ := mm.MarshalMetrics(md)
		fmt.Println(string(b))
		return nil
	})
	set := receiver.Settings{ID: component.NewID(f.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings(), BuildInfo: component.NewDefaultBuildInfo()}
	tr, err := f.CreateTraces(context.Background(), set, cfg, tc)
	if err != nil {
		panic(err)
	}
	mr, err := f.CreateMetrics(context.Background(), set, cfg, mc)
	if err != nil {
		panic(err)
	}
	h := componenttest.NewNopHost()
	if err := tr.Start(context.Background(), h); err != nil {
		panic(err)
	}
	if err := mr.Start(context.Background(), h); err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stderr, "ready")
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, os.Interrupt)
	<-c
	tr.Shutdown(context.Background())
	mr.Shutdown(context.Background())
}
