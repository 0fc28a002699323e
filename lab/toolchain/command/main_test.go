package main

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func start(t *testing.T) integration.Server {
	t.Helper()
	plugin, err := provider()
	if err != nil {
		t.Fatal(err)
	}
	server, err := integration.NewServer(t.Context(), name, semver.MustParse(version), integration.WithProvider(plugin))
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func packageSchema(t *testing.T) schema.PackageSpec {
	t.Helper()
	response, err := start(t).GetSchema(p.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(response.Schema), &spec); err != nil {
		t.Fatal(err)
	}
	return spec
}

// What @pulumi/command 1.2.1 declares in remote/*.d.ts, local/*.d.ts and types/input.d.ts; * marks what is required.
var (
	commandInputs = "addPreviousOutputInEnv create delete environment logging stdin triggers update"
	endpoint      = "agentSocketPath dialErrorLimit host* hostKey password perDialTimeout port privateKey " +
		"privateKeyPassword user"
	inputs = map[string]string{
		"command:remote:Command":      commandInputs + " connection*",
		"command:remote:CopyToRemote": "connection* remotePath* source* triggers",
		"command:local:Command":       commandInputs + " archivePaths assetPaths dir interpreter",
	}
	outputsBesides = map[string]string{
		"command:remote:Command":      "stdout* stderr*",
		"command:remote:CopyToRemote": "",
		"command:local:Command":       "stdout* stderr* archive assets",
	}
	types = map[string]string{
		"command:remote:Connection":      endpoint + " proxy",
		"command:remote:ProxyConnection": endpoint,
	}
)

func sorted(words string) []string { return slices.Sorted(slices.Values(strings.Fields(words))) }

func names[V any](properties map[string]V, required []string) []string {
	var all []string
	for name := range properties {
		if slices.Contains(required, name) {
			name += "*"
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func TestTheSchemaHasTheSDKsNames(t *testing.T) {
	spec := packageSchema(t)
	if got, want := slices.Sorted(maps.Keys(spec.Resources)), slices.Sorted(maps.Keys(inputs)); !slices.Equal(got, want) {
		t.Fatalf("resources %q, want %q", got, want)
	}
	for token, r := range spec.Resources {
		if got, want := names(r.InputProperties, r.RequiredInputs), sorted(inputs[token]); !slices.Equal(got, want) {
			t.Errorf("inputs of %s\n got %q\nwant %q", token, got, want)
		}
		want := sorted(inputs[token] + " " + outputsBesides[token])
		if got := names(r.Properties, r.Required); !slices.Equal(got, want) {
			t.Errorf("outputs of %s\n got %q\nwant %q", token, got, want)
		}
		if triggers := r.InputProperties["triggers"]; !triggers.ReplaceOnChanges {
			t.Errorf("%s: triggers do not replace", token)
		}
		if connection, has := r.InputProperties["connection"]; has && !connection.Secret {
			t.Errorf("%s: connection is not secret", token)
		}
	}
	for token, want := range types {
		declared := spec.Types[token]
		if got := names(declared.Properties, declared.Required); !slices.Equal(got, sorted(want)) {
			t.Errorf("properties of %s\n got %q\nwant %q", token, got, sorted(want))
		}
		for property, value := range map[string]any{"port": 22., "user": "root", "dialErrorLimit": 10., "perDialTimeout": 15.} {
			if got := declared.Properties[property].Default; got != value {
				t.Errorf("%s.%s defaults to %v, want %v", token, property, got, value)
			}
		}
	}
	for _, token := range []string{"command:remote:Logging", "command:local:Logging"} {
		if len(spec.Types[token].Enum) != 4 {
			t.Errorf("%s has %d words, want 4", token, len(spec.Types[token].Enum))
		}
	}
}

func urn(token string) resource.URN {
	return resource.NewURN("stack", "project", "", tokens.Type(token), "it")
}

func text(pairs ...string) property.Map {
	values := map[string]property.Value{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = property.New(pairs[i+1])
	}
	return property.NewMap(values)
}

func TestAFailedCreateLeavesNoState(t *testing.T) {
	response, err := start(t).Create(p.CreateRequest{
		Urn: urn("command:local:Command"), Properties: text("create", "exit 1"),
	})
	if err == nil || response.PartialState != nil || response.ID != "" {
		t.Errorf("id %q, partial state %v, error %v", response.ID, response.PartialState, err)
	}
}

func TestAChangedTriggerReplacesAndAChangedCommandUpdates(t *testing.T) {
	triggers := func(word string) property.Map {
		return text("create", "true").Set("triggers", property.New(property.NewArray([]property.Value{property.New(word)})))
	}
	cases := map[string]struct {
		old, new property.Map
		replaced bool
	}{
		"trigger added": {text("create", "true"), triggers("a"), true},
		"command":       {text("create", "true"), text("create", "false"), false},
	}
	for name, c := range cases {
		response, err := start(t).Diff(p.DiffRequest{
			ID: "it", Urn: urn("command:local:Command"), State: c.old, OldInputs: c.old, Inputs: c.new,
		})
		if err != nil || !response.HasChanges {
			t.Errorf("%s: no change seen: %v", name, err)
		}
		replaced := false
		for _, property := range response.DetailedDiff {
			replaced = replaced || strings.HasSuffix(string(property.Kind), "replace")
		}
		if replaced != c.replaced {
			t.Errorf("%s: replaced %v, want %v: %v", name, replaced, c.replaced, response.DetailedDiff)
		}
	}
}

func TestCtrlCEndsARunningCommand(t *testing.T) {
	server := start(t)
	marker := t.TempDir() + "/started"
	done := make(chan error, 1)
	go func() {
		_, err := server.Create(p.CreateRequest{
			Urn: urn("command:local:Command"), Properties: text("create", "touch "+marker+"; exec sleep 20"),
		})
		done <- err
	}()
	for range 500 {
		if _, err := os.Stat(marker); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := server.Cancel(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("%v", err)
	}
}
